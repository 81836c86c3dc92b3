"""Processes that do one task each and end with it, so that all their memory is given back.

They are forked: what the parent has made is there without being sent. The parent runs no thread, which makes forking
safe, and waits for whoever is done first.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Crew(Generic[T]):
    """Tasks at work, each in a process of its own, told apart by name."""

    def __init__(self) -> None:
        """Nobody is at work."""
        self._fork = multiprocessing.get_context("fork")
        self._at_work: dict[Connection, tuple[str, BaseProcess]] = {}

    def __enter__(self) -> Crew[T]:
        """Use with `with`: who is still at work at the end is stopped."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop whoever is still at work."""
        for _, process in self._at_work.values():
            process.terminate()
            process.join()

    @property
    def names(self) -> list[str]:
        """Who is at work."""
        return [name for name, _ in self._at_work.values()]

    def start(self, name: str, task: Callable[[], T]) -> None:
        """Begin a task."""
        near, far = self._fork.Pipe(duplex=False)
        process = self._fork.Process(target=_work, args=(task, far), name=name)
        process.start()
        far.close()
        self._at_work[near] = (name, process)

    def next_done(self) -> tuple[str, T]:
        """Wait for one that is done: its name and what it made.

        Raises:
            RuntimeError: its process ended without a word (killed, out of memory).
            Exception: what its task raised.
        """
        ready = wait(list(self._at_work))
        near = next(connection for connection in self._at_work if connection in ready)
        name, process = self._at_work.pop(near)
        try:
            made: T | Exception = near.recv()
        except EOFError:
            process.join()
            raise RuntimeError(f"the process of {name} ended with code {process.exitcode}") from None
        finally:
            near.close()
        process.join()
        if isinstance(made, Exception):
            raise made
        return name, made


def _work(task: Callable[[], T], sink: Connection) -> None:
    """In the forked process: do the task, say what it made or what went wrong."""
    try:
        sink.send(task())
    except Exception as error:  # told to the parent, which raises it
        sink.send(error)
    finally:
        sink.close()
