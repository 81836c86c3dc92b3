"""What a release database says of itself, and HEAD: the same said outside it, because a store cannot know what it lost.

A damaged log opens "fine" with committed rows missing (faults.md finding 6). HEAD is written in two steps: what may
come (``next``) before the commit, what is (``now``) after it. A database in neither state has lost or gained something.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk, database, tables
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.run import Settings
from transforms.tables import Table
from transforms.threads import together

_RESTORE = "restore the database (or HEAD) from the backup of that release, or rebuild from landing"
_NEW = "bring back head/HEAD.json of this home from its backup, or, where the home is a new one, name an empty database"


@dataclass(frozen=True)
class State:
    """A release: its number (0: none yet), night, checksum, and rows per table (current ones where it has history)."""

    release: int = 0
    night: str = ""
    checksum: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """For a message."""
        return f"release {self.release} with checksum {self.checksum[:12] or 'none'}"


class HeadError(GridfactsError):
    """HALT: the database is not in a state that HEAD knows."""

    def __init__(self, stored: str, required: str, remedy: str = _RESTORE) -> None:
        """Say stored, required and remedy."""
        super().__init__("HEAD_MISMATCH", f"stored {stored}; required {required}; remedy: {remedy}")


def last(connection: Connection) -> State:
    """The last release as the table ``release`` tells it, without counts."""
    row = connection.execute(
        sa.text("SELECT release, night, checksum FROM release ORDER BY release DESC LIMIT 1")
    ).one_or_none()
    return State(row.release, row.night, row.checksum) if row else State()


def of_database(dbs: Databases, threads: int = 1) -> State:
    """The last release with the rows that are really there, so many tables counted at once.

    Nobody writes meanwhile: the caller holds the publish lock, or alone knows the database.
    """
    with database.reading(dbs.release) as connection:
        found = last(connection)
    if not found.release:
        return found
    counted = [table for table in tables.of("release").values() if not table.decided]
    rows = together(threads, [partial(_rows, dbs, table) for table in counted])
    counts = {table.table: count for table, count in zip(counted, rows, strict=True)}
    return replace(found, counts=counts)


def _rows(dbs: Databases, table: Table) -> int:
    where = " WHERE known_to IS NULL" if table.history else ""
    with database.reading(dbs.release) as connection:
        if bulk.is_postgres(connection):  # tables are counted side by side: with workers for each no reader gets a core
            connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")
        return int(connection.scalar(sa.text(f'SELECT count(*) FROM "{table.table}"{where}')) or 0)  # noqa: S608


def verify(settings: Settings, dbs: Databases) -> State:
    """Compare the release database with HEAD. Called at every start of publish, under its lock.

    Returns:
        The state both agree on.

    Raises:
        HeadError: they do not agree.
    """
    found = of_database(dbs, settings.threads)
    one = _said(settings, found)
    if wrong := [name for name, rows in one.counts.items() if found.counts.get(name) != rows]:
        raise HeadError(f"other row counts in {', '.join(wrong)}", f"those of {one.told}")
    return found


def known(settings: Settings, dbs: Databases) -> None:
    """Compare the release database with HEAD by release and checksum alone, which costs nothing; no row is counted.

    Raises:
        HeadError: they do not agree; or, where the caller does not hold the publish lock, a publish ends meanwhile.
    """
    found = State()
    if database.current_release(dbs):
        with database.reading(dbs.release) as connection:
            found = last(connection)
    _said(settings, found)


def _said(settings: Settings, found: State) -> State:
    """What HEAD says of a release.

    Raises:
        HeadError: it does not know it.
    """
    now, coming = _read(settings)
    for one in (now, coming):
        if one is not None and (one.release, one.checksum) == (found.release, found.checksum):
            return one
    if found.release and not _path(settings).exists():
        raise HeadError(found.told, "no release, for this home has no HEAD", _NEW)
    raise HeadError(found.told, now.told)


def intend(settings: Settings, coming: State) -> None:
    """Say, before the commit, what the database may be next."""
    _write(settings, _read(settings)[0], coming)


def settle(settings: Settings, now: State) -> None:
    """Say, after the commit, what the database is."""
    _write(settings, now, None)


def _path(settings: Settings) -> Path:
    return settings.home / "head" / "HEAD.json"


def _read(settings: Settings) -> tuple[State, State | None]:
    try:
        told = json.loads(_path(settings).read_text("utf-8"))
        return State(**told["now"]), State(**told["next"]) if told["next"] else None
    except FileNotFoundError:
        return State(), None
    except (OSError, ValueError, KeyError, TypeError):
        raise HeadError("a HEAD.json that cannot be read", "the file as publish wrote it") from None


def _write(settings: Settings, now: State, coming: State | None) -> None:
    path = _path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump({"now": asdict(now), "next": asdict(coming) if coming else None}, file, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
