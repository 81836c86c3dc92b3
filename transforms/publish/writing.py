"""The two ways a release is written: within one transaction, or (SQLite, much of it new) as a file of its own.

Either way the digests of what begins are summed beside it, and HEAD hears what may come before anybody can see it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path

from transforms import database, disputed, subjects
from transforms.database import Databases
from transforms.disputed import Doubt
from transforms.publish import apply, checks, delta, erased, generation, joined, loading, pages, state, touched, undo
from transforms.publish.bundle import Bundle
from transforms.publish.state import State
from transforms.run import Settings


@dataclass(frozen=True)
class _Order:
    """What is to be written, on what, with the restrictions and disputes that stand."""

    settings: Settings
    dbs: Databases
    bundle: Bundle
    before: State
    hidden: Collection[str]
    doubts: Sequence[Doubt]
    whole: Callable[[], None]


def write(
    settings: Settings, dbs: Databases, bundle: Bundle, before: State, beside: Executor, whole: Callable[[], None]
) -> tuple[State, dict[str, int]]:
    """Make a release of a bundle.

    Args:
        settings: where HEAD and the lake are.
        dbs: both databases.
        bundle: what account left.
        before: the release it goes on from, with the rows that are there.
        beside: who sums digests while rows are written.
        whole: waits until it is known that the bundle's files are as account wrote them.

    Returns:
        What the database is; ``<table>.<check>`` → rows of the #warn checks that found some.

    Raises:
        StaleInputError: the bundle was computed against another release.
        CheckError: a #fail check found rows.
        DatabaseError: the database refused; the old release stands.
        GridfactsError: ``DELTA``, ``NOT_A_NUMBER``, ``COUNTS``, ``CHECKSUM``: this is not what account said.
    """
    order = _Order(settings, dbs, bundle, before, subjects.hidden(dbs), disputed.doubts(settings, dbs), whole)
    begun = beside.submit(delta.begun_checksum, bundle)
    if dbs.release_file is not None and apply.is_large(bundle.changes, before.counts):
        return _as_a_file(order, dbs.release_file, begun, beside)
    return _in_place(order, begun)


def _in_place(order: _Order, begun: Future[str]) -> tuple[State, dict[str, int]]:
    pages.read(order.dbs, order.bundle)
    with database.writing(order.dbs.release) as connection:
        done = apply.end(connection, order.bundle, order.before, plain=not order.hidden and not order.doubts)
        loader = loading.InTransaction(connection, frozen=done.frozen)
        delta.stage(connection, apply.load(loader, order.bundle, done))
        apply.tell(loader, apply.told(connection, order.bundle, done, order.hidden, order.doubts))
        apply.analyse(connection, done)
        asked = _all if done.whole else touched.look(connection, done).queries
        warnings = checks.require(functools.partial(checks.offending, connection), asked)
        now = _intended(order, done, begun)
        erased.forget(connection, erased.due(order.dbs, connection))
    return now, warnings


def _as_a_file(order: _Order, path: Path, begun: Future[str], beside: Executor) -> tuple[State, dict[str, int]]:
    """The file is seen by nobody before it is renamed: what is committed in it before is no release."""
    with generation.building(path, order.bundle.base + 1) as engine:
        file = Path(str(engine.url.database))
        with database.writing(engine) as connection:
            done = apply.end(connection, order.bundle, order.before, plain=False)
        with loading.into(file) as loader:
            apply.load(loader, order.bundle, done)
        with database.writing(engine) as connection:
            told = apply.told(connection, order.bundle, done, order.hidden, order.doubts)
            erased.forget(connection, erased.due(order.dbs, connection))
        with loading.into(file) as loader:
            apply.tell(loader, told)
        flushed = beside.submit(generation.flush, file)
        with joined.asking(order.settings, file, [check.query for check in checks.load_all()]) as count:
            warnings = checks.require(count, _all)
        flushed.result()
        now = _intended(order, done, begun)
    return now, warnings


def _all(check: checks.Check) -> list[str]:
    return [check.query]


def _intended(order: _Order, done: delta.Delta, begun: Future[str]) -> State:
    order.whole()
    now = apply.coming(order.bundle, done, begun.result())
    undo.keep(order.settings, now.release, done.gone)
    state.intend(order.settings, now)
    return now
