"""Brings control up to the release database, whose number is the truth (design.md section 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk, database, tables
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.publish import bundle as bundles
from transforms.publish import homes, indexes, lock
from transforms.publish.bundle import Bundle
from transforms.publish.homes import Before
from transforms.publish.loading import InTransaction
from transforms.run import Settings


@dataclass(frozen=True)
class Written:
    """What this publish made a release of: it need not be read and found whole again.

    Attributes:
        homes: waits for the file in which its homes are filled and indexed already, and tells where it is, or None.
    """

    found: Bundle
    homes: Callable[[], Path | None]


@dataclass(frozen=True)
class _Release:
    """A release that control lacks, with the one before it."""

    found: Bundle
    number: int
    before: Before | None
    homes: Callable[[], Path | None]


# What account hands over for control; the other tables there are written by people and rooms of their own.
RECEIPTS = ("delivery", "outcome", "quarantine")


def reconcile(settings: Settings, dbs: Databases, written: Written | None = None) -> int:
    """Take every release that control lacks in from the lake, one transaction each.

    Args:
        settings: where the lake is.
        dbs: both databases.
        written: what this publish made a release of.

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
        one = _release(settings, Before(*row), before, written)
        if one.found.checksum != row.checksum:
            raise GridfactsError(
                "CONTROL_LOST",
                f"control: stored release {taken}; required {row.release}, but the lake holds another outcome of night "
                f"{row.night}; remedy: run that night again from the state before it, or restore control",
            )
        with database.writing(dbs.control) as connection:
            _take(connection, settings, one)
        before = Before(*row)
    return len(released) - taken


def _release(settings: Settings, row: Before, before: Before | None, written: Written | None) -> _Release:
    if written is not None and written.found.base + 1 == row.release:
        return _Release(written.found, row.release, before, written.homes)
    return _Release(bundles.read(settings, row.night, released=row.release), row.release, before, lambda: None)


def refresh(dbs: Databases, found: Bundle) -> None:
    """Take in the books of a night that is published as it is: its rows stand, but what became of others may differ.

    A recalled delivery whose rows only repeated others changes the ledger and no published row.
    """
    with database.writing(dbs.control) as connection:
        lock.within(connection)
        _receipts(connection, found)


def _take(connection: Connection, settings: Settings, one: _Release) -> None:
    lock.within(connection)
    if connection.scalar(sa.text("SELECT count(*) FROM reconciled WHERE release = :number"), {"number": one.number}):
        return
    _receipts(connection, one.found)
    _homes(connection, settings, one)
    row = pa.Table.from_pylist([{"release": one.number, "checksum": one.found.checksum}], bulk.schema_of("reconciled"))
    bulk.insert(connection, "reconciled", row)


def _homes(connection: Connection, settings: Settings, one: _Release) -> None:
    key = tables.load_all()[homes.NAME].key
    first = connection.exec_driver_sql("SELECT 1 FROM home LIMIT 1").one_or_none() is None
    if first and (path := one.homes()) is not None:
        connection.exec_driver_sql("ATTACH DATABASE ? AS ahead", (str(path),))
        connection.exec_driver_sql(f"INSERT INTO {homes.NAME} SELECT * FROM ahead.{homes.NAME}")  # noqa: S608 - page by page
        return
    dropped = indexes.drop(connection, [homes.NAME]) if first else []
    for rows in homes.news(settings, one.found, one.before):
        if first:
            bulk.insert(connection, homes.NAME, homes.stamped(rows, one.number))
        else:
            bulk.upsert(connection, homes.NAME, key, homes.stamped(rows, one.number), homes.STAMP)
    indexes.make(InTransaction(connection), dropped)


def _receipts(connection: Connection, found: Bundle) -> None:
    for name in RECEIPTS:
        if (rows := found.receipt(name)) is not None:
            bulk.upsert(connection, name, tables.load_all()[name].key, rows)
    if "quarantine.parquet" in found.rows:  # a rollback has none: what waits goes on waiting
        _close(connection, found)


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
