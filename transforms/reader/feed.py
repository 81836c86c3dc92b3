"""The change feed as a release database tells it: pages of numbered events, each with its row as of its release.

:class:`Source` is what a copy follows. :class:`Whole` tells everything, to the operator's own copies; what one consumer
may see is told by :mod:`transforms.reader.limited`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import kinds, tables
from transforms.bulk import listed
from transforms.run import Settings

PAGE = 1_000
REPLACE = "replace"  # the event of a table that is told whole
Row = dict[str, Any]
# What the drivers do not tell alike.
_PLAIN: dict[tables.Type, Callable[[Any], object]] = {"day": str, "boolean": bool, "binary": str}
_TOLD_OF = "one.seq, one.release, one.kind, one.entity_id, one.event, one.fields, one.other_id"
# Of the event before a page and of the one beyond it, too, the release is asked: they say which releases end in it.
_SOME = "(SELECT * FROM change WHERE seq >= :after ORDER BY seq LIMIT :limit + 2) AS one"
_SHUT = "LEFT JOIN restricted AS shut ON shut.entity_id = one.entity_id AND shut.state <> 'lifted'"
_EVENTS = {
    True: sa.text(f"SELECT {_TOLD_OF}, shut.entity_id IS NOT NULL AS shut FROM {_SOME} {_SHUT} ORDER BY one.seq"),  # noqa: S608
    False: sa.text(f"SELECT {_TOLD_OF}, 0 AS shut FROM {_SOME} ORDER BY one.seq"),  # noqa: S608 - our own words
}
_RESTRICTED = "restricted"  # the table, and what a connection knows: it is there
# Rows are joined to a page's events in this order (CROSS JOIN): these are a thousand, a table has millions.
_TOLD = "SELECT DISTINCT entity_id FROM change WHERE seq BETWEEN :first AND :last AND kind = :kind"
# The last event of a release and of those before it. Numbers rise with releases, so that halving finds it in some
# twenty looks by number: to ask for the greatest of them reads every event there is.
_END = sa.text("""
WITH RECURSIVE half (low, high) AS (
  SELECT CAST(0 AS BIGINT), COALESCE(MAX(seq), 0) + 1 FROM change
  UNION ALL
  SELECT
    CASE WHEN one.release <= :release THEN one.seq ELSE half.low END,
    CASE WHEN one.release <= :release THEN half.high ELSE one.seq END
  FROM half
  INNER JOIN change AS one ON one.seq = (half.low + half.high) / 2
  WHERE half.high - half.low > 1
)
SELECT MAX(low) FROM half
""")


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


class Event(NamedTuple):
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
    """Some events in order, the number up to which everything is told by them, and the releases that end there."""

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
        last = self._connection.scalar(sa.text("SELECT MAX(release) FROM release"))
        return marks(self._connection, last - 1)[0] if last else None

    def knows(self, release: int, checksum: str) -> bool:
        """Whether the release is here and its checksum is this."""
        told = sa.text("SELECT checksum FROM release WHERE release = :release")
        return bool(self._connection.scalar(told, {"release": release}) == checksum)

    def page(self, after: int, limit: int = PAGE) -> Page:
        """The next events after a number."""
        asked = {"after": after, "limit": limit}
        read = self._connection.execute(_EVENTS[_may_restrict(self._connection)], asked).all()
        before = [event.release for event in read if event.seq == after]
        told, beyond = read[len(before) :][:limit], [event.release for event in read[len(before) + limit :]]
        if told:
            self._looked(len(told))
        first = before[0] if before else 1
        ended = [] if beyond[:1] == [first] else marks(self._connection, first - 1, beyond[0] if beyond else None)
        return Page(_events(self._connection, self._follow, told), told[-1].seq if told else after, ended)

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


def marks(connection: Connection, after: int = 0, before: int | None = None) -> list[Mark]:
    """The releases after a number and, where one is given, before another, in order."""
    below = "" if before is None else " AND release < :before"
    found = connection.execute(
        sa.text(f"SELECT release, checksum FROM release WHERE release > :after{below} ORDER BY release"),  # noqa: S608
        {"after": after} | ({} if before is None else {"before": before}),
    )
    return [
        Mark(row.release, row.checksum, connection.execute(_END, {"release": row.release}).scalar_one())
        for row in found.all()
    ]


def _events(
    connection: Connection, follow: Mapping[str, tables.Table], read: Sequence[sa.Row[*tuple[Any, ...]]]
) -> list[Event]:
    """What was read of the events, each with its row."""
    shut = frozenset(event.entity_id for event in read if event.shut)
    rows: dict[tuple[str, int, str], Row] = {}
    for release, told in itertools.groupby(read, lambda event: event.release):
        numbers = [(event.seq, event.kind) for event in told]
        among: dict[str, int | str] = {"first": numbers[0][0], "last": numbers[-1][0]}
        for kind in sorted({kind for _, kind in numbers} & follow.keys()):
            for row in as_of(connection, follow[kind], release, among | {"kind": kind}, shut):
                rows[kind, release, row[follow[kind].key[0]]] = row
    return [
        Event(seq, release, kind, (one,), event, fields, other, rows.get((kind, release, one)), bool(hidden))
        for seq, release, kind, one, event, fields, other, hidden in read
    ]


def _may_restrict(connection: Connection) -> bool:
    """Whether the table of restrictions is there: new code does without it before its first night."""
    if not connection.info.get(_RESTRICTED):
        connection.info[_RESTRICTED] = sa.inspect(connection).has_table(_RESTRICTED)
    return bool(connection.info[_RESTRICTED])


def restricted(connection: Connection) -> frozenset[str]:
    """The entities that are restricted today."""
    if not _may_restrict(connection):
        return frozenset()
    return frozenset(connection.scalars(sa.text("SELECT entity_id FROM restricted WHERE state <> 'lifted'")))


def as_of(
    connection: Connection,
    table: tables.Table,
    release: int,
    among: Mapping[str, int | str] | None = None,
    shut: frozenset[str] | None = None,
) -> list[Row]:
    """Rows of a table as they stood in a release, days as ISO text.

    Args:
        connection: reads the release database.
        table: the table.
        release: the release.
        among: only of entities of which events of the release tell: of a ``kind``, the ``first`` and ``last`` number.
        shut: what is restricted today, asked for where it is not given: it is in no release, earlier ones included.
    """
    names, at = table.facts.names, table.facts.names.index(table.key[0])
    text = f"SELECT {listed(names, 'one')} {_standing(table, among=among is not None)}"
    found = connection.execute(sa.text(text), {"release": release, **(among or {})}).all()
    shut = restricted(connection) if shut is None else shut
    told = zip(*(row for row in found if row[at] not in shut), strict=True)  # column by column: a few are turned
    columns = [_plainly(table.columns[name].type, values) for name, values in zip(names, told, strict=False)]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plainly(of: tables.Type, values: tuple[Any, ...]) -> Iterable[Any]:
    """A column's values, such as both databases tell alike."""
    plain = _PLAIN.get(of)
    return values if plain is None else [None if value is None else plain(value) for value in values]


def _count(connection: Connection, table: tables.Table, release: int) -> int:
    return int(connection.scalar(sa.text(f"SELECT COUNT(*) {_standing(table)}"), {"release": release}) or 0)


def _standing(table: tables.Table, *, among: bool = False) -> str:
    stood = "one.known_from <= :release AND (one.known_to IS NULL OR one.known_to > :release)"
    if not among:
        return f'FROM "{table.table}" AS one WHERE {stood}'
    joined = f'({_TOLD}) AS told CROSS JOIN "{table.table}" AS one'
    return f'FROM {joined} WHERE one."{table.key[0]}" = told.entity_id AND {stood}'
