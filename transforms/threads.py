"""Threads of a room's own: numpy, Arrow and DuckDB let go of the interpreter while they work, and work side by side.

What is done beside something else never changes what comes out: a task reads what is there and returns what it made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
Task = Callable[[], T]


@contextmanager
def beside(threads: int, task: Task[T]) -> Iterator[Task[T]]:
    """Begin a task while the block works; gives what waits for its end and returns what it made.

    Args:
        threads: how many the room may have; with one the task is done when it is asked for.
        task: what is done.

    Raises:
        Exception: where it is waited for: whatever the task raised.
    """
    if threads < 2:
        yield task
        return
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(task).result


def together(threads: int, tasks: Iterable[Task[T]]) -> list[T]:
    """What the tasks made, in their order; of several that fail the first one's error.

    Args:
        threads: how many work at once.
        tasks: what is done.
    """
    listed = list(tasks)
    if threads < 2 or len(listed) < 2:
        return [task() for task in listed]
    with ThreadPoolExecutor(min(threads, len(listed))) as pool:
        return [done.result() for done in [pool.submit(task) for task in listed]]


def ahead(threads: int, tasks: Iterable[Task[T]]) -> Iterator[T]:
    """What the tasks made, in their order, one after the other; so many of those that follow are under way meanwhile.

    Args:
        threads: how many work at once, and how many results wait to be asked for.
        tasks: what is done; they are asked for as they are begun.
    """
    if threads < 2:
        for task in tasks:
            yield task()
        return
    waiting = iter(tasks)
    with ThreadPoolExecutor(threads) as pool:
        begun: list[Future[T]] = [pool.submit(task) for task in islice(waiting, threads)]
        while begun:
            made = begun.pop(0).result()
            begun += [pool.submit(task) for task in islice(waiting, 1)]
            yield made
