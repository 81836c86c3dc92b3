"""One publisher at a time. Dead holders let go by themselves: the kernel or the server frees the lock."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import database
from transforms.database import Databases
from transforms.errors import GridfactsError

_WHOLE, _TRANSACTION = 4_443_002, 4_443_003
_SECONDS = 600.0
_STEP = 0.05


@contextlib.contextmanager
def publish_lock(dbs: Databases, seconds: float = _SECONDS) -> Iterator[None]:
    """Hold the deployment's publish lock for the block: a file lock (SQLite) or a session's advisory lock (PostgreSQL).

    Raises:
        GridfactsError: ``PUBLISH_BUSY``: another publish held it for all the seconds.
    """
    if dbs.release_file is not None:
        dbs.release_file.parent.mkdir(parents=True, exist_ok=True)
        with dbs.release_file.with_name(f"{dbs.release_file.name}.lock").open("w") as file:
            _wait(lambda: _flock(file.fileno()), seconds)
            yield
        return
    with database.guarded():
        connection = dbs.release.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection:
        ask = sa.text("SELECT pg_try_advisory_lock(:key)")
        with database.guarded():
            _wait(lambda: bool(connection.scalar(ask, {"key": _WHOLE})), seconds)
        yield  # closing the connection ends the session and with it the lock


def within(connection: Connection) -> None:
    """Take the lock once more inside the writing transaction, should the session that holds it have been lost."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TRANSACTION})


def _flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(taken: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not taken():
        if time.monotonic() > end:
            raise GridfactsError("PUBLISH_BUSY", f"another publish has held the lock for {seconds:.0f} seconds")
        time.sleep(_STEP)
