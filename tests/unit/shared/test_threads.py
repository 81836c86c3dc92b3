"""What several threads do side by side comes back in its order, whatever ends first, and with one thread as well."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from transforms.threads import Task, ahead, beside, together

COUNTS = pytest.mark.parametrize("threads", [1, 2, 3])


def squares(waits: threading.Event) -> Iterator[Task[int]]:
    """The first task ends last where there are several threads."""

    def first() -> int:
        waits.wait(0.2)
        return 0

    yield first
    for number in range(1, 6):

        def task(number: int = number) -> int:
            waits.set()
            return number * number

        yield task


@COUNTS
def test_results_come_in_the_order_of_the_tasks(threads: int) -> None:
    expected = [0, 1, 4, 9, 16, 25]
    assert list(ahead(threads, squares(threading.Event()))) == expected
    assert together(threads, squares(threading.Event())) == expected
    assert list(ahead(threads, [])) == together(threads, []) == []


@COUNTS
def test_no_more_is_begun_than_waits_to_be_asked_for(threads: int) -> None:
    begun = []

    def tasks() -> Iterator[Task[int]]:
        for number in range(9):
            begun.append(number)
            yield partial(int, number)

    asked = ahead(threads, tasks())
    assert next(asked) == 0
    assert len(begun) <= threads + 1
    assert list(asked) == list(range(1, 9))


@COUNTS
def test_an_error_comes_where_it_is_waited_for(threads: int) -> None:
    def fails() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        together(threads, [lambda: 1, fails])
    found = ahead(threads, [lambda: 1, fails])
    assert next(found) == 1
    with pytest.raises(ValueError, match="no"):
        next(found)
    with beside(threads, fails) as done, pytest.raises(ValueError, match="no"):
        done()


def test_a_task_is_done_beside_the_block_or_with_one_thread_when_it_is_asked_for() -> None:
    for threads, expected in ((2, "beside"), (1, "asked")):
        here = threading.get_ident()
        with beside(threads, threading.get_ident) as other:
            assert (other() == here) == (expected == "asked")
