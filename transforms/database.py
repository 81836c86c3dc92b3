"""The release and the control database: opened and read here and nowhere else, on SQLite and PostgreSQL.

SQLite: two files side by side; ``release.db`` is a link to the generation file that readers see (see
:mod:`transforms.publish`), so a connection is opened anew each time and never pooled. PostgreSQL: two schemas of one
database. Errors leave as :class:`DatabaseError`, which names sqlstate, constraint and table and never a value
(faults.md section 3.3).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import adbc_driver_manager
import psycopg
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import NullPool

from transforms import bulk
from transforms.bulk import Where
from transforms.errors import ConfigError, GridfactsError
from transforms.run import Settings

_BUSY_SECONDS = 30
_CACHE = 16 << 20  # bytes of pages, at most: with SQLite's own 2 MB every look by a random id is a read
_CACHE_WRITING = 512 << 20
_RULE = re.compile(r"\w+(?: \w+)? constraint failed(?:: [\w., ]+)?")
_OPTIONS = (  # faults.md finding 8: no statement, lock or forgotten transaction lasts for ever
    "-c statement_timeout=1800000 -c lock_timeout=30000 -c idle_in_transaction_session_timeout=1800000 -c TimeZone=UTC "
    "-c jit=off"  # a night asks a hundred short questions: compiling each, in each worker, takes longer than asking
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
        # Pages of a release that are written and do not fit go to the log before their time, where every later read
        # looks for its page: a city's night took twice as long.
        release = sqlite_engine(path, writing=settings.memory_bytes)
        return Databases(release, sqlite_engine(path.with_name("control.db")), "sqlite", path)
    if url.get_backend_name() == "postgresql":
        return Databases(_postgres_engine(url, "release"), _postgres_engine(url, "control"), "postgresql")
    raise ConfigError(f"GRIDFACTS_DATABASE_URL: {url.get_backend_name()!r} is neither sqlite nor postgresql")


def sqlite_engine(path: Path, *, durable: bool = True, writing: int = _CACHE_WRITING) -> Engine:
    """An engine over one SQLite file: WAL, synchronous=FULL, foreign keys, transactions that begin when we say.

    Args:
        path: the file.
        durable: False for a file nobody sees yet, which is fsynced whole when it is done.
        writing: bytes of pages that a transaction which writes may hold.
    """
    # A connection may go from one thread to another, as long as one at a time uses it.
    arguments = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args=arguments)

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # else the driver begins transactions by its own rules, and not before DDL
        for pragma in (
            f"journal_mode={'WAL' if durable else 'MEMORY'}",
            f"synchronous={'FULL' if durable else 'OFF'}",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            f"cache_size=-{_CACHE >> 10}",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        begin = connection.get_execution_options().get("begin", "BEGIN")
        if begin != "BEGIN":  # what a release changes is read again by its checks: as far as it fits it stays in memory
            connection.exec_driver_sql(f"PRAGMA cache_size=-{writing >> 10}")
        connection.exec_driver_sql(begin)

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
    except (sa.exc.SQLAlchemyError, sqlite3.Error, psycopg.Error, adbc_driver_manager.Error) as error:
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
    if isinstance(error, adbc_driver_manager.Error):
        broken = _RULE.search(str(error))
        return f"{type(error).__name__} {broken[0] if broken else ''}".rstrip()
    return type(error).__name__


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write (SQLite: it takes the file's lock at once). Commits when the block ends well.

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
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.begin() as connection:
            yield connection


@contextlib.contextmanager
def deciding(engine: Engine, table: str) -> Iterator[tuple[Connection, sa.Table]]:
    """A transaction in which a person's word is written into a table of control, locked against a second writer.

    SQLite locks the whole file when the transaction begins.

    Raises:
        GridfactsError: ``NOT_FOUND``: no night has been run yet, so that the table is not there.
        DatabaseError: the database refused.
    """
    nothing = GridfactsError("NOT_FOUND", f"no night has been run yet: there is no {table} to speak of")
    if not exists(engine):
        raise nothing
    with writing(engine) as connection:
        if not sa.inspect(connection).has_table(table):
            raise nothing
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
        yield connection, sa.Table(table, sa.MetaData(), autoload_with=connection)


def moment() -> str:
    """When a person's word or look is written down: UTC, ISO 8601, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


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
    empty = bulk.schema_of(table, columns).empty_table()
    if not exists(engine):
        return empty
    with reading(engine) as connection:
        if not sa.inspect(connection).has_table(table):
            return empty
        return bulk.select(connection, table, columns, where)
