"""Brings control up to the release database, whose number is the truth (design.md section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk, database, tables
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.publish import bundle as bundles
from transforms.publish import homes, lock
from transforms.publish.ahead import Ahead
from transforms.publish.bundle import Bundle
from transforms.publish.homes import Before
from transforms.run import Settings

# What account hands over for control; the other tables there are written by people and rooms of their own.
RECEIPTS = ("delivery", "outcome", "quarantine")


def reconcile(settings: Settings, dbs: Databases, own: Ahead | None = None) -> int:
    """Take every release that control lacks in from the lake, one transaction each.

    Args:
        settings: where the lake is.
        dbs: both databases.
        own: what this publish made a release of.

    Returns:
        How many it lacked.

    Raises:
        GridfactsError: ``CONTROL_AHEAD``, or ``CONTROL_LOST``: what the lake holds of a night is not what was released.
        StaleInputError: the lake no longer holds a night that control lacks.
    """
    with database.reading(dbs.release) as connection:
        released = connection.execute(sa.text("SELECT release, night, checksum FROM release ORDER BY release")).all()
    with database.reading(dbs.control) as connection:
        taken = int(connection.scalar(sa.text("SELECT max(release) FROM reconciled")) or 0)
    if taken > len(released):
        raise GridfactsError(
            "CONTROL_AHEAD", f"control: stored release {taken}; required at most {len(released)}; remedy: restore both"
        )
    before = Before(*released[taken - 1]) if taken else None
    for row in released[taken:]:
        mine = own if own is not None and own.found.base + 1 == row.release else None
        found = mine.found if mine else bundles.released(settings, row.night, row.release)
        if found.checksum != row.checksum:
            raise GridfactsError(
                "CONTROL_LOST",
                f"control: stored release {taken}; required {row.release}, but the lake holds another outcome of night "
                f"{row.night}; remedy: run that night again from the state before it, or restore control",
            )
        if mine is not None and mine.taking is not None:
            with mine.taking() as connection:
                _take(connection, found, row.release)
        else:
            with database.writing(dbs.control) as connection:
                if _take(connection, found, row.release):
                    news = mine.news() if mine is not None and mine.news else homes.news(settings, found, before)
                    _homes(connection, news, row.release)
        before = Before(*row)
    return len(released) - taken


def refresh(dbs: Databases, found: Bundle) -> None:
    """Take in the books of a night that is published as it is: its rows stand, but what became of others may differ.

    A recalled delivery whose rows only repeated others changes the ledger and no published row.
    """
    with database.writing(dbs.control) as connection:
        lock.within(connection)
        _receipts(connection, found)


def _take(connection: Connection, found: Bundle, number: int) -> bool:
    """Everything but homes; False where another publish has taken the release in meanwhile."""
    lock.within(connection)
    if connection.scalar(sa.text("SELECT count(*) FROM reconciled WHERE release = :number"), {"number": number}):
        return False
    _receipts(connection, found)
    row = pa.Table.from_pylist([{"release": number, "checksum": found.checksum}], bulk.schema_of("reconciled"))
    bulk.insert(connection, "reconciled", row)
    return True


def _homes(connection: Connection, news: Iterable[pa.Table], number: int) -> None:
    key = tables.load_all()[homes.NAME].key
    for rows in news:
        bulk.upsert(connection, homes.NAME, key, homes.stamped(rows, number), homes.STAMP)


def _receipts(connection: Connection, found: Bundle) -> None:
    for name in RECEIPTS:
        if (rows := found.receipt(name)) is not None:
            key = tables.load_all()[name].key
            bulk.upsert(connection, name, key, _keyed(rows, key))
    if "quarantine.parquet" in found.rows:  # a rollback has none: what waits goes on waiting
        _close(connection, found)


def _keyed(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """The rows, empty texts where their key has none: of a folder, a link or a giant there is no sha256."""
    for name in key:
        if rows[name].null_count:
            rows = rows.set_column(rows.schema.get_field_index(name), name, rows[name].fill_null(""))
    return rows


def _close(connection: Connection, found: Bundle) -> None:
    """Close what waited and does no more: a rule was mended, a person attested the row, its delivery was recalled."""
    key = list(tables.load_all()["quarantine"].key)
    waiting = bulk.select(connection, "quarantine", where={"state": "open"})
    told = found.receipt("quarantine")
    if told is not None:
        waiting = waiting.join(told.select(key), key, join_type="left anti")
    if waiting.num_rows:
        state = waiting.schema.get_field_index("state")
        closed = waiting.set_column(state, "state", pa.array(["closed"] * waiting.num_rows))
        bulk.upsert(connection, "quarantine", key, closed.select(bulk.schema_of("quarantine").names))
