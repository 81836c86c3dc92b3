"""Checks of a SQLite file that nobody sees yet, asked of its rows by an engine that joins by hash.

SQLite looks every value up by itself, and in a city's file each look is one into a table of gigabytes: half of a first
release's time. Here the columns that checks ask for are read back from the file, once each, and the same queries run.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from transforms import bulk, tables
from transforms.engine import Engine
from transforms.publish import loading
from transforms.publish.checks import READ, load_all, tables_of
from transforms.run import Settings

_WORD = re.compile(r"\w+")


@contextlib.contextmanager
def asking(settings: Settings, path: Path, queries: Sequence[str]) -> Iterator[Callable[[str], int]]:
    """Ask queries of a file, in the order in which they are given here: what is read is let go after its last one.

    Args:
        settings: threads, memory and where the engine may spill.
        path: the file, which nobody else has open.
        queries: what will be asked, of tables and views of the release.

    Yields:
        What counts the rows that a query finds.

    Raises:
        DatabaseError: the file cannot be read.
    """
    last = {name: at for at, query in enumerate(queries) for name in tables_of(query)}
    with Engine(settings) as engine, ThreadPoolExecutor(settings.threads) as readers:
        for name in last:
            _show(engine, name)
        for query in queries:
            _show_views(engine, query)
        order = dict.fromkeys(name for query in queries for name in sorted(tables_of(query)))
        read = {name: readers.submit(loading.rows, path, name, _asked(name)) for name in order}
        asked = iter(range(len(queries)))

        def count(query: str) -> int:
            at = next(asked)
            for name in tables_of(query) & read.keys():
                engine.give(_rows(name), read.pop(name).result())
            found = engine.count(query)
            for name in tables_of(query):
                if last[name] == at:
                    _show(engine, name)
            return found

        yield count


def _show(engine: Engine, name: str) -> None:
    """A table without rows, with every column: who asks for one that is not read is told so, instead of nulls."""
    asked = _asked(name)
    engine.give(_rows(name), bulk.schema_of(name, asked).empty_table())
    columns = [
        column if column in asked else f"error('checks do not read {name}.{column}') AS {column}"
        for column in tables.load_all()[name].columns
    ]
    engine.show(name, f"SELECT {', '.join(columns)} FROM {_rows(name)}")  # noqa: S608 - the catalogue's names


def _show_views(engine: Engine, query: str) -> None:
    for name in READ.findall(query):
        if (view := tables.SQL / "views" / f"{name}.sql").exists():
            told = view.read_text("utf-8")
            _show_views(engine, told)
            engine.show(name, re.split(rf"CREATE VIEW {name} AS\b", told)[1])


def _rows(name: str) -> str:
    return f"{name}_rows"


@lru_cache(maxsize=64)
def _asked(name: str) -> tuple[str, ...]:
    """The columns by which a check or a view that names the table joins, groups or chooses."""
    texts = [check.query for check in load_all()]
    texts += [path.read_text("utf-8") for path in (tables.SQL / "views").glob("*.sql")]
    words = {word for text in texts if name in tables_of(text) for word in _WORD.findall(text.partition("\nFROM ")[2])}
    return tuple(column for column in tables.load_all()[name].columns if column in words)
