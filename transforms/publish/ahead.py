"""While a first release is written its homes go ahead to control: a night brings a few, the first one millions.

PostgreSQL: in the transaction in which control will take the release in, which commits after the release or not at all.
SQLite: into a file of their own, sorted and indexed, which control takes over as it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import database, subjects
from transforms.database import Databases
from transforms.publish import afresh, homes, indexes, loading
from transforms.publish.bundle import Bundle
from transforms.publish.loading import InTransaction, Loader

_MADE = sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = :name AND sql IS NOT NULL ORDER BY type DESC, name")
_SOME = sa.text(f"SELECT 1 FROM {homes.NAME} LIMIT 1")  # noqa: S608 - a name of ours
Taking = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True)
class Ahead:
    """What this publish makes a release of: it need not be read and found whole again.

    Attributes:
        taking: begins, or goes on with, the transaction of control in which its homes are; None where none went ahead.
    """

    found: Bundle
    taking: Taking | None


@contextlib.contextmanager
def going(dbs: Databases, found: Bundle, beside: Executor) -> Iterator[Ahead]:
    """Let homes go ahead while the block writes the release; they stay only if the block ends well.

    Args:
        dbs: both databases.
        found: what account left.
        beside: who works beside the block.

    Raises:
        DatabaseError: control refused.
    """
    path = dbs.release_file.with_name("control.homes.new") if dbs.release_file is not None else None
    if path is not None:
        path.unlink(missing_ok=True)  # of a killed run
    if found.base or not found.rows.get(homes.FILE) or not _free(dbs):
        yield Ahead(found, None)
        return
    with _in_transaction(dbs, found, beside) if path is None else _in_file(dbs, found, beside, path) as taking:
        yield Ahead(found, taking)


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
