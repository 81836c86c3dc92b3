"""The ledger of a night: what waits for whom, what came, and how far each source is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from transforms import decisions, model
from transforms.account.night import Delivery, Night
from transforms.account.pages import Pages

_TEXT, _LONG = pa.string(), pa.int64()

QUARANTINE = pa.schema(
    [("source", _TEXT), ("batch", _TEXT), ("ordinal", _LONG), ("line", _LONG), ("field", _TEXT), ("rule", _TEXT),
     ("department", _TEXT), ("since", _TEXT), ("state", _TEXT)]
)  # fmt: skip
DELIVERY = pa.schema(
    [("night", _TEXT), ("source", _TEXT), ("file", _TEXT), ("sha256", _TEXT), ("bytes", _LONG), ("as_of", _TEXT),
     ("correction", _LONG), ("batch", _TEXT), ("state", _TEXT), ("code", _TEXT), ("message", _TEXT), ("rows", _LONG)]
)  # fmt: skip
SOURCE_STATE = pa.schema([("source", _TEXT), ("as_of", _TEXT), ("batch", _TEXT), ("state", _TEXT), ("rows", _LONG)])

_RIVALLED = "SAME_PERIOD"  # the code of a file that waits because of another
# A source is stale when its newest counting delivery is older than its cadence and one more working day or weekend.
_DAYS = {"daily": 3, "weekly": 9, "monthly": 34, "yearly": 369}


@dataclass(frozen=True)
class Ledger:
    """Tables of the schemas above, each in a total order."""

    quarantine: pa.Table
    delivery: pa.Table
    source_state: pa.Table


def ledger(pages: Pages) -> Ledger:
    """Draw up the ledger of a night.

    Raises:
        StaleInputError: a room's output is missing, incomplete or stale.
    """
    night = pages.night
    return Ledger(
        quarantine=_quarantine(pages),
        delivery=_deliveries(night),
        source_state=_source_states(night),
    )


def _ordered(table: pa.Table, *keys: str) -> pa.Table:
    return table.sort_by([(key, "ascending") for key in keys]).combine_chunks()


def _quarantine(pages: Pages) -> pa.Table:
    """Rows that were not accepted: ``open`` while their delivery is current, waits, or is a delta that counts."""
    found = [QUARANTINE.empty_table()]
    for source, deliveries in pages.night.deliveries.items():
        contract = pages.night.contracts[source]
        for one in deliveries:
            waits = one.last or one.fate == "held" or (one.fate == "counts" and contract.arrives.mode == "delta")
            every = {
                "source": source, "batch": one.batch.id, "department": contract.owner.department,
                "since": one.first_night, "state": "open" if waits else "closed",
            }  # fmt: skip
            rows = pages.of(one).quarantined
            for name, value in every.items():
                rows = rows.append_column(name, pa.repeat(pa.scalar(value, _TEXT), rows.num_rows))
            found.append(rows.select(QUARANTINE.names).cast(QUARANTINE))
    return _ordered(pa.concat_tables(found), "source", "batch", "ordinal")


def mentions(night: Night, kind: str) -> str | None:
    """The key property whose nodes are the records of a kind that rows only mention, else None (docs/rooms.md)."""
    found = [name for name, p in night.kinds[kind].properties.items() if p.key and p.type == "address"]
    return found[0] if found else None


def _deliveries(night: Night) -> pa.Table:
    """Tonight's files with what became of each, and those of other nights that a person or a brake decided on."""
    known = [one for found in night.deliveries.values() for one in found]
    wanted = {(night.run.night, source) for source in night.contracts}
    decided = {*night.recalls, *night.braked}
    wanted |= {(one.first_night, one.batch.source) for one in known if one.batch.id in decided}
    holds = {one.batch.id: hold for one in known if (hold := _why_held(night, one))}
    rows = []
    for when, source in sorted(wanted):
        path = night.run.settings.lake / "night" / when / "land" / source / "deliveries.json"
        if not path.is_file():
            continue
        for told in json.loads(path.read_text("utf-8")):
            batch, state, code = told.get("batch"), told["state"], told.get("code")
            if when != night.run.night and batch not in decided:
                continue
            if night.recalls.get(batch, False):
                state, code = decisions.RECALLED, decisions.RECALLED.upper()
            elif batch in holds and state == model.DeliveryState.LANDED:
                state, code = model.DeliveryState.HELD.value, holds[batch]
            rows.append(told | {"night": when, "source": source, "state": state, "code": code})
    rows = [{name: row.get(name) for name in DELIVERY.names} for row in rows]
    return _ordered(pa.Table.from_pylist(rows, DELIVERY), "source", "file", "sha256", "night", "state")


def _why_held(night: Night, one: Delivery) -> str | None:
    """Land, check or a brake holds it, or another file of its period came and nobody said which is right."""
    return one.hold or night.braked.get(one.batch.id) or (_RIVALLED if one.fate == "held" else None)


def _source_states(night: Night) -> pa.Table:
    rows = [
        _source_state(night, source, [one for one in deliveries if one.fate != "recalled"])
        for source, deliveries in sorted(night.deliveries.items())
    ]
    return pa.Table.from_pylist(rows, SOURCE_STATE)


def _source_state(night: Night, source: str, deliveries: list[Delivery]) -> dict[str, str | int | None]:
    """One source: ``never`` (delivered), ``held`` (its newest file waits), ``stale`` or ``fresh``."""
    counting = [one for one in deliveries if one.last]
    told = counting[-1] if counting else None
    if not deliveries:
        state = "never"
    elif deliveries[-1].fate == "held" or told is None:
        state = "held"
    else:
        age = date.fromisoformat(night.run.night) - date.fromisoformat(told.batch.as_of)
        state = "stale" if age.days > _DAYS[night.contracts[source].arrives.cadence] else "fresh"
    return {
        "source": source,
        "as_of": told.batch.as_of if told else None,
        "batch": told.batch.id if told else None,
        "state": state,
        "rows": told.rows if told else None,
    }
