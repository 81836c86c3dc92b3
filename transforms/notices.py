"""Planned floods: a re-cut of the grids, another model or lookup changes many entities at once, and is told before.

A person writes a notice down; the next release carries it as an event of the feed (kind and event ``notice``, entity
the notice's number). ``fields`` says ``what=grids|on=2026-12-01|entities=120000``. A flood that nobody announced is
told in the release that brings it: entity ``<what>-<night>``, ``announced=no``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import database, decisions
from transforms.database import Databases
from transforms.errors import GridfactsError

WHAT = ("grids", "model", "lookup")
EVENT = "notice"
_FACTS = ("fact_person", "fact_house", "fact_premises", "fact_organization", "fact_facility", "fact_household")


@dataclass(frozen=True)
class Notice:
    """What is planned.

    Attributes:
        number: of the notice.
        what: grids, model or lookup.
        day: the first night that may bring it.
        entities: how many may change, at most.
    """

    number: int
    what: str
    day: dt.date
    entities: int

    @property
    def event(self) -> dict[str, str | None]:
        """The event that tells it, as account leaves events."""
        fields = f"what={self.what}|on={self.day.isoformat()}|entities={self.entities}"
        return {"kind": EVENT, "entity_id": str(self.number), "event": EVENT, "fields": fields, "other_id": None}


def late(what: str, night: str, entities: int) -> dict[str, str | None]:
    """The event that tells of a flood nobody announced, in the release that brings it."""
    fields = f"what={what}|on={night}|entities={entities}|announced=no"
    return {"kind": EVENT, "entity_id": f"{what}-{night}", "event": EVENT, "fields": fields, "other_id": None}


def of_event(entity_id: str, fields: str) -> Notice:
    """The notice that an event tells."""
    told = dict(part.split("=", 1) for part in fields.split("|"))
    return Notice(int(entity_id), told["what"], dt.date.fromisoformat(told["on"]), int(told["entities"]))


def write_down(stores: Databases, what: str, day: dt.date, entities: int | None, by: str, reason: str) -> Notice:
    """Plan a flood; the next release tells it.

    Args:
        stores: the databases.
        what: grids, model or lookup.
        day: the first night that may bring it: at least one release lies before it.
        entities: how many may change, at most; default every current fact.
        by: who plans it.
        reason: why.

    Raises:
        GridfactsError: ``NO_RELEASE``; ``TOO_LATE``: the day is not after the last release's night; ``DECIDED``: the
            same stands already; ``NOBODY``.
    """
    if what not in WHAT:
        raise GridfactsError("NOT_FOUND", f"a notice is about {', '.join(WHAT)}")
    with database.reading(stores.release) as connection:
        night = connection.scalar(sa.text("SELECT night FROM release ORDER BY release DESC LIMIT 1"))
        if night is None:
            raise GridfactsError("NO_RELEASE", "nothing was published yet: there is nobody to tell")
        if day.isoformat() <= str(night):
            raise GridfactsError("TOO_LATE", f"the last release is of night {night}; a notice is told before")
        most = entities if entities is not None else _facts(connection)
    told: dict[str, str | int | None] = {"what": what, "day": day.isoformat(), "entities": most}
    return Notice(decisions.decide(stores, "notice", told, by, reason), what, day, most)


def waiting(stores: Databases) -> list[Notice]:
    """Notices that no release has told yet, in the order they were written down."""
    told = {one.number for one in published(stores)}
    return [
        Notice(int(row["notice_id"]), str(row["what"]), dt.date.fromisoformat(row["day"]), int(row["entities"]))
        for row in decisions.decisions(stores, "notice")
        if row["notice_id"] not in told
    ]


def published(stores: Databases) -> list[Notice]:
    """Notices that the feed has told, by number. Found by their entity, which the feed has an index of."""
    found = []
    for row in decisions.decisions(stores, "notice", standing=False):
        told = {"event": EVENT, "entity_id": str(row["notice_id"])}
        events = database.read(stores.release, "change", ["entity_id", "fields"], told).to_pylist()
        found += [of_event(event["entity_id"], event["fields"]) for event in events]
    return found


def _facts(connection: Connection) -> int:
    text = "SELECT COUNT(*) FROM {} WHERE known_to IS NULL"
    return sum(int(connection.scalar(sa.text(text.format(name))) or 0) for name in _FACTS)
