"""A small reference consumer: a local SQLite copy of the entity tables that follows the feed at its own pace.

``pull`` takes a snapshot when there is none, then pages of events into an inbox; ``apply`` moves whole releases from
the inbox into the tables. Both may be killed, repeated or meet an event twice. A source that no longer knows the
release the copy stands on (it was restored from a backup) makes the copy start again from a snapshot.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import Connection

from transforms import bulk, tables
from transforms.errors import GridfactsError
from transforms.reader import feed
from transforms.reader.feed import Event, Mark, Row

_SQL = {"text": "TEXT", "integer": "INTEGER", "number": "REAL", "day": "TEXT", "boolean": "INTEGER", "binary": "BLOB"}
_OWN = (
    "CREATE TABLE IF NOT EXISTS _state (one INTEGER PRIMARY KEY CHECK (one = 1), release, checksum, seq, pulled)",
    "CREATE TABLE IF NOT EXISTS _mark (release INTEGER PRIMARY KEY, checksum, seq)",
    "CREATE TABLE IF NOT EXISTS _inbox (seq INTEGER PRIMARY KEY, release, kind, entity_id, event, held)",
)


class Replica:
    """The copy in one file.

    Attributes:
        follow: kind → the table copied for it.
    """

    def __init__(self, path: Path, follow: dict[str, tables.Table]) -> None:
        """Open or make the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.follow = follow
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        with self._transaction():
            for statement in _OWN:
                self._connection.execute(statement)
            for table in follow.values():
                columns = ", ".join(f'"{name}" {_SQL[table.columns[name].type]}' for name in table.facts.names)
                key = f'PRIMARY KEY ("{table.key[0]}")'
                self._connection.execute(f'CREATE TABLE IF NOT EXISTS "{table.table}" ({columns}, {key})')

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @property
    def release(self) -> int:
        """The release the tables stand at; 0 before the first snapshot."""
        found = self._connection.execute("SELECT release FROM _state").fetchone()
        return int(found["release"]) if found else 0

    def pull(self, source: Connection, limit: int = feed.PAGE) -> int:
        """Take the next page of events, or a snapshot where the copy has none (or none the source knows).

        Args:
            source: a reading transaction on the release database.
            limit: events a page.

        Returns:
            How many events came; a snapshot is 0.

        Raises:
            GridfactsError: ``NO_RELEASE``: there is nothing to follow yet.
        """
        marks = feed.marks(source)
        if not marks:
            raise GridfactsError("NO_RELEASE", "the source has not published a release yet")
        state = self._connection.execute("SELECT * FROM _state").fetchone()
        if state is None or not any((m.release, m.checksum) == (state["release"], state["checksum"]) for m in marks):
            self._snapshot(source, marks[-1])
            return 0
        events = feed.page(source, self.follow, state["pulled"], limit)
        with self._transaction():
            self._take(events, [mark for mark in marks if mark.release > state["release"]])
        return len(events)

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
                    if event["kind"] in self.follow:
                        self._put(self.follow[event["kind"]], event["entity_id"], json.loads(event["held"]))
                self._connection.execute("DELETE FROM _inbox WHERE release <= ?", (mark.release,))
                self._connection.execute("DELETE FROM _mark WHERE release <= ?", (mark.release,))
                self._connection.execute(
                    "UPDATE _state SET release = ?, checksum = ?, seq = ?", (mark.release, mark.checksum, mark.seq)
                )
            done += 1
        return done

    def rows(self, table: str) -> list[Row]:
        """A copied table, sorted by its key."""
        key = next(one.key[0] for one in self.follow.values() if one.table == table)
        return [dict(row) for row in self._connection.execute(f'SELECT * FROM "{table}" ORDER BY "{key}"')]  # noqa: S608

    def _next(self) -> Mark | None:
        """The next release all of whose events are here."""
        found = self._connection.execute(
            "SELECT one.release, one.checksum, one.seq FROM _mark AS one, _state AS state "
            "WHERE one.seq <= state.pulled AND one.release > state.release ORDER BY one.release LIMIT 1"
        ).fetchone()
        return Mark(*found) if found else None

    def _take(self, events: list[Event], marks: list[Mark]) -> None:
        for event in events:
            self._connection.execute(
                "INSERT OR IGNORE INTO _inbox VALUES (?, ?, ?, ?, ?, ?)",
                (event.seq, event.release, event.kind, event.entity_id, event.event, json.dumps(event.row)),
            )
        for mark in marks:
            self._connection.execute(
                "INSERT OR REPLACE INTO _mark VALUES (?, ?, ?)", (mark.release, mark.checksum, mark.seq)
            )
        if events:
            self._connection.execute("UPDATE _state SET pulled = MAX(pulled, ?)", (events[-1].seq,))

    def _snapshot(self, source: Connection, mark: Mark) -> None:
        """Everything as of the last release; the feed goes on right behind it."""
        with self._transaction():
            for name in ("_state", "_inbox", "_mark", *(table.table for table in self.follow.values())):
                self._connection.execute(f'DELETE FROM "{name}"')  # noqa: S608
            for table in self.follow.values():
                for row in feed.as_of(source, table, mark.release):
                    self._put(table, row[table.key[0]], row)
            self._connection.execute(
                "INSERT INTO _state VALUES (1, ?, ?, ?, ?)", (mark.release, mark.checksum, mark.seq, mark.seq)
            )

    def _put(self, table: tables.Table, entity: str, row: Row | None) -> None:
        self._connection.execute(f'DELETE FROM "{table.table}" WHERE "{table.key[0]}" = ?', (entity,))  # noqa: S608
        if row is not None:
            marks = ", ".join("?" * len(row))
            text = f'INSERT INTO "{table.table}" ({bulk.listed(list(row))}) VALUES ({marks})'  # noqa: S608
            self._connection.execute(text, list(row.values()))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
