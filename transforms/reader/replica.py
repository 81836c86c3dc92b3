"""A small reference consumer: a local SQLite copy that follows a feed at its own pace.

``pull`` takes a snapshot when there is none, then pages of events into an inbox; ``apply`` moves whole releases from
the inbox into the tables. Both may be killed, repeated or meet an event twice. A source that no longer knows the
release the copy stands on (it was restored from a backup, or other rights hold) makes the copy start again from a
snapshot; a table or column that is no longer shared leaves the file at once.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from transforms import bulk
from transforms.errors import GridfactsError
from transforms.reader import feed
from transforms.reader.feed import REPLACE, Page, Row, Shape, Source

_SQL = {"text": "TEXT", "integer": "INTEGER", "number": "REAL", "day": "TEXT", "boolean": "INTEGER", "binary": "BLOB"}
_OWN = {
    "_state": "one INTEGER PRIMARY KEY CHECK (one = 1), release, checksum, seq, pulled",
    "_mark": "release INTEGER PRIMARY KEY, checksum, seq",
    "_inbox": "seq INTEGER PRIMARY KEY, release, kind, entity, event, held",
}


class Replica:
    """The copy in one file.

    Attributes:
        shapes: kind → the table copied for it.
    """

    def __init__(self, path: Path, shapes: Mapping[str, Shape]) -> None:
        """Open or make the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.shapes = shapes
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA secure_delete=ON")  # what a copy may no longer hold is overwritten
        told = json.dumps([(kind, asdict(shape)) for kind, shape in shapes.items()])
        with self._transaction():
            self._connection.execute("CREATE TABLE IF NOT EXISTS _shape (told)")
            held = self._connection.execute("SELECT told FROM _shape").fetchone()
            if held is None or held["told"] != told:
                self._make(told)

    @classmethod
    def held(cls, path: Path) -> Replica:
        """The copy that a file is already.

        Raises:
            GridfactsError: ``NO_COPY``: there is no such file, or it is none.
        """
        try:
            with contextlib.closing(sqlite3.connect(f"file:{path.absolute()}?mode=ro", uri=True)) as connection:
                (told,) = connection.execute("SELECT told FROM _shape").fetchone()
        except (sqlite3.Error, TypeError):
            raise GridfactsError("NO_COPY", f"{path} is no copy: make one with 'gridfacts feed pull'") from None
        return cls(path, {kind: Shape(**{**one, "key": tuple(one["key"])}) for kind, one in json.loads(told)})

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @property
    def release(self) -> int:
        """The release the tables stand at; 0 before the first snapshot."""
        found = self._connection.execute("SELECT release FROM _state").fetchone()
        return int(found["release"]) if found else 0

    def pull(self, source: Source, limit: int = feed.PAGE) -> int:
        """Take the next page of events, or a snapshot where the copy has none (or none the source knows).

        Args:
            source: whose shapes are the copy's.
            limit: events a page.

        Returns:
            How many events came; a snapshot is 0.

        Raises:
            GridfactsError: ``NO_RELEASE``: there is nothing to follow yet.
        """
        newest = source.newest()
        if newest is None:
            raise GridfactsError("NO_RELEASE", "the source has not published a release yet")
        state = self._connection.execute("SELECT * FROM _state").fetchone()
        if state is None or not source.knows(state["release"], state["checksum"]):
            self._snapshot(source.snapshot(), newest)
            return 0
        page = source.page(state["pulled"], limit)
        with self._transaction():
            self._take(page, state["release"])
        return len(page.events)

    def apply(self) -> int:
        """Move every release that has come whole into the tables, each in a transaction of its own.

        Returns:
            How many releases.
        """
        done = 0
        while (mark := self._next()) is not None:
            with self._transaction():
                for event in self._connection.execute(
                    "SELECT * FROM _inbox WHERE release = ? ORDER BY seq", (mark.release,)
                ).fetchall():
                    if event["kind"] in self.shapes:
                        self._move(event)
                self._connection.execute("DELETE FROM _inbox WHERE release <= ?", (mark.release,))
                self._connection.execute("DELETE FROM _mark WHERE release <= ?", (mark.release,))
                self._connection.execute(
                    "UPDATE _state SET release = ?, checksum = ?, seq = ?", (mark.release, mark.checksum, mark.seq)
                )
            done += 1
        return done

    def rows(self, table: str) -> list[Row]:
        """A copied table, sorted by its key (by every column where it has none)."""
        shape = next(one for one in self.shapes.values() if one.table == table)
        order = bulk.listed(shape.key or list(shape.columns))
        return [dict(row) for row in self._connection.execute(f'SELECT * FROM "{table}" ORDER BY {order}')]  # noqa: S608

    def _make(self, told: str) -> None:
        """New tables for new shapes: whatever the file held before is gone."""
        there = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> '_shape'"
        for (name,) in self._connection.execute(there).fetchall():
            self._connection.execute(f'DROP TABLE "{name}"')
        for name, columns in (_OWN | {shape.table: _columns(shape) for shape in self.shapes.values()}).items():
            self._connection.execute(f'CREATE TABLE "{name}" ({columns})')
        self._connection.execute("DELETE FROM _shape")
        self._connection.execute("INSERT INTO _shape VALUES (?)", (told,))

    def _next(self) -> feed.Mark | None:
        """The next release all of whose events are here."""
        found = self._connection.execute(
            "SELECT one.release, one.checksum, one.seq FROM _mark AS one, _state AS state "
            "WHERE one.release > state.release ORDER BY one.release LIMIT 1"
        ).fetchone()
        return feed.Mark(*found) if found else None

    def _take(self, page: Page, release: int) -> None:
        for event in page.events:
            held = (event.seq, event.release, event.kind, json.dumps(event.key), event.event, json.dumps(event.row))
            self._connection.execute("INSERT OR IGNORE INTO _inbox VALUES (?, ?, ?, ?, ?, ?)", held)
        for mark in page.marks:
            if mark.release > release:
                told = (mark.release, mark.checksum, mark.seq)
                self._connection.execute("INSERT OR REPLACE INTO _mark VALUES (?, ?, ?)", told)
        self._connection.execute("UPDATE _state SET pulled = MAX(pulled, ?)", (page.upto,))

    def _snapshot(self, told: Iterable[tuple[str, list[Row]]], mark: feed.Mark) -> None:
        """Everything as of the last release; the feed goes on right behind it."""
        with self._transaction():
            for name in (*_OWN, *(shape.table for shape in self.shapes.values())):
                self._connection.execute(f'DELETE FROM "{name}"')  # noqa: S608
            for kind, rows in told:
                self._insert(self.shapes[kind], rows)
            self._connection.execute(
                "INSERT INTO _state VALUES (1, ?, ?, ?, ?)", (mark.release, mark.checksum, mark.seq, mark.seq)
            )

    def _move(self, event: sqlite3.Row) -> None:
        """One event from the inbox into its table."""
        shape, row = self.shapes[event["kind"]], json.loads(event["held"])
        if event["event"] == REPLACE:
            self._connection.execute(f'DELETE FROM "{shape.table}"')  # noqa: S608
            self._insert(shape, row)
            return
        tests = " AND ".join(f'"{name}" IS ?' for name in shape.key)
        self._connection.execute(f'DELETE FROM "{shape.table}" WHERE {tests}', json.loads(event["entity"]))  # noqa: S608
        if row is not None:
            self._insert(shape, [row])

    def _insert(self, shape: Shape, rows: list[Row]) -> None:
        marks = ", ".join("?" * len(shape.columns))
        text = f'INSERT INTO "{shape.table}" ({bulk.listed(list(shape.columns))}) VALUES ({marks})'  # noqa: S608
        self._connection.executemany(text, ([row[name] for name in shape.columns] for row in rows))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _columns(shape: Shape) -> str:
    columns = ", ".join(f'"{name}" {_SQL[kind]}' for name, kind in shape.columns.items())
    return f"{columns}, PRIMARY KEY ({bulk.listed(shape.key)})" if shape.key else columns
