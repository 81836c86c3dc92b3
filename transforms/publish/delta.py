"""The rows that end and begin, table by table: written as account told, and what that makes of checksum and counts."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
from sqlalchemy.engine import Connection

from transforms import bulk, checksum
from transforms.errors import GridfactsError
from transforms.publish.bundle import Bundle
from transforms.tables import Table


def ended_keys(table: str) -> str:
    """The temporary table that holds the keys of a table's rows that ended tonight."""
    return f"ended_{table}"


def begun_keys(table: str) -> str:
    """The temporary table that holds the keys of a table's rows that began tonight."""
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
        gone: table without history → the rows that were removed, whole: what a rollback puts back.
    """

    number: int
    whole: bool
    checksum: str
    counts: dict[str, int]
    ended: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    gone: dict[str, pa.Table] = field(default_factory=dict)

    def count(self, table: str, rows: int) -> None:
        """So many rows more in a table."""
        self.counts[table] = self.counts.get(table, 0) + rows


def write(connection: Connection, bundle: Bundle, table: Table, delta: Delta) -> None:
    """End and begin the rows of one table.

    Raises:
        GridfactsError: ``DELTA``: a row that should end is not there; ``NOT_A_NUMBER``.
    """
    if (closed := bundle.closed(table.table)) is not None:
        _end(connection, table, closed, delta, bundle.remedy)
    keys = []
    for opened in bundle.opening(table.table):
        if not delta.whole:
            keys.append(opened.select(table.key))
        bulk.insert(connection, table.table, _known(table, opened, delta.number))
        delta.begun.add(table.table)
        delta.count(table.table, opened.num_rows)
    if keys:
        bulk.stage(connection, begun_keys(table.table), table.table, pa.concat_tables(keys))


def begin_checksum(bundle: Bundle, delta: Delta) -> str:
    """The checksum of the release: what ended taken off already, what begins added."""
    total = delta.checksum
    for name in sorted(delta.begun):
        for opened in bundle.opening(name):
            total = checksum.advance(total, {}, {name: opened})
    return total


def _end(connection: Connection, table: Table, keys: pa.Table, delta: Delta, remedy: str) -> None:
    """Rows with history get their ``known_to``, others go; what they held leaves the checksum."""
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
        told = f"table {name}: {keys.num_rows} rows should end, {found} were there{remedy}"
        raise GridfactsError("DELTA", told)
    for piece in rows:
        delta.checksum = checksum.advance(delta.checksum, {name: piece}, {})
    if not table.history:
        delta.gone[name] = pa.concat_tables([table.schema.empty_table(), *rows])
    connection.exec_driver_sql(_ending(table, staged, same, delta.number))
    delta.ended.add(name)
    delta.count(name, -keys.num_rows)


def _ending(table: Table, staged: str, same: str, number: int) -> str:
    if table.history:
        return (
            f'UPDATE "{table.table}" AS one SET known_to = {int(number)} FROM {staged} AS gone '  # noqa: S608
            f"WHERE {same} AND one.known_to IS NULL"
        )
    key = bulk.listed(table.key)
    return f'DELETE FROM "{table.table}" WHERE ({key}) IN (SELECT {key} FROM {staged})'  # noqa: S608


def _known(table: Table, rows: pa.Table, number: int) -> pa.Table:
    return rows.append_column("known_from", pa.array([number] * rows.num_rows, pa.int64())) if table.history else rows
