"""The release and the control database: opened, read and bulk loaded here and nowhere else, on SQLite and PostgreSQL.

SQLite: two files side by side; ``release.db`` is a link to the generation file that readers see (see
:mod:`transforms.publish`), so a connection is opened anew each time and never pooled. PostgreSQL: two schemas of one
database. Errors leave as :class:`DatabaseError`, which names sqlstate, constraint and table and never a value
(faults.md section 3.3).
"""

from __future__ import annotations

import contextlib
import io
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import NullPool

from transforms import tables
from transforms.errors import ConfigError, GridfactsError
from transforms.run import Settings

Value = str | int | None
Where = Mapping[str, Value]
_ROWS = 50_000
_BUSY_SECONDS = 30
_OPTIONS = (  # faults.md finding 8: no statement, lock or forgotten transaction lasts for ever
    "-c statement_timeout=1800000 -c lock_timeout=30000 -c idle_in_transaction_session_timeout=1800000 -c TimeZone=UTC"
)


class DatabaseError(GridfactsError):
    """The database refused; the message holds no value."""


@dataclass(frozen=True)
class Databases:
    """Both databases of a deployment.

    Attributes:
        release: what readers see. control: what they do not.
        release_file: on SQLite the path readers open, else None.
    """

    release: Engine
    control: Engine
    dialect: Literal["sqlite", "postgresql"]
    release_file: Path | None = None


def open_databases(settings: Settings) -> Databases:
    """Open both databases; nothing is created before something is written.

    Raises:
        ConfigError: a URL of another dialect, or an SQLite URL without a file.
    """
    try:
        url = sa.make_url(settings.database_url)
    except sa.exc.ArgumentError:
        raise ConfigError("GRIDFACTS_DATABASE_URL is no database URL") from None
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise ConfigError("GRIDFACTS_DATABASE_URL needs a file: sqlite:///<path of release.db>")
        path = Path(url.database).absolute()
        return Databases(sqlite_engine(path), sqlite_engine(path.with_name("control.db")), "sqlite", path)
    if url.get_backend_name() == "postgresql":
        return Databases(_postgres_engine(url, "release"), _postgres_engine(url, "control"), "postgresql")
    raise ConfigError(f"GRIDFACTS_DATABASE_URL: {url.get_backend_name()!r} is neither sqlite nor postgresql")


def sqlite_engine(path: Path, *, durable: bool = True) -> Engine:
    """An engine over one SQLite file: WAL, synchronous=FULL, foreign keys, transactions that begin when we say.

    Args:
        path: the file.
        durable: False for a file nobody sees yet, which is fsynced whole when it is done.
    """
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # else the driver begins transactions by its own rules, and not before DDL
        for pragma in (
            f"journal_mode={'WAL' if durable else 'MEMORY'}",
            f"synchronous={'FULL' if durable else 'OFF'}",
            "foreign_keys=ON",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _postgres_engine(url: URL, schema: str) -> Engine:
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"options": f"-c search_path={schema} {_OPTIONS}", "connect_timeout": 10},
    )


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Turn what a driver raises into a :class:`DatabaseError` without values.

    Raises:
        DatabaseError: whatever the database refused.
    """
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error, psycopg.Error) as error:
        raise DatabaseError("DATABASE", _described(getattr(error, "orig", None) or error)) from None


def _described(error: BaseException) -> str:
    """What may be said of a driver's error: codes and names, never its text, which can hold a value."""
    if isinstance(error, psycopg.Error):
        told = {
            "sqlstate": error.sqlstate,
            "constraint": error.diag.constraint_name,
            "table": error.diag.table_name,
            "column": error.diag.column_name,
        }
        return " ".join([type(error).__name__, *(f"{k}={v}" for k, v in told.items() if v)])
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        rule, found, what = str(error).partition(" constraint failed: ")
        return f"{name} {rule} {what}" if found else name
    return type(error).__name__


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write: on SQLite it takes the file's write lock at once. Commits when the block ends well.

    Raises:
        DatabaseError: the database refused.
    """
    with guarded(), engine.execution_options(begin="BEGIN IMMEDIATE").begin() as connection:
        yield connection


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction whose every read sees the same release.

    Raises:
        DatabaseError: the database refused.
    """
    with guarded():
        isolation: dict[str, Any] = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
        with engine.connect().execution_options(**isolation) as connection, connection.begin():
            yield connection


def exists(engine: Engine) -> bool:
    """True when there is a database to connect to; asking creates no file."""
    return engine.dialect.name != "sqlite" or Path(str(engine.url.database)).exists()


def current_release(dbs: Databases) -> int:
    """The number of the last release, 0 before the first.

    Raises:
        DatabaseError: the database cannot be read.
    """
    if not exists(dbs.release):
        return 0
    with reading(dbs.release) as connection:
        if not sa.inspect(connection).has_table("release"):
            return 0
        return int(connection.scalar(sa.text("SELECT max(release) FROM release")) or 0)


def read(engine: Engine, table: str, columns: Sequence[str] | None = None, where: Where | None = None) -> pa.Table:
    """Rows of a table as Arrow, sorted by its key; no rows where the table does not exist yet.

    Args:
        engine: ``dbs.release`` or ``dbs.control``.
        table: its name in sql/tables.
        columns: only these, in this order; default all.
        where: column → value it must equal; None asks for null. Current rows: ``{"known_to": None}``.

    Raises:
        DatabaseError: the database cannot be read.
        KeyError: no such table or column.
    """
    schema = _schema(table, columns)
    if not exists(engine):
        return schema.empty_table()
    with reading(engine) as connection:
        if not sa.inspect(connection).has_table(table):
            return schema.empty_table()
        return select(connection, table, columns, where)


