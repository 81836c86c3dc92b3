"""The change feed as a release database tells it: pages of numbered events, each with its row as of its release.

:class:`Source` is what a copy follows. :class:`Whole` tells everything, to the operator's own copies; what one consumer
may see is told by :mod:`transforms.reader.limited`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import kinds, tables
from transforms.bulk import listed
from transforms.run import Settings

PAGE = 1_000
REPLACE = "replace"  # the event of a table that is told whole
Row = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """One table of a copy.

    Attributes:
        table: its name. columns: name → the catalogue's type.
        key: the columns of its key; none where the table is only ever told whole.
    """

    table: str
    columns: Mapping[str, tables.Type]
    key: tuple[str, ...]


@dataclass(frozen=True)
class Mark:
    """Where a release ends in the feed: its number, a proof of its content and the high-water mark of its events."""

    release: int
    checksum: str
    seq: int


@dataclass(frozen=True)
class Event:
    """One event, with the row as of its release. The feed itself holds no values.

    Attributes:
        seq: its number; numbers rise.
        kind: whose shape the row has; a kind without a shape comes without a row.
        key: the values of the shape's key.
        event: create, update, merge, split, move, retire, return, erase, restrict; replace: ``row`` is every row.
        fields: names of changed fields, ``|`` between them.
        other_id: the other entity of a merge or split.
        row: None: it is gone, or it is ``restricted`` today and shown to nobody.
    """

    seq: int
    release: int
    kind: str
    key: tuple[Any, ...]
    event: str
    fields: str | None
    other_id: str | None
    row: Row | list[Row] | None
    restricted: bool = False


@dataclass(frozen=True)
class Page:
    """Some events in order, the number up to which everything is told by them, and the releases that end by then."""

    events: list[Event]
    upto: int
    marks: list[Mark]


class Source(Protocol):
    """What a copy follows, within one reading transaction."""

    shapes: Mapping[str, Shape]

    def newest(self) -> Mark | None:
        """The last release, None before the first."""

    def knows(self, release: int, checksum: str) -> bool:
        """Whether a release was told with this proof: if not, the source is another one, or other rights hold."""

    def page(self, after: int, limit: int) -> Page:
        """What comes after a number, at most ``limit`` events; without events there is nothing more yet."""

    def snapshot(self) -> Iterable[tuple[str, list[Row]]]:
        """Every kind's rows as of the newest release."""


class Whole:
    """Everything that the feed tells, in clear."""

    def __init__(
        self,
        connection: Connection,
        follow: Mapping[str, tables.Table],
        looked: Callable[[int], object] = lambda _rows: None,
    ) -> None:
        """``connection`` reads the release database; ``follow``: kind → its table; ``looked``: as in Limited."""
        self.shapes: Mapping[str, Shape] = shapes(follow)
        self._connection, self._follow, self._looked = connection, follow, looked

    def newest(self) -> Mark | None:
        """The last release, None before the first."""
        return max(marks(self._connection), key=lambda mark: mark.release, default=None)

    def knows(self, release: int, checksum: str) -> bool:
        """Whether the release is here and its checksum is this."""
        return any((m.release, m.checksum) == (release, checksum) for m in marks(self._connection, release - 1))

    def page(self, after: int, limit: int = PAGE) -> Page:
        """The next events after a number."""
        events = _page(self._connection, self._follow, after, limit)
        if events:
            self._looked(len(events))
        upto = events[-1].seq if events else after
        return Page(events, upto, [mark for mark in marks(self._connection) if mark.seq <= upto])

    def snapshot(self) -> Iterable[tuple[str, list[Row]]]:
        """Every followed table as of the newest release."""
        if (newest := self.newest()) is not None:
            self._looked(sum(_count(self._connection, table, newest.release) for table in self._follow.values()))
            for kind, table in self._follow.items():
                yield kind, as_of(self._connection, table, newest.release)


