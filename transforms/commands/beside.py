"""Processes beside the rooms of ``gridfacts run``: sources, several at a time, and doors that are told ahead.

Each is forked from one process that has imported and done nothing: threads of engines do not survive a fork.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import multiprocessing
import os
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext

from transforms.errors import GridfactsError
from transforms.run import Run

_BESIDE = 5  # how much the listener gives way to the rooms (nice)

Done = Callable[[str], None]
"""Hears of each step that is done: ``sources``, ``apply``, ``<room> <stage>``."""


def clean() -> ForkServerContext:
    """The context in which all of them start."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["transforms.commands.preloaded"])
    return context


@contextlib.contextmanager
def listening(this: Run) -> Iterator[Done]:
    """A process beside the rooms tells doors as soon as what lies behind them is done; close tells the rest.

    Only where there is a core to spare. If it fails, nothing is lost: close tells every door that was not told.
    """
    if this.settings.threads == 1:
        yield lambda _step: None
        return
    ours, theirs = multiprocessing.Pipe(duplex=False)
    listener = clean().Process(target=_listen, args=(dataclasses.replace(this, say=_nothing), ours))
    listener.start()
    ours.close()
    try:
        with theirs:
            yield functools.partial(_tell, theirs)
    except BaseException:
        listener.terminate()  # the night has failed: nobody will ask for what it would hear
        raise
    finally:
        listener.join()


def _tell(listener: Connection, step: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # it may have stopped before its time
        listener.send(step)


def _listen(this: Run, done: Connection) -> None:
    from transforms import account, land

    os.nice(_BESIDE)
    with contextlib.suppress(GridfactsError):  # close will meet it, and say it
        account.listen(this, land.reread, _received(done))


def _nothing(_message: str) -> None:
    """Doors told ahead make no progress of their own."""


def _received(done: Connection) -> Iterator[str]:
    with contextlib.suppress(EOFError):  # the night is through its stages, or stopped
        while True:
            yield done.recv()
