from __future__ import annotations

import os
import signal
import time
from functools import partial

import pytest

from demo.crew import Crew


def squared(number: int) -> int:
    return number * number


def failing() -> int:
    raise ValueError("not today")


def killed() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def everybody(crew: Crew[int], count: int) -> dict[str, int]:
    return dict(crew.next_done() for _ in range(count))


def test_each_task_is_done_once_in_a_process_of_its_own() -> None:
    with Crew[int]() as crew:
        for number in range(5):
            crew.start(str(number), partial(squared, number))
        assert sorted(crew.names) == list("01234")
        assert everybody(crew, 5) == {str(n): n * n for n in range(5)}
        assert crew.names == []
    with Crew[int]() as crew:
        crew.start("who", os.getpid)
        assert crew.next_done()[1] != os.getpid()


def test_who_is_done_first_is_told_first() -> None:
    with Crew[None]() as crew:
        crew.start("slow", partial(time.sleep, 30))
        crew.start("quick", partial(time.sleep, 0))
        assert crew.next_done()[0] == "quick"
        begin = time.monotonic()
    assert time.monotonic() - begin < 10, "who is still at work at the end is stopped"


def test_what_goes_wrong_in_a_task_goes_wrong_here() -> None:
    with Crew[int]() as crew:
        crew.start("ill", failing)
        with pytest.raises(ValueError, match="not today"):
            crew.next_done()


def test_a_process_that_dies_is_named() -> None:
    with Crew[int]() as crew:
        crew.start("dianli", killed)
        with pytest.raises(RuntimeError, match=r"of dianli ended with code -9"):
            crew.next_done()