def _schema(table: str, columns: Sequence[str] | None) -> pa.Schema:
    whole = tables.load_all()[table].schema
    return whole if columns is None else pa.schema([whole.field(name) for name in columns])


def select(connection: Connection, table: str, columns: Sequence[str] | None = None, where: Where | None = None) -> pa.Table:
    """As :func:`read`, within the caller's transaction.

    Raises:
        DatabaseError: the database cannot be read.
        KeyError: no such table or column.
    """
    schema = _schema(table, columns)
    given = _schema(table, list(where or {})) and dict(where or {})
    tests = [f'"{name}" IS NULL' if value is None else f'"{name}" = :{name}' for name, value in given.items()]
    listed = ", ".join(f'"{name}"' for name in schema.names)
    text = f'SELECT {listed} FROM "{table}"' + (f" WHERE {' AND '.join(tests)}" if tests else "")  # noqa: S608
    bound = {name: value for name, value in given.items() if value is not None}
    with guarded():
        found = _copy_out(connection, text, bound, schema) if _is_postgres(connection) else _fetch(
            connection, text, bound, schema
        )
    keys = [key for key in tables.load_all()[table].key if key in schema.names]
    known = [name for name in tables.KNOWN if name in schema.names]
    return found.sort_by([(name, "ascending") for name in [*keys, *known]]) if keys else found


def _is_postgres(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _fetch(connection: Connection, text: str, bound: Mapping[str, Value], schema: pa.Schema) -> pa.Table:
    """SQLite: the driver's tuples in pieces, turned by column."""
    cursor = connection.connection.cursor()
    cursor.execute(text, bound)
    pieces = []
    while rows := cursor.fetchmany(_ROWS):
        arrays = [_column(list(values), f.type) for values, f in zip(zip(*rows, strict=True), schema, strict=True)]
        pieces.append(pa.record_batch(arrays, schema=schema))
    return pa.Table.from_batches(pieces, schema)


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_date(kind):
        return pa.array(values, pa.string()).cast(kind)
    if pa.types.is_boolean(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)


def _copy_out(connection: Connection, text: str, bound: Mapping[str, Value], schema: pa.Schema) -> pa.Table:
    """PostgreSQL: COPY as CSV, where a quoted empty field is an empty text and a bare one is null."""
    for name in bound:
        text = text.replace(f":{name}", f"%({name})s")
    buffer = io.BytesIO()
    with _driver(connection).cursor() as cursor:
        with cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT csv)", dict(bound)) as copy:  # type: ignore[arg-type]
            for piece in copy:
                buffer.write(piece)
    if not buffer.tell():
        return schema.empty_table()
    buffer.seek(0)
    types = {f.name: pa.string() if pa.types.is_binary(f.type) else f.type for f in schema}
    found = pv.read_csv(
        buffer,
        read_options=pv.ReadOptions(column_names=schema.names, use_threads=False),
        parse_options=pv.ParseOptions(newlines_in_values=True),
        convert_options=pv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
            true_values=["t"], false_values=["f"],
        ),
    )  # fmt: skip
    for at, field in enumerate(schema):
        if pa.types.is_binary(field.type):
            raw = [None if v is None else bytes.fromhex(v[2:]) for v in found.column(at).to_pylist()]
            found = found.set_column(at, field, pa.array(raw, field.type))
    return found


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    found = connection.connection.driver_connection
    if not isinstance(found, psycopg.Connection):
        raise TypeError("not a psycopg connection")
    return found


def load(connection: Connection, name: str, rows: pa.Table) -> None:
    """Append rows in bulk: executemany on SQLite, COPY on PostgreSQL.

    Args:
        connection: whose transaction takes them.
        name: the table; its columns are named by ``rows``.
        rows: values of the catalogue's types.

    Raises:
        DatabaseError: a constraint was broken, or a number is NaN (the two databases would not agree on it).
    """
    for field in rows.schema:
        if pa.types.is_floating(field.type) and pc.any(pc.is_nan(rows[field.name])).as_py():
            raise DatabaseError("NOT_A_NUMBER", f"table {name}, column {field.name}")
    listed = ", ".join(f'"{column}"' for column in rows.column_names)
    with guarded():
        if _is_postgres(connection):
            _copy_in(connection, f'COPY "{name}" ({listed}) FROM STDIN (FORMAT csv)', rows)
            return
        marks = ", ".join("?" * rows.num_columns)
        cursor = connection.connection.cursor()
        for batch in rows.to_batches(max_chunksize=_ROWS):
            columns = [_plain(column) for column in batch.columns]
            cursor.executemany(
                f'INSERT INTO "{name}" ({listed}) VALUES ({marks})', list(zip(*columns, strict=True))  # noqa: S608
            )


def _plain(column: pa.Array) -> list[str | int | float | bytes | date | None]:
    if pa.types.is_date(column.type):
        column = column.cast(pa.string())
    found: list[str | int | float | bytes | date | None] = column.to_pylist()
    return found


def _copy_in(connection: Connection, statement: str, rows: pa.Table) -> None:
    for at, field in enumerate(rows.schema):
        if pa.types.is_binary(field.type):
            text = [None if v is None else "\\x" + v.hex() for v in rows.column(at).to_pylist()]
            rows = rows.set_column(at, field.name, pa.array(text, pa.string()))
    options = pv.WriteOptions(include_header=False, quoting_style="needed")
    with _driver(connection).cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for batch in rows.to_batches(max_chunksize=_ROWS):
            buffer = io.BytesIO()
            pv.write_csv(pa.Table.from_batches([batch]), buffer, options)
            copy.write(buffer.getbuffer())
