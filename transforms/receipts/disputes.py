"""Disputes: a reader or grid worker doubts a published value; the department whose value won is asked, with a clock.

Its next delivery is the answer: the record says something else (``changed``), the same again (``confirmed``), or is not
there any more (``withdrawn``). Until then the dispute is ``open``. Nothing here shows a value.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from transforms import contract as contracts
from transforms import database, decisions, disputed, kinds, tables
from transforms.contract import Contract
from transforms.database import Databases
from transforms.disputed import Answer, Outcome
from transforms.errors import GridfactsError
from transforms.run import Settings


@dataclass(frozen=True)
class Dispute:
    """One dispute that stands.

    Attributes:
        heading: what the department calls the property; null where its contract loads it no longer.
        department: who is asked.
        due: the day by which it promised to answer.
        line: physical place, in the file of the batch ``version``, of the row that said it.
        state: what its next delivery answered.
    """

    number: int
    kind: str
    entity_id: str
    field: str
    source: str
    heading: str | None
    department: str
    record_id: str
    version: str
    line: int
    due: str
    raised_by: str
    reason: str
    state: Answer


def dispute(
    settings: Settings, stores: Databases, entity: str, field: str, by: str, reason: str, today: dt.date
) -> int:
    """Doubt a value of an entity as it is published now.

    Args:
        settings: whose contracts say who answers.
        stores: the databases.
        entity: its id.
        field: the property (``gridfacts explain`` names those that a record said).
        by: who doubts.
        reason: why.
        today: when the clock starts.

    Returns:
        The number of the dispute.

    Raises:
        GridfactsError: ``NOT_FOUND``: no such entity, or no department said this value. ``NOBODY``, ``DECIDED``: as
            :func:`transforms.decisions.decide`.
    """
    kind, record = _said_by(settings, stores, entity, field)
    where = {"kind": kind, "record_id": record, "state": "merged"}
    versions = database.read(stores.release, "record", ["source", "batch", "line"], where).to_pylist()
    if not versions:
        raise GridfactsError("NOT_FOUND", "the record that said this value is not live")
    [version] = versions
    contract = contracts.load_all(settings.expectations)[version["source"]]
    due = today + dt.timedelta(days=contract.owner.answers_within_days)
    what = {
        "kind": kind, "entity_id": entity, "field": field, "source": contract.source, "record_id": record,
        "version": version["batch"], "line": version["line"],
        "batch": _current(stores)[contract.source], "due": due.isoformat(),
    }  # fmt: skip
    return decisions.decide(stores, "dispute", what, by, reason)


def _said_by(settings: Settings, stores: Databases, entity: str, field: str) -> tuple[str, str]:
    """Kind of the entity, and the record whose value of the property is published."""
    known = database.read(stores.release, "identity", ["kind"], {"entity_id": entity}).to_pylist()
    if not known:
        raise GridfactsError("NOT_FOUND", "no entity has this id")
    kind = str(known[0]["kind"])
    table = kinds.load_all(settings.expectations)[kind].table
    [key] = tables.load_all()[table].key
    rows = database.read(stores.release, table, ["provenance"], {key: entity, "known_to": None}).to_pylist()
    said: dict[str, str] = json.loads(rows[0]["provenance"] or "{}") if rows else {}
    if field not in said:
        raise GridfactsError("NOT_FOUND", f"no department said that; of this entity: {', '.join(sorted(said))}")
    return kind, said[field]


def _current(stores: Databases) -> dict[str, str]:
    """Source → its current batch at the current release."""
    number = database.current_release(stores)
    rows = database.read(stores.release, "source_state", ["source", "batch"], {"release": number}).to_pylist()
    return {row["source"]: row["batch"] for row in rows if row["batch"]}


def disputes(settings: Settings, source: str | None = None) -> list[Dispute]:
    """Every dispute that stands, of one source or of all, in the order they were raised, with what became of it.

    Raises:
        DatabaseError: a database cannot be read.
    """
    stores, known = database.open_databases(settings), contracts.load_all(settings.expectations)
    told = decisions.decisions(stores, "dispute", None if source is None else {"source": source})
    told = [row for row in told if row["source"] in known]
    if not told:
        return []
    with database.reading(stores.release) as connection:
        found = disputed.outcomes(connection, told)
    return [_dispute(known[row["source"]], row, one) for row, one in zip(told, found, strict=True)]


def _dispute(contract: Contract, row: dict[str, Any], outcome: Outcome) -> Dispute:
    column = contract.columns_of(row["kind"]).get(row["field"])
    return Dispute(
        row["dispute_id"], row["kind"], row["entity_id"], row["field"], row["source"],
        column.heading if column else None, contract.owner.department, row["record_id"], row["version"], row["line"],
        row["due"], row["decided_by"], row["reason"], outcome.state,
    )  # fmt: skip
