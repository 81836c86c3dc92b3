"""The change feed as one consumer may see it: its entities, its fields, its tokens, and nothing of what it may not.

Events are numbered release by release: ``release * SPAN + n``, n from 1 without a gap, so a number says nothing of what
others were told; a page says up to which number everything is told. Tables without history, or without their key
among the shared fields, are told whole with the newest release. A release's proof is a keyed hash that holds for this
consumer, these rights and tonight's restricted persons alone: with others (or another export key) a copy starts anew,
so who is restricted leaves it at once, and who no longer is comes back.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk, kinds, notices, tables
from transforms.keys import Keys
from transforms.reader import difference, export, feed
from transforms.reader.difference import Difference, Step
from transforms.reader.feed import REPLACE, Event, Mark, Page, Row, Shape
from transforms.reader.package import Package, base_of
from transforms.run import Settings

SPAN = 10**9


class Limited:
    """A feed of one consumer (:class:`transforms.reader.feed.Source`).

    Attributes:
        shapes: shared view or table → its shape in a copy.
    """

    def __init__(
        self, connection: Connection, settings: Settings, package: Package, known: Keys, looked: Callable[[int], object]
    ) -> None:
        """``connection`` reads the release database; ``looked`` is told how many rows, before they are handed over."""
        self.shapes: Mapping[str, Shape] = {name: _shape(package, name) for name in sorted(package.tables)}
        self._connection, self._package, self._known, self._looked = connection, package, known, looked
        self._kinds = {kind.table: name for name, kind in kinds.load_all(settings.expectations).items()}
        self._shut = "|".join(sorted(feed.restricted(connection)))
        releases = connection.execute(sa.text("SELECT release, night, checksum FROM release ORDER BY release")).all()
        self._releases = {int(row.release): (str(row.night), self._proof(row)) for row in releases}
        self._last: tuple[int, list[Event]] = (0, [])

    def newest(self) -> Mark | None:
        """The last release, None before the first."""
        return self._mark(max(self._releases)) if self._releases else None

    def knows(self, release: int, checksum: str) -> bool:
        """Whether the release was told to this consumer under these rights."""
        return release in self._releases and self._releases[release][1] == checksum

    def page(self, after: int, limit: int = feed.PAGE) -> Page:
        """The next events after a number; releases in which the consumer sees nothing change only leave their mark."""
        events: list[Event] = []
        marks: list[Mark] = []
        release, taken = divmod(after, SPAN)
        while release in self._releases and len(events) < limit:
            found = self._events(release)
            part = found[taken : taken + limit - len(events)]
            events += part
            taken += len(part)
            if taken < len(found):
                break
            marks.append(self._mark(release))
            release, taken = release + 1, 0
        return Page(events, release * SPAN + taken, marks)

    def snapshot(self) -> Iterable[tuple[str, list[Row]]]:
        """What an export of the newest release holds."""
        found = [(name, self._rows(name)) for name in self.shapes]
        self._looked(sum(len(rows) for _, rows in found))
        return found

    def _proof(self, row: sa.Row[Any]) -> str:
        rights = self._package.model_dump(mode="json", include={"tables", "threshold"})
        told = json.dumps(rights, sort_keys=True)
        return self._known.export.identifier(
            "feed", self._package.consumer, told, self._shut, str(row.release), row.checksum
        )

    def _mark(self, release: int) -> Mark:
        return Mark(release, self._releases[release][1], (release + 1) * SPAN)

    def _rows(self, name: str) -> list[Row]:
        night = self._releases[max(self._releases)][0]
        found = export.rows_of(self._connection, self._package, name, self._known, night)
        return [{field: _plain(value) for field, value in row.items()} for row in found.to_pylist()]

    def _events(self, release: int) -> list[Event]:
        """Every event of a release; the last one asked for is kept, since pages follow each other."""
        if self._last[0] != release:
            events, rows = self._followed(release), 0
            if release == max(self._releases):
                events += self._whole(release)
                rows = sum(len(event.row) for event in events if isinstance(event.row, list))
            events = [_numbered(event, number) for number, event in enumerate(events, 1)]
            if events:
                self._looked(len(events) + rows)
            self._last = (release, events)
        return self._last[1]

    def _followed(self, release: int) -> list[Event]:
        before = release - 1
        if before not in self._releases:
            return []
        step = Step(before, release, self._releases[before][0], self._releases[release][0])
        found = self._planned(release)
        for name, share in sorted(self._package.tables.items()):
            if difference.follows(name, share):
                kind = self._kinds.get(base_of(name).table) if name.startswith("v1_") else None
                told = difference.differences(self._connection, self._package, name, step, kind)
                found += sorted((self._event(name, release, one) for one in told), key=lambda one: json.dumps(one.key))
        return found

    def _planned(self, release: int) -> list[Event]:
        """Notices of a release: what is planned or came unannounced is of no entity, and everybody may know it."""
        told: dict[str, str | int | None] = {"release": release, "event": notices.EVENT}
        rows = bulk.select(self._connection, "change", ["seq", "entity_id", "fields"], told).to_pylist()
        return [
            Event(release * SPAN, release, notices.EVENT, (row["entity_id"],), notices.EVENT, row["fields"], None, None)
            for row in rows
        ]

    def _event(self, name: str, release: int, one: Difference) -> Event:
        key = base_of(name).key
        row = None if one.row is None else {field: self._told(name, field, value) for field, value in one.row.items()}
        other = None if one.other is None else self._told(name, key[0], one.other)
        told = tuple(self._told(name, field, value) for field, value in zip(key, one.key, strict=True))
        return Event(release * SPAN, release, name, told, one.event, one.fields, other, row)

    def _told(self, name: str, field: str, value: object) -> Any:  # noqa: ANN401 - a value of any type
        tell = export.teller(field, self._package.tables[name], self._package, self._known)
        return _plain(value) if value is None or tell is None else tell(value)

    def _whole(self, release: int) -> list[Event]:
        names = [name for name, share in sorted(self._package.tables.items()) if not difference.follows(name, share)]
        return [Event(release * SPAN, release, name, (), REPLACE, None, None, self._rows(name)) for name in names]


def _numbered(event: Event, number: int) -> Event:
    return event._replace(seq=event.seq + number)


def _shape(package: Package, name: str) -> Shape:
    share = package.tables[name]
    columns: dict[str, tables.Type] = {
        field: "text" if field in share.mask or field == "number" else export.kind_of(name, field)
        for field in share.fields
    }
    return Shape(name, columns, base_of(name).key if difference.follows(name, share) else ())


def _plain(value: object) -> object:
    """As JSON and the copy hold it: days are ISO text."""
    return value.isoformat() if isinstance(value, dt.date) else value
