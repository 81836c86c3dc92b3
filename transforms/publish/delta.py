"""The rows that end and begin, table by table: written as account told, and what that makes of checksum and counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from sqlalchemy.engine import Connection

from transforms import bulk, checksum
from transforms.errors import GridfactsError
from transforms.publish import indexes, rewritten
from transforms.publish.bundle import Bundle
from transforms.publish.loading import Loader
from transforms.publish.rewritten import Places
from transforms.tables import Table


def ended_keys(table: str) -> str:
    """The temporary table that holds a table's rows that ended tonight, as far as checks need them."""
    return f"ended_{table}"


def begun_keys(table: str) -> str:
    """The temporary table that holds a table's rows that began tonight, as far as checks need them."""
    return f"begun_{table}"


@dataclass
class Delta:
    """What was written so far.

    Attributes:
        number: the release.
        whole: everything is new, or so much that what holds of all rows is asked of all rows.
        ended, begun: tables of which rows ended, or began.
        checksum: that of the release before without the rows that ended.
        counts: table → its current rows, as far as they changed.
        frozen: its rows go into tables that this transaction emptied (``afresh.py``).
        dropped: table → statements that make the indexes again which it goes without while its first rows are loaded.
        gone: table without history → the rows that ended, whole: what a rollback puts back.
        rewritten: table without history → which of its rows that begin are written already, where those lay that ended.
        laid: table → the columns of its rows that ended or began which lie where checks find them; else its key.
    """

    number: int
    whole: bool
    checksum: str
    counts: dict[str, int]
    frozen: bool = False
    ended: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    dropped: dict[str, list[str]] = field(default_factory=dict)
    gone: dict[str, pa.Table] = field(default_factory=dict)
    rewritten: dict[str, Places] = field(default_factory=dict)
    laid: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def count(self, table: str, rows: int) -> None:
        """So many rows more in a table."""
        self.counts[table] = self.counts.get(table, 0) + rows


def end(connection: Connection, bundle: Bundle, delta: Delta) -> None:
    """End the rows that end, of every table.

    Raises:
        GridfactsError: ``DELTA``: a row that should end is not there.
    """
    for table in checksum.counted().values():
        if (closed := bundle.closed(table.table)) is not None:
            _end(connection, table, closed, delta, bundle)


def begin(bundle: Bundle, delta: Delta, loader: Loader) -> dict[str, pa.Table]:
    """Begin the rows that begin, of every table, after the others have ended; make the indexes that waited for them.

    Returns:
        Table → what checks need of its rows that began; nothing where everything is new.

    Raises:
        GridfactsError: ``NOT_A_NUMBER``.
    """
    found: dict[str, list[pa.Table]] = {}
    for name, table in checksum.counted().items():
        loader.insert(name, _begun(table, bundle, delta, found))
        indexes.make(loader, delta.dropped.get(name, ()))
    return {name: pa.concat_tables(keys) for name, keys in found.items()}


def _begun(table: Table, bundle: Bundle, delta: Delta, keys: dict[str, list[pa.Table]]) -> Iterator[pa.Table]:
    """The rows of a table that begin, as they are written; counted, and their keys kept, as they are asked for."""
    name, at = table.table, 0
    for opened in _fetched(bundle.opening(name)):
        if not delta.whole:
            keys.setdefault(name, []).append(opened.select(delta.laid.get(name, table.key)))
        delta.begun.add(name)
        delta.count(name, opened.num_rows)
        if (written := delta.rewritten.get(name)) is not None:
            yield opened.filter(_without(opened.num_rows, written - at))
        else:
            yield _known(table, opened, delta.number)
        at += opened.num_rows


def _fetched(pieces: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same pieces: the next one is read while one is written."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = reader.submit(next, pieces, None)
            yield piece


def stage(connection: Connection, keys: dict[str, pa.Table]) -> None:
    """Put rows that began where checks find them."""
    for name, rows in keys.items():
        bulk.stage(connection, begun_keys(name), name, rows)


def begun_checksum(bundle: Bundle) -> str:
    """The checksum of the rows that begin."""
    total = checksum.EMPTY
    for name in checksum.counted():
        for opened in bundle.opening(name):
            total = checksum.advance(total, {}, {name: opened})
    return total


def _end(connection: Connection, table: Table, keys: pa.Table, delta: Delta, bundle: Bundle) -> None:
    """Rows with history get their ``known_to``, others go or change; what they held leaves the checksum."""
    name, staged = table.table, ended_keys(table.table)
    bulk.stage(connection, staged, name, keys)
    same = " AND ".join(f'one."{key}" = gone."{key}"' for key in table.key)
    current = " AND one.known_to IS NULL" if table.history else ""
    text = (
        f"SELECT {bulk.listed(table.schema.names, 'one')} FROM {staged} AS gone "  # noqa: S608 - the catalogue's names
        f'INNER JOIN "{name}" AS one ON {same}{current}'
    )
    rows = list(bulk.query(connection, text, table.schema))
    if (found := sum(piece.num_rows for piece in rows)) != keys.num_rows:
        told = f"table {name}: {keys.num_rows} rows should end, {found} were there{bundle.remedy}"
        raise GridfactsError("DELTA", told)
    for piece in rows:
        delta.checksum = checksum.advance(delta.checksum, {name: piece}, {})
    gone = pa.concat_tables([table.schema.empty_table(), *rows])
    if table.history:
        text = f'UPDATE "{name}" AS one SET known_to = {int(delta.number)} FROM {staged} AS gone WHERE {same}{current}'  # noqa: S608
        connection.exec_driver_sql(text)
    else:
        delta.gone[name] = gone
        _replace(connection, table, bundle, delta)
    if (laid := delta.laid.get(name, table.key)) != table.key:
        bulk.stage(connection, staged, name, gone.select(laid))
    delta.ended.add(name)
    delta.count(name, -keys.num_rows)


def _replace(connection: Connection, table: Table, bundle: Bundle, delta: Delta) -> None:
    """Rows without history go; but those that begin again under their key change where they lie."""
    name, gone, staged = table.table, delta.gone[table.table], ended_keys(table.table)
    if not delta.whole and (opened := bundle.opened(name)) is not None:
        was, now = rewritten.matched(gone, opened, table.key)
        rewritten.write(connection, table, gone.take(was), opened.take(now))
        delta.rewritten[name] = now
        staged = "removed_rows"
        bulk.stage(connection, staged, name, gone.select(table.key).filter(_without(gone.num_rows, was)))
    key = bulk.listed(table.key)
    connection.exec_driver_sql(f'DELETE FROM "{name}" WHERE ({key}) IN (SELECT {key} FROM {staged})')  # noqa: S608


def _without(rows: int, places: Places) -> pa.Array:
    """A mask of so many rows that is false at these places, as far as they lie among them."""
    found = np.ones(rows, bool)
    found[places[(places >= 0) & (places < rows)]] = False
    return pa.array(found)


def _known(table: Table, rows: pa.Table, number: int) -> pa.Table:
    return rows.append_column("known_from", pa.array([number] * rows.num_rows, pa.int64())) if table.history else rows
