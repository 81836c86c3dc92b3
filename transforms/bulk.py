"""Rows in bulk between Arrow and the two databases: by column through the driver on SQLite, by COPY on PostgreSQL.

Everything here runs within the caller's transaction (:func:`transforms.database.writing`, which also turns the
driver's errors into ones without values). Names of tables and columns come from the catalogue, never from a file.
"""

from __future__ import annotations

import io
import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
from psycopg.copy import QueuedLibpqWriter
from sqlalchemy.engine import Connection

from transforms import copy_format, tables
from transforms.errors import GridfactsError

Value = str | int | None
Where = Mapping[str, Value]
_ROWS = 50_000
_FETCHED = 500  # rows at a time from SQLite's driver: a batch of tuples that is turned while it is still in the cache
_BYTES = 16_000_000
_STAGED = "staged"


def schema_of(table: str, columns: Sequence[str] | None = None) -> pa.Schema:
    """The catalogue's schema of a table, or of some columns in the order asked for.

    Raises:
        KeyError: no such table or column.
    """
    whole = tables.load_all()[table].schema
    return whole if columns is None else pa.schema([whole.field(name) for name in columns])


def select(
    connection: Connection, table: str, columns: Sequence[str] | None = None, where: Where | None = None
) -> pa.Table:
    """Rows of a table, sorted by its key (and version) as far as those columns are asked for.

    Args:
        connection: whose transaction reads.
        table: its name in sql/tables.
        columns: only these, in this order; default all.
        where: column → value it must equal; None asks for null.

    Raises:
        KeyError: no such table or column.
    """
    schema = schema_of(table, columns)
    found = pa.Table.from_batches(
        [b for p in pieces(connection, table, columns, where) for b in p.to_batches()], schema
    )
    order = [name for name in (*tables.load_all()[table].key, *tables.KNOWN) if name in schema.names]
    return found.sort_by([(name, "ascending") for name in order]) if order else found


def pieces(
    connection: Connection, table: str, columns: Sequence[str] | None = None, where: Where | None = None
) -> Iterator[pa.Table]:
    """The rows of :func:`select` in no order, some ten thousand at a time, for what must not hold a whole table.

    Raises:
        KeyError: no such table or column.
    """
    schema = schema_of(table, columns)
    given = {schema_of(table).field(name).name: value for name, value in (where or {}).items()}
    mark = "%({})s" if is_postgres(connection) else ":{}"
    tests = [f'"{n}" IS NULL' if value is None else f'"{n}" = {mark.format(n)}' for n, value in given.items()]
    text = f'SELECT {listed(schema.names)} FROM "{table}"' + (f" WHERE {' AND '.join(tests)}" if tests else "")  # noqa: S608
    bound = {name: value for name, value in given.items() if value is not None}
    yield from query(connection, text, schema, bound)


def query(
    connection: Connection, text: str, schema: pa.Schema, bound: Mapping[str, Value] | None = None
) -> Iterator[pa.Table]:
    """The answer of a query of our own in pieces; its columns are the schema's, in its order."""
    yield from (_copy_out if is_postgres(connection) else _fetch)(connection, text, bound or {}, schema)


def insert(connection: Connection, table: str, rows: pa.Table) -> None:
    """Append rows; their columns are named as the table's.

    Raises:
        GridfactsError: ``NOT_A_NUMBER``: a NaN, on which the two databases would not agree.
    """
    insert_all(connection, table, [rows])


def insert_all(connection: Connection, table: str, rows: Iterable[pa.Table], *, frozen: bool = False) -> None:
    """Append rows that come in pieces of the same columns, named as the table's; PostgreSQL takes them as one stream.

    Args:
        connection: whose transaction writes.
        table: the table.
        rows: its rows; they are asked for as they are written.
        frozen: PostgreSQL: as rows that everybody sees once the transaction ends. It must have emptied the table.

    Raises:
        GridfactsError: ``NOT_A_NUMBER``: a NaN, on which the two databases would not agree.
    """
    numbers = _numbers(table, rows)
    if is_postgres(connection):
        _copy_in(connection, table, table, numbers, frozen=frozen)
        return
    for piece in numbers:
        _many(connection, _insertion(table, piece.column_names), piece)


def _numbers(table: str, rows: Iterable[pa.Table]) -> Iterator[pa.Table]:
    for piece in rows:
        require_numbers(table, piece)
        if piece.num_rows:
            yield piece


def require_numbers(table: str, rows: pa.Table) -> None:
    """Refuse what :func:`insert` refuses.

    Raises:
        GridfactsError: ``NOT_A_NUMBER``.
    """
    for field in rows.schema:
        if pa.types.is_floating(field.type) and pc.any(pc.is_nan(rows[field.name])).as_py():
            raise GridfactsError("NOT_A_NUMBER", f"table {table}, column {field.name}")


