"""What became of one landed row: from its place in the file to its versions, or to the version it only repeats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from transforms import decisions, model, store
from transforms.account.night import Delivery, Night
from transforms.account.own import is_own
from transforms.account.versions import RANKS
from transforms.checkpoint import Expired
from transforms.model import Batch, RowState

_MENTIONED = "MENTIONED"  # rule of a row of a kind fed by mentions that names nothing an earlier row has not named


@dataclass(frozen=True)
class Told:
    """One row and what it feeds: source, batch, line, kind, record, its state, rule and entity.

    ``repeats`` is (file, line) of the version that an unchanged repeat says again, else None.
    """

    source: str
    batch: str
    file: str
    line: int
    kind: str
    state: str
    rule: str | None = None
    field: str | None = None
    record_id: str | None = None
    entity_id: str | None = None
    repeats: tuple[str, int] | None = None


def file_of(night: Night, batch: Batch) -> str:
    """Name of the file that a batch came as, escaped."""
    if batch.id in night.past.batches:
        return night.past.batches[batch.id].file
    if is_own(batch.id):
        return "derived from what departments name"
    found = night.require(store.batch_dir(night.run.settings, "land", batch.id), "land")
    return str(found.facts.get("file"))


def versions(night: Night, record: pa.Table) -> Iterator[Told]:
    """Versions as rows of the crosswalk (``record`` of account/release) tell them."""
    for row in record.to_pylist():
        batch = Batch.parse(row["batch"])
        yield Told(
            batch.source, batch.id, file_of(night, batch), row["line"], row["kind"], row["state"],
            record_id=row["record_id"], entity_id=row["entity_id"],
        )  # fmt: skip


def landed_at(night: Night, delivery: Delivery, line: int) -> Iterator[Told]:
    """What became of the rows at a line of a batch, one for each kind that its source feeds.

    Raises:
        StaleInputError: a room's output is missing, incomplete or stale.
    """
    batch = delivery.batch
    landed = store.read_table(night.batch_path("land", batch, "rows"), ["ordinal", "line"])
    for ordinal in landed.filter(pc.equal(landed["line"], line))["ordinal"].to_pylist():
        for kind in night.contracts[batch.source].feeds:
            where = (batch.source, batch.id, file_of(night, batch), line, kind)
            if not delivery.passed:
                yield Told(*where, *_aside(delivery))
                continue
            verdict = night.of_batch("check", batch, "verdict")
            [told] = verdict.filter(pc.equal(verdict["ordinal"], ordinal)).to_pylist()
            if told["accepted"]:
                yield _accepted(night, delivery, ordinal, where)
            elif told["rule"] == model.ERASED_RULE:
                yield Told(*where, RowState.ERASED.value)
            else:
                yield Told(*where, RowState.QUARANTINED.value, told["rule"], told["field"])


def past_at(night: Night, gone: Expired, line: int) -> Iterator[Told]:
    """What became of the versions that a row of a delivery that went had brought; of another row nothing is known."""
    batch = Batch.parse(gone.batch)
    told = [night.versions.of(batch.id, kind) for kind in night.contracts[batch.source].feeds]
    found = [row for one in told for row in one.filter(pc.equal(one["line"], line)).to_pylist()]
    for row in found:
        entity = _entity(night, row["kind"], row) if row["state"] == RowState.MERGED else None
        where = (batch.source, batch.id, gone.file, line, row["kind"])
        yield Told(*where, row["state"], record_id=row["record_id"], entity_id=entity)
    if not found:
        for kind in night.contracts[batch.source].feeds:
            yield Told(batch.source, batch.id, gone.file, line, kind, RowState.EXPIRED.value)


def _aside(delivery: Delivery) -> tuple[str, str | None]:
    """State and rule of the rows of a delivery that waits, or that its department took back."""
    if delivery.fate == "recalled":
        return RowState.WITHDRAWN.value, decisions.RECALLED.upper()
    return RowState.HELD.value, delivery.hold


def _accepted(night: Night, delivery: Delivery, ordinal: int, where: tuple[str, str, str, int, str]) -> Told:
    kind = where[-1]
    standard = store.read_table(night.batch_path("standardise", delivery.batch, kind), model.STANDARD.names)
    mine = standard.filter(pc.equal(standard["ordinal"], ordinal)).sort_by("record_id").to_pylist()
    if not mine:
        state = RowState.HELD if delivery.fate == "held" else RowState.DUPLICATE
        return Told(*where, state.value, _MENTIONED)
    known = night.versions.saying(kind, pa.array([row["record_id"] for row in mine], pa.string()))
    own = [v for v in known.to_pylist() if (v["batch"], v["ordinal"]) == (delivery.batch.id, ordinal)]
    if own:
        best = min(own, key=lambda v: (RANKS.index(RowState(v["state"])), v["record_id"]))
        return Told(*where, best["state"], record_id=best["record_id"], entity_id=_entity(night, kind, best))
    repeated = _repeated(delivery, mine[0], known)
    first = Batch.parse(repeated["batch"])
    return Told(
        *where, RowState.DUPLICATE.value, record_id=mine[0]["record_id"], entity_id=_entity(night, kind, mine[0]),
        repeats=(file_of(night, first), repeated["line"]),
    )  # fmt: skip


def _repeated(delivery: Delivery, row: dict[str, str], known: pa.Table) -> dict[str, Any]:
    """The latest version, not after the row's delivery, that says of its record what the row says."""
    same = [
        version
        for version in known.to_pylist()
        if (version["record_id"], version["content_hash"]) == (row["record_id"], row["content_hash"])
        and Batch.parse(version["batch"]) <= delivery.batch
    ]
    found: dict[str, Any] = max(same, key=lambda v: (Batch.parse(v["batch"]), -v["ordinal"]))
    return found


def _entity(night: Night, kind: str, row: dict[str, str]) -> str | None:
    standing = night.of_night("resolve", kind, "cluster")
    if standing is None:
        return None
    found = standing.filter(pc.equal(standing["record_id"], row["record_id"]))["entity_id"].to_pylist()
    return min(found) if found else None
