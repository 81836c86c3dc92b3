"""While a release is published on PostgreSQL, readers of every view are answered at once, and by one release alone."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa

from tests import small_release as small
from transforms import database, publish, tables
from transforms.run import Settings

pytestmark = pytest.mark.postgres
READERS = 4
LOCK = "200ms"
Answers = dict[str, list[tuple[object, ...]]]


def answers(engine: sa.Engine) -> Answers:
    """The newest release and every row of every view in one snapshot, for somebody who waits for no lock."""
    found: Answers = {}
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK}'")
        for name in ("release", *sorted(path.stem for path in (tables.SQL / "views").glob("*.sql"))):
            rows = connection.exec_driver_sql(f"SELECT * FROM {name}")
            found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def asked(engine: sa.Engine, over: threading.Event, waits: list[str]) -> list[Answers]:
    """Ask until it is over: the answers that differ from the one before, and one wait for each that was not given."""
    seen: list[Answers] = []
    while not over.is_set():
        try:
            found = answers(engine)
        except sa.exc.OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
            waits.append(LOCK)
            continue
        if not seen or found != seen[-1]:
            seen.append(found)
    return seen


@contextlib.contextmanager
def readers(engine: sa.Engine, waits: list[str]) -> Iterator[list[Answers]]:
    """Everything that some readers see while the block runs; there when it has ended."""
    over, seen = threading.Event(), list[Answers]()
    with ThreadPoolExecutor(READERS) as pool:
        polls = [pool.submit(asked, engine, over, waits) for _ in range(READERS)]
        try:
            yield seen
        finally:
            over.set()
        for one in polls:
            seen += one.result()


@pytest.fixture
def deployment(home: Callable[..., Settings], migrated_url: str) -> tuple[Settings, sa.Engine]:
    settings = home(migrated_url)
    return settings, database.open_databases(settings).release.execution_options(isolation_level="REPEATABLE READ")


def test_nobody_waits_for_a_release_and_nobody_sees_a_mixture(deployment: tuple[Settings, sa.Engine]) -> None:
    """Small releases and large ones, in turn."""
    settings, engine = deployment
    first, renamed = small.first_city(), small.first_city()
    renamed["fact_person"][1]["name"] = "张改名"
    nights, waits = [first, renamed, small.second_city(), first, renamed], list[str]()
    publish.run(small.close(settings, "2026-10-01", {}, first, 0).run)
    told = [answers(engine)]
    with readers(engine, waits) as seen:
        for number, (then, now) in enumerate(itertools.pairwise(nights), 2):
            publish.run(small.close(settings, f"2026-10-{number:02d}", then, now, number - 1).run)
            told.append(answers(engine))
    assert waits == []
    assert len({len(one["release"]) for one in seen}) > 2, "readers saw releases come"
    assert all(one in told for one in seen)


def test_before_a_first_release_there_is_nothing_and_then_all_of_it(deployment: tuple[Settings, sa.Engine]) -> None:
    """A first release has its tables for itself (decision 27): who asks meanwhile waits, and sees no part of it."""
    settings, engine = deployment
    closed, waits = small.close(settings, "2026-10-01", {}, small.first_city(), 0), list[str]()
    nothing = answers(engine)
    with readers(engine, waits) as seen:
        publish.run(closed.run)
        whole = answers(engine)
    assert not any(nothing.values())
    assert [name for name, rows in whole.items() if not rows] == ["v1_disputed"]
    assert all(one in (nothing, whole) for one in seen)