def upsert(connection: Connection, table: str, key: Sequence[str], rows: pa.Table, stamp: str | None = None) -> None:
    """Insert rows, or where the key stands already, overwrite the row if it differs.

    Args:
        connection: whose transaction writes.
        table: the table.
        key: its primary key.
        rows: the rows, with the key among their columns.
        stamp: a column that alone makes no difference: it is rewritten only where another one changes.
    """
    others = [name for name in rows.column_names if name not in key]
    differ = " OR ".join(f'"{table}"."{n}" IS DISTINCT FROM excluded."{n}"' for n in others if n != stamp)
    changes = ", ".join(f'"{n}" = excluded."{n}"' for n in others)
    action = f"DO UPDATE SET {changes} WHERE {differ}" if differ else "DO NOTHING"
    conflict = f"ON CONFLICT ({listed(key)}) {action}"
    if not is_postgres(connection):
        _many(connection, f"{_insertion(table, rows.column_names)} {conflict}", rows)
        return
    stage(connection, _STAGED, table, rows)
    names = listed(rows.column_names)
    connection.exec_driver_sql(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM {_STAGED} {conflict}')  # noqa: S608


def stage(connection: Connection, name: str, table: str, rows: pa.Table) -> None:
    """Rows in a temporary table of this transaction, with the types of the table they are meant for."""
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
    end = "ON COMMIT DROP" if is_postgres(connection) else ""
    connection.exec_driver_sql(
        f'CREATE TEMP TABLE {name} {end} AS SELECT {listed(rows.column_names)} FROM "{table}" LIMIT 0'  # noqa: S608
    )
    if is_postgres(connection):
        _copy_in(connection, name, table, [rows])
        connection.exec_driver_sql(f"ANALYZE {name}")
    else:
        _many(connection, _insertion(name, rows.column_names), rows)


def is_postgres(connection: Connection) -> bool:
    """True on PostgreSQL, False on SQLite."""
    return connection.dialect.name == "postgresql"


def listed(names: Sequence[str], of: str = "") -> str:
    """Column names for a statement, quoted; ``of`` is the alias they belong to."""
    return ", ".join(f'{of}."{name}"' if of else f'"{name}"' for name in names)


def _insertion(table: str, names: Sequence[str]) -> str:
    return f'INSERT INTO "{table}" ({listed(names)}) VALUES ({", ".join("?" * len(names))})'  # noqa: S608


def _many(connection: Connection, statement: str, rows: pa.Table) -> int:
    """SQLite: one prepared statement over all rows; returns the rows it touched."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError("not a connection of sqlite3")
    cursor, touched = driver.cursor(), 0
    for batch in rows.to_batches(max_chunksize=_ROWS):
        days = [c.cast(pa.string()) if pa.types.is_date(c.type) else c for c in batch.columns]
        # One row at a time: the driver is done with it before the next is made, and nothing is left to collect.
        cursor.executemany(statement, zip(*(column.to_pylist() for column in days), strict=True))
        touched += cursor.rowcount
    return touched


def _fetch(connection: Connection, text: str, bound: Mapping[str, Value], schema: pa.Schema) -> Iterator[pa.Table]:
    """SQLite: the driver's tuples, turned by column."""
    cursor = connection.connection.cursor()
    cursor.execute(text, bound)
    fetched = iter(lambda: cursor.fetchmany(_FETCHED), [])
    while parts := [_turned(rows, schema) for rows in itertools.islice(fetched, _ROWS // _FETCHED)]:
        yield pa.Table.from_batches(parts, schema).combine_chunks()


def _turned(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(zip(*rows, strict=True), schema, strict=True)
    return pa.RecordBatch.from_arrays([_array(values, field.type) for values, field in columns], schema=schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_date(kind):
        return pa.array(values, pa.string()).cast(kind)
    if pa.types.is_boolean(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    found = connection.connection.driver_connection
    if not isinstance(found, psycopg.Connection):
        raise TypeError("not a psycopg connection")
    return found


def _copy_in(connection: Connection, into: str, table: str, rows: Iterable[pa.Table], *, frozen: bool = False) -> None:
    """Rows meant for a table, into it or what has its columns' types; the next are encoded while some are sent."""
    coming = iter(rows)
    if (first := next(coming, None)) is None:
        return
    schema = schema_of(table, first.column_names)
    options = "FORMAT binary, FREEZE" if frozen else "FORMAT binary"
    statement = f'COPY "{into}" ({listed(schema.names)}) FROM STDIN ({options})'
    with (
        _driver(connection).cursor() as cursor,
        cursor.copy(statement.encode(), writer=QueuedLibpqWriter(cursor)) as copy,
    ):
        copy.write(copy_format.HEADER)
        for piece in itertools.chain([first], coming):
            for batch in piece.cast(schema).to_batches(max_chunksize=_ROWS):
                copy.write(copy_format.encoded(batch))
        copy.write(copy_format.TRAILER)


def _copy_out(connection: Connection, text: str, bound: Mapping[str, Value], schema: pa.Schema) -> Iterator[pa.Table]:
    """PostgreSQL: CSV, of which every message is whole rows."""
    buffer = io.BytesIO()
    statement = f"COPY ({text}) TO STDOUT (FORMAT csv)".encode()
    with _driver(connection).cursor() as cursor, cursor.copy(statement, dict(bound) or None) as copy:
        for piece in copy:
            buffer.write(piece)
            if buffer.tell() > _BYTES:
                yield _parsed(buffer, schema)
                buffer = io.BytesIO()
    if buffer.tell():
        yield _parsed(buffer, schema)


def _parsed(buffer: io.BytesIO, schema: pa.Schema) -> pa.Table:
    buffer.seek(0)
    found = pv.read_csv(
        buffer,
        read_options=pv.ReadOptions(column_names=schema.names),
        parse_options=pv.ParseOptions(newlines_in_values=True),
        convert_options=pv.ConvertOptions(
            column_types={f.name: pa.string() if pa.types.is_binary(f.type) else f.type for f in schema},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )
    for at, field in enumerate(schema):
        if pa.types.is_binary(field.type):
            raw = [None if value is None else bytes.fromhex(value[2:]) for value in found.column(at).to_pylist()]
            found = found.set_column(at, field, pa.array(raw, field.type))
    return found