def followed(settings: Settings) -> dict[str, tables.Table]:
    """Kind → its table in the release database, of every kind that has one with history."""
    known = tables.of("release")
    return {
        name: known[kind.table]
        for name, kind in kinds.load_all(settings.expectations).items()
        if kind.table in known and known[kind.table].history
    }


def shapes(follow: Mapping[str, tables.Table]) -> dict[str, Shape]:
    """The tables of a copy that follows everything."""
    return {
        kind: Shape(table.table, {name: table.columns[name].type for name in table.facts.names}, table.key[:1])
        for kind, table in follow.items()
    }


def marks(connection: Connection, after: int = 0) -> list[Mark]:
    """The releases after a number, in order."""
    found = connection.execute(
        sa.text(
            "SELECT one.release, one.checksum, (SELECT COALESCE(MAX(event.seq), 0) FROM change AS event "
            "WHERE event.release <= one.release) AS seq FROM release AS one WHERE one.release > :after ORDER BY 1"
        ),
        {"after": after},
    )
    return [Mark(*row) for row in found]


def _page(connection: Connection, follow: Mapping[str, tables.Table], after: int, limit: int) -> list[Event]:
    found = connection.execute(
        sa.text(
            "SELECT seq, release, kind, entity_id, event, fields, other_id FROM change "
            "WHERE seq > :after ORDER BY seq LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    ).all()
    shut = restricted(connection)
    rows: dict[tuple[str, int, str], Row] = {}
    for kind, release in sorted({(event.kind, event.release) for event in found if event.kind in follow}):
        ids = sorted({event.entity_id for event in found if (event.kind, event.release) == (kind, release)})
        for row in as_of(connection, follow[kind], release, ids, shut):
            rows[kind, release, row[follow[kind].key[0]]] = row
    return [
        Event(
            event.seq, event.release, event.kind, (event.entity_id,), event.event, event.fields, event.other_id,
            rows.get((event.kind, event.release, event.entity_id)), event.entity_id in shut,
        )
        for event in found
    ]  # fmt: skip


def restricted(connection: Connection) -> frozenset[str]:
    """The entities that are restricted today."""
    if not sa.inspect(connection).has_table("restricted"):  # new code before its first night
        return frozenset()
    return frozenset(connection.scalars(sa.text("SELECT entity_id FROM restricted WHERE state <> 'lifted'")))


def as_of(
    connection: Connection,
    table: tables.Table,
    release: int,
    ids: Iterable[str] | None = None,
    shut: frozenset[str] | None = None,
) -> list[Row]:
    """Rows of a table as they stood in a release, all or those of some entities; days are ISO text.

    What is restricted today (``shut``, asked for where it is not given) is in no release, the earlier ones included.
    """
    text = f"SELECT {listed(table.facts.names)} {_standing(table)}"
    if ids is None:
        found = connection.execute(sa.text(text), {"release": release}).mappings()
    else:
        asked = sa.text(f'{text} AND "{table.key[0]}" IN :ids').bindparams(sa.bindparam("ids", expanding=True))
        found = connection.execute(asked, {"release": release, "ids": list(ids)}).mappings()
    shut = restricted(connection) if shut is None else shut
    return [
        {name: _plain(value, table.columns[name].type) for name, value in row.items()}
        for row in found
        if row[table.key[0]] not in shut
    ]


def _count(connection: Connection, table: tables.Table, release: int) -> int:
    return int(connection.scalar(sa.text(f"SELECT COUNT(*) {_standing(table)}"), {"release": release}) or 0)


def _standing(table: tables.Table) -> str:
    return f'FROM "{table.table}" WHERE known_from <= :release AND (known_to IS NULL OR known_to > :release)'


def _plain(value: object, kind: str) -> object:
    """The same value from either driver."""
    if value is None or kind in ("text", "integer", "number"):
        return value
    return bool(value) if kind == "boolean" else str(value)
