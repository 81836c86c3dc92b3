"""SQLite: a first or large release is built as a file of its own and becomes visible by one rename.

``release.db`` is a symbolic link to the generation readers see, ``release.g<number>.db``. SQLite names the log after
the file behind the link, so a generation keeps its own log: readers of the old one go on undisturbed, which renaming a
file over a database with a live log would not give them. The generation before stays until the next one is there.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import Engine

from transforms import database
from transforms.publish.state import sync_folder


@contextlib.contextmanager
def building(path: Path, number: int) -> Iterator[Engine]:
    """An engine over a copy of the current file; when the block ends well the copy is what readers open at ``path``.

    Nothing is seen before, and a copy left by a killed run is overwritten by the next one.
    """
    target = path.with_name(f"{path.stem}.g{number:06d}{path.suffix}")
    fresh = target.with_name(f"{target.name}.new")
    _remove(fresh)
    try:
        _copy(path, fresh)
        yield database.sqlite_engine(fresh, durable=False)
        _finish(fresh)
        _remove(target)
        fresh.rename(target)
    finally:
        _remove(fresh)
    before = path.resolve()
    _point(path, target)
    _tidy(path, keep={target.name, before.name})


def _copy(source: Path, target: Path) -> None:
    with (
        database.guarded(),
        contextlib.closing(sqlite3.connect(source)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


def _finish(path: Path) -> None:
    """The file is whole on disk, and in the mode in which readers and a writer do not block each other."""
    with database.guarded(), contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
    flush(path)


def flush(path: Path) -> None:
    """Bring what was written of a file to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _point(path: Path, target: Path) -> None:
    link = path.with_name(f"{path.name}.new")
    link.unlink(missing_ok=True)
    link.symlink_to(target.name)
    sync_folder(path.parent)
    was_file = path.exists() and not path.is_symlink()
    link.rename(path)
    sync_folder(path.parent)
    if was_file:  # its log must not meet a file that is one day put back under this name
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _tidy(path: Path, keep: set[str]) -> None:
    """Remove generations older than the one before this."""
    for old in path.parent.glob(f"{path.stem}.g*{path.suffix}"):
        if old.name not in keep:
            _remove(old)
