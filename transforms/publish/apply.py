"""Writes one release within one transaction: delta, receipts, numbers, checks, checksum."""

from __future__ import annotations

import json
from collections.abc import Callable

import pyarrow as pa
from sqlalchemy.engine import Connection

from transforms import bulk, checksum, tables
from transforms.errors import GridfactsError, StaleInputError
from transforms.publish import checks, lock, state
from transforms.publish.bundle import Bundle
from transforms.publish.state import State


def apply(connection: Connection, bundle: Bundle, intend: Callable[[State], None]) -> dict[str, int]:
    """Make a release of a bundle; the caller commits.

    Args:
        connection: the writing transaction.
        bundle: what account left.
        intend: told, as the last thing before the commit, what the database will be.

    Returns:
        ``<table>.<check>`` → rows, of the #warn checks that found some.

    Raises:
        StaleInputError: the bundle was computed against another release.
        CheckError: a #fail check found rows.
        GridfactsError: ``DELTA``, ``NOT_A_NUMBER``, ``COUNTS``, ``CHECKSUM``: this is not what account said.
    """
    lock.within(connection)
    require_base(bundle, state.last(connection).release)
    number = bundle.base + 1
    told = json.dumps(bundle.counts, sort_keys=True)
    row = {"release": number, "night": bundle.night, "checksum": bundle.checksum, "counts": told}
    bulk.insert(connection, "release", pa.Table.from_pylist([row], bulk.schema_of("release")))
    for table in tables.of("release").values():
        if table.checksum:
            _apply_delta(connection, bundle, table, number)
    _add_changes(connection, bundle, number)
    if (sources := bundle.receipt("source_state", "release")) is not None:
        bulk.insert(connection, "source_state", _numbered(sources, "release", [number] * sources.num_rows))
    warnings = checks.require(connection)
    found = state.measured(connection)
    _require_told(connection, bundle, found)
    intend(found)
    return warnings


def require_base(bundle: Bundle, current: int) -> None:
    """A delta fits only the release it was computed against.

    Raises:
        StaleInputError: the current release is another one.
    """
    if bundle.base != current:
        raise StaleInputError(
            f"account/release of night {bundle.night}",
            f"made against release {bundle.base}",
            f"made against release {current}",
            "close the night again (gridfacts room account), then publish",
        )


def _apply_delta(connection: Connection, bundle: Bundle, table: tables.Table, number: int) -> None:
    if (closed := bundle.closed(table.table)) is not None:
        ended = (
            bulk.end(connection, table.table, closed, number)
            if table.history
            else bulk.remove(connection, table.table, closed)
        )
        if ended != closed.num_rows:
            raise GridfactsError("DELTA", f"table {table.table}: {closed.num_rows} rows should end, {ended} were there")
    if (opened := bundle.opened(table.table)) is not None:
        if table.history:
            opened = opened.append_column("known_from", pa.array([number] * opened.num_rows, pa.int64()))
        bulk.insert(connection, table.table, opened)


def _add_changes(connection: Connection, bundle: Bundle, number: int) -> None:
    """Number tonight's events: gapless, because only the holder of the publish lock numbers (faults.md finding 11)."""
    events = bundle.receipt("change", "seq", "release")
    if events is None:
        return
    first = int(connection.exec_driver_sql("SELECT COALESCE(MAX(seq), 0) FROM change").scalar_one()) + 1
    events = _numbered(events, "seq", list(range(first, first + events.num_rows)))
    bulk.insert(connection, "change", _numbered(events, "release", [number] * events.num_rows))


def _numbered(rows: pa.Table, name: str, values: list[int]) -> pa.Table:
    return rows.append_column(name, pa.array(values, pa.int64()))


def _require_told(connection: Connection, bundle: Bundle, found: State) -> None:
    wrong = [name for name, rows in sorted(bundle.counts.items()) if found.counts.get(name) != rows]
    if wrong:
        raise GridfactsError("COUNTS", f"rows written differ from account's counts in {', '.join(wrong)}")
    if checksum.release_checksum(connection) != bundle.checksum:
        raise GridfactsError("CHECKSUM", "the database as written does not have the checksum that account computed")
