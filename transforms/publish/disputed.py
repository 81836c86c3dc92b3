"""Values that are under review (核查中): at once when a person disputes one, and again with every release.

A dispute is of what a record says (:mod:`transforms.disputed`); in which entity that record stands changes with
releases, and the next delivery of its department is the answer. The table ``disputed`` is what readers ask through
``v1_disputed``; the feed tells with the next release which entities came under review and which are answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk, database, disputed
from transforms.database import Databases
from transforms.disputed import Doubt
from transforms.publish import lock
from transforms.run import Settings

FIELD = "disputed"  # what an event says was updated
_NAMES = ("kind", "entity_id", "event", "fields", "other_id")
_LIVING = sa.text("SELECT entity_id FROM identity WHERE state = 'live' AND entity_id IN :ids").bindparams(
    sa.bindparam("ids", expanding=True)
)
Value = tuple[str, str]  # entity, property
Row = dict[str, object]


def obey(settings: Settings, dbs: Databases) -> int:
    """Bring the release database up to the disputes that stand, between releases.

    Returns:
        How many values are under review now.

    Raises:
        DatabaseError: the database refused.
        GridfactsError: ``PUBLISH_BUSY``: a publish held the lock too long.
    """
    doubts = disputed.doubts(settings, dbs)
    with lock.publish_lock(dbs), database.writing(dbs.release) as connection:
        lock.within(connection)
        return renew(connection, doubts)


def renew(connection: Connection, doubts: Sequence[Doubt]) -> int:
    """Put the values under review whose disputes are open, and no others; how many those are.

    The feed has not told it then: a value is ``new``, or ``answered`` where it was told and is under review no longer.
    """
    before = _rows(connection)
    if not doubts and not before:
        return 0
    wanted = _wanted(connection, doubts)
    now = {
        value: row | {"state": "told" if value in before and before[value]["state"] != "new" else "new"}
        for value, row in wanted.items()
    }
    living = _living(connection, (entity for entity, _ in before))
    for value, row in before.items():
        if value not in wanted and row["state"] != "new" and value[0] in living:
            now[value] = row | {"state": "answered"}
    if now != before:
        _write(connection, now)
    return len(wanted)


def tell(connection: Connection, doubts: Sequence[Doubt]) -> pa.Table:
    """Renew, and take note that the feed tells it; the events (columns of ``change`` without number and release).

    An ``update`` of ``disputed`` for every entity of which a value came under review or was answered.
    """
    renew(connection, doubts)
    found = _rows(connection)
    changed = {entity: row["kind"] for (entity, _), row in found.items() if row["state"] != "told"}
    if changed:
        _write(connection, {v: row | {"state": "told"} for v, row in found.items() if row["state"] != "answered"})
    rows = [
        {"kind": kind, "entity_id": entity, "event": "update", "fields": FIELD, "other_id": None}
        for entity, kind in sorted(changed.items())
    ]
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in _NAMES]))


def _wanted(connection: Connection, doubts: Sequence[Doubt]) -> dict[Value, Row]:
    """What is under review; of several disputes about one value the earliest."""
    found: dict[Value, Row] = {}
    for doubt, outcome in zip(doubts, disputed.outcomes(connection, [one.row for one in doubts]), strict=True):
        told = doubt.row
        if outcome.state == "open":
            row: Row = {
                "entity_id": outcome.entity_id, "property": told["field"], "kind": told["kind"],
                "source": told["source"], "department": doubt.department, "since": str(told["decided_at"])[:10],
                "due": told["due"],
            }  # fmt: skip
            found.setdefault((outcome.entity_id, told["field"]), row)
    living = _living(connection, (entity for entity, _ in found))
    return {value: row for value, row in found.items() if value[0] in living}


def _living(connection: Connection, entities: Iterable[str]) -> set[str]:
    """Those of some entities that live."""
    asked = sorted(set(entities))
    return set(connection.scalars(_LIVING, {"ids": asked})) if asked else set()


def _rows(connection: Connection) -> dict[Value, Row]:
    rows = bulk.select(connection, "disputed").to_pylist()
    return {(row["entity_id"], row["property"]): row for row in rows}


def _write(connection: Connection, rows: dict[Value, Row]) -> None:
    connection.exec_driver_sql("DELETE FROM disputed")
    told = [rows[value] for value in sorted(rows)]
    bulk.insert(connection, "disputed", pa.Table.from_pylist(told, bulk.schema_of("disputed")))
