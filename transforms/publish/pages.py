"""The pages of a SQLite file that a night will touch, brought from the disk before it does, index by index in order.

SQLite reads a page when it comes to a row of it, one after the other, and what a night changes lies by chance in every
index but that of its key. In an index's own order its pages lie side by side: so asked, a disk brings them ten times as
fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk, checksum, database, tables
from transforms.database import Databases
from transforms.publish.bundle import Bundle
from transforms.tables import Table
from transforms.threads import together

_MANY = 5_000  # rows of a table that end and begin: the pages of fewer come when their rows are looked up
_READERS = 8  # they wait for the disk, not for a core: 16 and 32 took longer on two cores (bench/README.md)
_INDEXES = sa.text(
    "SELECT known.name, one.sql AS made, part.name AS part FROM pragma_index_list(:table) AS known "
    "INNER JOIN pragma_index_info(known.name) AS part LEFT JOIN sqlite_master AS one ON one.name = known.name "
    "ORDER BY known.name, part.seqno"
)
_PARTIAL = re.compile(r"\bWHERE (.*)$", re.DOTALL)


@dataclass(frozen=True)
class _Index:
    name: str
    columns: tuple[str, ...]
    only: str


def read(dbs: Databases, found: Bundle) -> None:
    """Bring the pages that the rows of a bundle will touch; nothing where few rows change, or another database reads.

    Raises:
        DatabaseError: the database refused.
        StaleInputError: other code closed the night.
    """
    if dbs.release_file is None:
        return
    for table in checksum.counted().values():
        if sum(found.rows.get(f"{table.table}.{part}.parquet", 0) for part in ("close", "open")) >= _MANY:
            _read(dbs, found, table)


def _read(dbs: Databases, found: Bundle, table: Table) -> None:
    with database.reading(dbs.release) as connection:
        indexes = _indexes(connection, table)
    names = sorted({name for index in indexes for name in index.columns})
    rows = [piece.select(names) for piece in found.opening(table.table)]
    if (closed := found.closed(table.table)) is not None:
        rows += _ended(dbs, table, closed, names)
    together(_READERS, [partial(_touch, dbs, table, *one) for index in indexes for one in _places(index, rows)])


def _indexes(connection: Connection, table: Table) -> list[_Index]:
    found: dict[str, _Index] = {}
    for row in connection.execute(_INDEXES, {"table": table.table}):
        told = found.get(row.name, _Index(row.name, (), ""))
        only = _PARTIAL.search(row.made or "")
        columns = (*told.columns, row.part) if row.part not in tables.KNOWN else told.columns
        found[row.name] = _Index(row.name, columns, f" AND {only[1]}" if only else "")
    return [index for index in found.values() if index.columns]


def _ended(dbs: Databases, table: Table, keys: pa.Table, names: Sequence[str]) -> list[pa.Table]:
    """Columns of the rows that will end."""
    same = " AND ".join(f'one."{name}" = near."{name}"' for name in table.key)
    current = " AND one.known_to IS NULL" if table.history else ""
    text = f'SELECT {bulk.listed(names, "one")} FROM near CROSS JOIN "{table.table}" AS one WHERE {same}{current}'  # noqa: S608

    def look(some: pa.Table) -> list[pa.Table]:
        with database.reading(dbs.release) as connection:
            bulk.stage(connection, "near", table.table, some)
            return list(bulk.query(connection, text, bulk.schema_of(table.table, names)))

    return list(chain.from_iterable(together(_READERS, [partial(look, some) for some in _slices(keys, table.key)])))


def _places(index: _Index, rows: Sequence[pa.Table]) -> Iterator[tuple[_Index, pa.Table]]:
    """Where rows have their place in an index, in its order, some at a time."""
    places = pa.concat_tables([one.select(list(index.columns)) for one in rows])
    places = places.group_by(list(index.columns)).aggregate([])
    for some in _slices(places, index.columns):
        yield index, some


def _slices(rows: pa.Table, order: Sequence[str]) -> list[pa.Table]:
    rows = rows.sort_by([(name, "ascending") for name in order])
    size = -(-rows.num_rows // _READERS) or 1
    return [rows.slice(at, size) for at in range(0, rows.num_rows, size)]


def _touch(dbs: Databases, table: Table, index: _Index, places: pa.Table) -> None:
    same = " AND ".join(f'one."{name}" = near."{name}"' for name in index.columns)
    one = f'SELECT 1 FROM "{table.table}" AS one INDEXED BY "{index.name}" WHERE {same}{index.only} LIMIT 1'  # noqa: S608
    with database.reading(dbs.release) as connection:
        bulk.stage(connection, "near", table.table, places)
        connection.exec_driver_sql(f"SELECT count(({one})) FROM near")  # noqa: S608 - names of our own
