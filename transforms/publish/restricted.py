"""Entities whose fields are shown to nobody: at once when a person says so, and again with every release.

A restriction is of records (:mod:`transforms.subjects`); which entities these stand in changes with releases. The table
``restricted`` is what views and readers ask; the feed tells with the next release who came and who went.
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk, database, subjects
from transforms.database import Databases
from transforms.publish import lock

_MANY = 500  # record ids in one question
_ENTITIES = sa.text(
    "SELECT DISTINCT one.entity_id FROM record AS one "
    "INNER JOIN fact_person AS fact ON fact.person_id = one.entity_id AND fact.known_to IS NULL "
    "WHERE one.kind = 'person' AND one.record_id IN :records"
).bindparams(sa.bindparam("records", expanding=True))
_RECORDS = sa.text("SELECT DISTINCT record_id FROM record WHERE kind = 'person' AND record_id IN :records").bindparams(
    sa.bindparam("records", expanding=True)
)


def obey(dbs: Databases) -> int:
    """Bring the release database up to the restrictions that stand, between releases.

    Returns:
        How many entities are restricted now.

    Raises:
        DatabaseError: the database refused.
        GridfactsError: ``PUBLISH_BUSY``: a publish held the lock too long.
    """
    records = subjects.hidden(dbs)
    with lock.publish_lock(dbs), database.writing(dbs.release) as connection:
        lock.within(connection)
        return renew(connection, records)


def renew(connection: Connection, records: Collection[str]) -> int:
    """Restrict the entities in which these records stand and no others; how many that is.

    The feed has not told it then: an entity is ``new``, or ``lifted`` where it was told and stands no longer.
    """
    before = _states(connection)
    if not records and not before:
        return 0
    wanted = _found(connection, _ENTITIES, records)
    now = {entity: "told" if before.get(entity) in ("told", "lifted") else "new" for entity in wanted}
    now |= {entity: "lifted" for entity, state in before.items() if entity not in wanted and state != "new"}
    if now != before:
        _write(connection, now)
    return len(wanted)


def tell(connection: Connection, records: Collection[str]) -> pa.Table:
    """Renew, and take note that the feed tells it; the events (columns of ``change`` without number and release).

    ``restrict``: its fields are shown no more. ``update`` of ``restricted``: they are shown again.
    """
    renew(connection, records)
    found = _states(connection)
    there = set(_present(connection, sorted(entity for entity, state in found.items() if state == "lifted")))
    events: dict[str, tuple[str, str | None]] = {
        entity: ("restrict", None) for entity, state in found.items() if state == "new"
    }
    events |= dict.fromkeys(there, ("update", "restricted"))
    if events or "lifted" in found.values():
        _write(connection, {entity: "told" for entity, state in found.items() if state != "lifted"})
    rows = [
        {"kind": subjects.KIND, "entity_id": entity, "event": event, "fields": fields, "other_id": None}
        for entity, (event, fields) in sorted(events.items())
    ]
    names = ("kind", "entity_id", "event", "fields", "other_id")
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in names]))


def _states(connection: Connection) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in connection.exec_driver_sql("SELECT entity_id, state FROM restricted")}


def standing(connection: Connection, records: Collection[str]) -> set[str]:
    """Those of the records that have a version in the release."""
    return _found(connection, _RECORDS, records)


def _found(connection: Connection, asked: sa.TextClause, records: Collection[str]) -> set[str]:
    every, found = sorted(records), set[str]()
    for start in range(0, len(every), _MANY):
        found.update(connection.scalars(asked, {"records": every[start : start + _MANY]}))
    return found


def _present(connection: Connection, entities: list[str]) -> list[str]:
    text = sa.text("SELECT person_id FROM fact_person WHERE known_to IS NULL AND person_id IN :ids")
    asked = text.bindparams(sa.bindparam("ids", expanding=True))
    return list(connection.scalars(asked, {"ids": entities})) if entities else []


def _write(connection: Connection, rows: dict[str, str]) -> None:
    connection.exec_driver_sql("DELETE FROM restricted")
    told = [{"entity_id": entity, "state": state} for entity, state in sorted(rows.items())]
    bulk.insert(connection, "restricted", pa.Table.from_pylist(told, bulk.schema_of("restricted")))
