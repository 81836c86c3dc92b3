"""Runs the named steps of a .sql file. The only module that knows which engine computes.

A step file is a sequence of ``-- step: <name>`` headings, each followed by one SELECT that may read the tables
given and the steps above it; every step can be printed (:func:`steps`) and translated (:func:`to_spark`) alone.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self, TypeAlias

import duckdb
import pyarrow as pa

from transforms.run import Settings

_STEP = re.compile(r"^-- step: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)
Input: TypeAlias = "pa.Table | Path"


@lru_cache(maxsize=64)
def steps(path: Path) -> Mapping[str, str]:
    """Step name → SELECT text, in the file's order.

    Raises:
        ValueError: no step in the file, or two of one name.
    """
    parts = _STEP.split(path.read_text("utf-8"))
    names, texts = parts[1::2], [text.strip().rstrip(";") for text in parts[2::2]]
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{path}: needs steps with names of their own")
    return MappingProxyType(dict(zip(names, texts, strict=True)))


def to_spark(sql: str) -> str:
    """The same SELECT in Spark SQL.

    Raises:
        sqlglot.errors.SqlglotError: the step uses something Spark cannot say.
    """
    import sqlglot  # noqa: PLC0415 - no night translates: only who asks pays for it

    return sqlglot.transpile(sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]


@lru_cache(maxsize=1)
def _database(lake: Path, spill: Path, threads: int, memory: str) -> duckdb.DuckDBPyConnection:
    """An empty in-memory database that may read the lake and spill beside it, shut off from all else.

    A process opens it once, for that costs more than most steps. It has threads: no process is forked after it.
    """
    database = duckdb.connect(config={"threads": threads, "memory_limit": memory})
    for statement in (
        f"SET temp_directory='{_quoted(spill)}'",
        f"SET allowed_directories=['{_quoted(lake)}', '{_quoted(spill)}']",
        "SET enable_external_access=false",
        "SET autoinstall_known_extensions=false",
        "SET preserve_insertion_order=false",
        "SET enable_progress_bar=false",
        "SET lock_configuration=true",
    ):
        database.execute(statement).fetchall()
    return database


class Engine:
    """DuckDB in this process, shut off from network and foreign files. Use as a context manager.

    What one is given, and the steps it ran, no other sees.

    Attributes:
        threads: how many the room may have.
    """

    def __init__(self, settings: Settings) -> None:
        """Open a connection of its own to the process's database."""
        spill = settings.home / "tmp"
        spill.mkdir(parents=True, exist_ok=True)
        settings.lake.mkdir(parents=True, exist_ok=True)
        self.threads = settings.threads
        self._connection = _database(settings.lake, spill, settings.threads, settings.memory).cursor()

    def __enter__(self) -> Self:
        """Nothing to do: the connection is open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection; temporary tables go with it."""
        self._connection.close()

    def apart(self) -> Self:
        """The same engine with names of its own: opening one costs as much as many small questions.

        What is given or made here is not seen there, nor the other way round; several may work side by side.
        """
        other = copy.copy(self)
        other._connection = self._connection.cursor()
        return other

    def give(self, name: str, table: Input | list[Path]) -> None:
        """Make an Arrow table, a Parquet file of the lake or several of one shape readable under a name."""
        if isinstance(table, pa.Table):
            self._connection.register(name, table)
            return
        paths = table if isinstance(table, list) else [table]
        listed = ", ".join(f"'{_quoted(p)}'" for p in paths)
        self._connection.execute(  # paths are ours (hashes and codes), never a sender's
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM read_parquet([{listed}], union_by_name=true)"  # noqa: S608
        ).fetchall()

    def show(self, name: str, select: str) -> None:
        """Make a SELECT of our own readable under a name, again each time it is asked for."""
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {select}").fetchall()

    def count(self, select: str) -> int:
        """How many rows a SELECT of our own finds."""
        [[rows]] = self._connection.execute(f"SELECT count(*) FROM ({select}) AS found").fetchall()  # noqa: S608
        return int(rows)

    def run(
        self, path: Path, tables: Mapping[str, Input | list[Path]] | None = None, **parameters: str | int
    ) -> pa.Table:
        """Run every step of a file in order and return the last one.

        Args:
            path: the .sql file.
            tables: name → table, as for :meth:`give`.
            parameters: columns of the one-row table ``parameter`` that steps may cross join.
        """
        for name, table in (tables or {}).items():
            self.give(name, table)
        if parameters:
            self.give("parameter", pa.table({name: [value] for name, value in parameters.items()}))
        *inner, (_, last) = steps(path).items()
        for name, sql in inner:
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}").fetchall()
        return self._connection.sql(last).to_arrow_table()

    def table(self, name: str) -> pa.Table:
        """An inner step or given table by name, in no order."""
        return self._connection.sql(f"SELECT * FROM {name}").to_arrow_table()  # noqa: S608


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
