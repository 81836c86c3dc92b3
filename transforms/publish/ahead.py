"""While a release is written its homes go ahead: a night brings a few, the first one millions.

A first release, on PostgreSQL: in the transaction in which control will take the release in, which commits after the
release or not at all. On SQLite: into a file of their own, sorted and indexed, which control takes over as it is.
Any other: it is found which homes are news, and SQLite's pages that they will touch are read, where these are many:
homes lie by chance, and page by page, from the disk, they would take longer than everything else of such a night.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import database, subjects
from transforms.database import Databases
from transforms.publish import afresh, homes, indexes, loading
from transforms.publish.bundle import Bundle
from transforms.publish.homes import Before
from transforms.publish.loading import InTransaction, Loader
from transforms.publish.state import State
from transforms.run import Settings

_MADE = sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = :name AND sql IS NOT NULL ORDER BY type DESC, name")
_SOME = sa.text(f"SELECT 1 FROM {homes.NAME} LIMIT 1")  # noqa: S608 - a name of ours
_MANY, _HELD = 10_000, 2_000_000  # homes that are news: from so many on every page is read; so many wait in memory
PAGES = (
    f"SELECT count(record_id) FROM {homes.NAME} INDEXED BY sqlite_autoindex_{homes.NAME}_1",  # noqa: S608
    f"SELECT count(entity_id) FROM {homes.NAME} INDEXED BY {homes.NAME}_entity_id_idx",  # noqa: S608
    f"SELECT count(*) FROM {homes.NAME} NOT INDEXED",  # noqa: S608
)
Taking = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True)
class Ahead:
    """What this publish makes a release of: it need not be read and found whole again.

    Attributes:
        taking: begins, or goes on with, the transaction of control in which its homes are; None where none went ahead.
        news: the homes that control lacks, once; None where control has to find out.
    """

    found: Bundle
    taking: Taking | None = None
    news: Callable[[], Iterator[pa.Table]] | None = None


@contextlib.contextmanager
def going(settings: Settings, dbs: Databases, found: Bundle, before: State, beside: Executor) -> Iterator[Ahead]:
    """Let homes go ahead while the block writes the release; they stay only if the block ends well.

    Args:
        settings: where the lake is.
        dbs: both databases.
        found: what account left.
        before: the release it goes on from, which control has taken in.
        beside: who works beside the block.

    Raises:
        DatabaseError: control refused.
    """
    path = dbs.release_file.with_name("control.homes.new") if dbs.release_file is not None else None
    if path is not None:
        path.unlink(missing_ok=True)  # of a killed run
    if found.base:
        with _sought(dbs, homes.news(settings, found, Before(before.release, before.night, before.checksum))) as news:
            yield Ahead(found, news=news)
        return
    if not found.rows.get(homes.FILE) or not _free(dbs):
        yield Ahead(found)
        return
    with _in_transaction(dbs, found, beside) if path is None else _in_file(dbs, found, beside, path) as taking:
        yield Ahead(found, taking)


@contextlib.contextmanager
def _sought(dbs: Databases, pieces: Iterator[pa.Table]) -> Iterator[Callable[[], Iterator[pa.Table]]]:
    """News are sought while the block works, as many as may be held; who takes them seeks the rest."""
    over = Event()

    def seek() -> list[pa.Table]:
        kept: list[pa.Table] = []
        rows = 0
        while rows < _HELD and not over.is_set() and (piece := next(pieces, None)) is not None:
            if rows < _MANY <= rows + piece.num_rows and dbs.release_file is not None:
                warming.append(warm.submit(_read, dbs))
            kept, rows = [*kept, piece], rows + piece.num_rows
        return kept

    def news() -> Iterator[pa.Table]:
        kept = sought.result()
        for one in warming:
            one.result()
        yield from kept
        yield from pieces

    warming: list[Future[None]] = []
    with ThreadPoolExecutor(1) as warm, ThreadPoolExecutor(1) as seeker:
        sought = seeker.submit(seek)
        try:
            yield news
        finally:
            over.set()


def _read(dbs: Databases) -> None:
    """Bring the pages of homes and of both their indexes from the disk, each in its order."""
    with database.reading(dbs.control) as connection:
        for text in PAGES:
            connection.exec_driver_sql(text)


def _free(dbs: Databases) -> bool:
    """No home is there, and nobody will ask for one before control has taken the release in: an erasure would."""
    with database.reading(dbs.control) as connection:
        if connection.execute(_SOME).one_or_none() is not None:
            return False
    return all(row["done_release"] is not None for row in subjects.requests(dbs, "erase"))


@contextlib.contextmanager
def _in_transaction(dbs: Databases, found: Bundle, beside: Executor) -> Iterator[Taking]:
    with database.writing(dbs.control) as connection:
        frozen = afresh.take(connection, [homes.NAME])
        dropped = indexes.drop(connection, [homes.NAME])[homes.NAME]
        with _over(beside.submit(_fill, InTransaction(connection, frozen=frozen), found, dropped)) as filled:

            @contextlib.contextmanager
            def taking() -> Iterator[Connection]:
                filled.result()
                yield connection

            yield taking


@contextlib.contextmanager
def _in_file(dbs: Databases, found: Bundle, beside: Executor, path: Path) -> Iterator[Taking]:
    with database.reading(dbs.control) as connection:
        made = list(connection.scalars(_MADE, {"name": homes.NAME}))

    def fill() -> None:
        with loading.into(path) as loader:
            loader.execute(made[0])
            _fill(loader, found, made[1:])

    try:
        with _over(beside.submit(fill)) as filled:

            @contextlib.contextmanager
            def taking() -> Iterator[Connection]:
                filled.result()
                with database.writing(dbs.control) as connection:
                    connection.exec_driver_sql("ATTACH DATABASE ? AS ahead", (str(path),))
                    connection.exec_driver_sql(f"INSERT INTO {homes.NAME} SELECT * FROM ahead.{homes.NAME}")  # noqa: S608
                    yield connection

            yield taking
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _over(task: Future[None]) -> Iterator[Future[None]]:
    """Nothing of the task goes on after the block: it has ended, or never begins."""
    try:
        yield task
    finally:
        if not task.cancel():
            wait([task])


def _fill(loader: Loader, found: Bundle, made: list[str]) -> None:
    loader.insert(homes.NAME, (homes.stamped(rows, found.base + 1) for rows in homes.every(found)))
    indexes.make(loader, made)
