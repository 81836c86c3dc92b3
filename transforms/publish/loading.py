"""Where rows and indexes of a release are made: the caller's transaction, or a SQLite file that is nobody's yet.

The file takes rows by column from Arrow, without a Python object a value and without Python's lock (ADBC's driver: a
quarter of what ``executemany`` costs). That driver brings an SQLite library of its own, and two libraries in a process
do not see each other's locks (https://sqlite.org/howtocorrupt.html, 2.2.1): it opens files that nobody else has open.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa
from adbc_driver_sqlite import dbapi
from sqlalchemy.engine import Connection

from transforms import bulk, database, tables

_READ = 65_536  # rows of a batch
_TYPED = {"text": "''", "integer": "0", "number": "0.5", "day": "''", "boolean": "0", "binary": "x''"}
# KiB of pages, and of what an index sorts at once while a second thread sorts what came before: runs that fit into a
# core's own cache are sorted in half the time of runs of 256 MB, merging more of them included (12 million rows).
_SORTED = 16_384
_PRAGMAS = (
    "journal_mode=OFF",
    "synchronous=OFF",
    "foreign_keys=ON",
    "temp_store=FILE",
    f"cache_size=-{_SORTED}",
    "threads=2",
)


class Loader(Protocol):
    """Takes rows and statements."""

    def insert(self, table: str, rows: Iterable[pa.Table]) -> None:
        """Append rows that come in pieces; their columns are named as the table's.

        Raises:
            GridfactsError: ``NOT_A_NUMBER``.
        """

    def execute(self, statement: str) -> None:
        """Run one statement without an answer."""


class InTransaction:
    """Loads within a transaction of either database."""

    def __init__(self, connection: Connection, *, frozen: bool = False) -> None:
        """Of the caller, who commits; ``frozen`` as in :func:`transforms.bulk.insert_all`, for all its tables."""
        self._connection, self._frozen = connection, frozen

    def insert(self, table: str, rows: Iterable[pa.Table]) -> None:
        """As :class:`Loader`."""
        bulk.insert_all(self._connection, table, rows, frozen=self._frozen)

    def execute(self, statement: str) -> None:
        """As :class:`Loader`."""
        self._connection.exec_driver_sql(statement)


class _InFile:
    """Loads into a file of SQLite by Arrow columns."""

    def __init__(self, cursor: dbapi.Cursor) -> None:
        self._cursor = cursor

    def insert(self, table: str, rows: Iterable[pa.Table]) -> None:
        for piece in rows:
            bulk.require_numbers(table, piece)
            self._cursor.adbc_ingest(table, piece, mode="append")

    def execute(self, statement: str) -> None:
        self._cursor.execute(statement)


@contextlib.contextmanager
def into(path: Path) -> Iterator[Loader]:
    """Load into a file that no other connection has open, and that is thrown away if this fails.

    Raises:
        DatabaseError: the database refused; the message holds no value.
    """
    with (
        database.guarded(),
        contextlib.closing(dbapi.connect(path.as_uri(), autocommit=True)) as connection,
        connection.cursor() as cursor,
    ):
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        yield _InFile(cursor)


def rows(path: Path, table: str, columns: Sequence[str]) -> pa.Table:
    """Columns of a table of such a file, by column; several threads may read at once.

    Raises:
        DatabaseError: the file cannot be read.
    """
    # The driver takes a column's type from the first batch, where it may be null throughout: a typed row goes before.
    typed = ", ".join(_TYPED[tables.load_all()[table].columns[name].type] for name in columns)
    query = f'SELECT {typed} UNION ALL SELECT {bulk.listed(columns)} FROM "{table}"'  # noqa: S608 - the catalogue's
    with (
        database.guarded(),
        contextlib.closing(dbapi.connect(f"{path.as_uri()}?mode=ro", autocommit=True)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(_READ)})
        cursor.execute(query)
        found = cursor.fetch_arrow_table()
    return found.slice(1).rename_columns(list(columns)).cast(bulk.schema_of(table, columns))
