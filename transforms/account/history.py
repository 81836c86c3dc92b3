"""What happened to an entity: events of releases, also those that stand under another id, judgements, and holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from transforms import database
from transforms.database import Databases

_AROUND = ("merge", "split", "move")  # events that stand under one of two entities and are the other's too
_DAY = 10  # characters of an ISO moment that say the day


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        day: ISO day: the release's night, or when a person decided.
        what: a code of ``wording.csv``, group ``event``; ``merge.other`` where it stands under the other's id.
        release: of the database; None for what persons decided.
        fields: names of the changed fields, joined by ``|``.
        record: of the entity, that a judgement names.
        other: the other entity, record or batch.
        by: who decided. why: the reason; of a hold the brake's code. number: of the judgement.
    """

    day: str
    what: str
    release: int | None = None
    fields: str | None = None
    record: str | None = None
    other: str | None = None
    by: str | None = None
    why: str | None = None
    number: int | None = None


def history(
    stores: Databases, kind: str, entity: str, records: Collection[str], batches: Collection[str]
) -> list[Event]:
    """Everything that happened to an entity, oldest first; of one day what a release did comes before what it led to.

    Args:
        stores: the databases.
        kind: of the entity.
        entity: its id.
        records: those that stand, or are at home, in it.
        batches: that brought them.

    Raises:
        DatabaseError: release or control cannot be read.
    """
    found = [*_released(stores, entity), *_judged(stores, kind, set(records)), *_held(stores, set(batches))]
    return sorted(found, key=lambda event: event.day)


def judgements(stores: Databases, kind: str, ours: Collection[str], theirs: Collection[str]) -> list[Event]:
    """Standing judgements between records of two entities."""
    between = {frozenset((one, other)) for one in ours for other in theirs}
    told = database.read(stores.control, "judgement", where={"kind": kind, "retired_at": None}).to_pylist()
    return [
        _judgement(row, set(ours)) for row in told if frozenset((row["left_record"], row["right_record"])) in between
    ]


def _released(stores: Databases, entity: str) -> Iterator[Event]:
    nights = {row["release"]: row["night"] for row in database.read(stores.release, "release").to_pylist()}
    columns = ["seq", "release", "event", "fields", "entity_id", "other_id"]
    own = database.read(stores.release, "change", columns, {"entity_id": entity}).to_pylist()
    around = database.read(stores.release, "change", columns, {"other_id": entity}).to_pylist()
    for row in sorted([*own, *(row for row in around if row["event"] in _AROUND)], key=lambda row: int(row["seq"])):
        mine = row["entity_id"] == entity
        what, other = (row["event"], row["other_id"]) if mine else (f"{row['event']}.other", row["entity_id"])
        yield Event(nights.get(row["release"], ""), what, row["release"], row["fields"], other=other)


def _judged(stores: Databases, kind: str, records: set[str]) -> Iterator[Event]:
    for row in database.read(stores.control, "judgement", where={"kind": kind}).sort_by("judgement_id").to_pylist():
        if not records.isdisjoint((row["left_record"], row["right_record"])):
            yield _judgement(row, records)
            if row["retired_at"]:
                day, who = row["retired_at"][:_DAY], row["retired_by"]
                yield Event(day, "undone", by=who, number=row["judgement_id"])


def _judgement(row: dict[str, Any], records: set[str]) -> Event:
    ours, other = row["left_record"], row["right_record"]
    if ours not in records:
        ours, other = other, ours
    return Event(
        row["decided_at"][:_DAY], f"judged.{row['decision']}", record=ours, other=other, by=row["decided_by"],
        why=row["reason"], number=row["judgement_id"],
    )  # fmt: skip


def _held(stores: Databases, batches: set[str]) -> Iterator[Event]:
    for row in database.read(stores.control, "hold").sort_by("hold_id").to_pylist():
        if row["batch"] in batches:
            yield Event(row["night"], "held", other=row["batch"], why=row["code"])
            if row["decided_at"]:
                word = f"hold.{row['decision']}"
                yield Event(row["decided_at"][:_DAY], word, other=row["batch"], by=row["decided_by"], why=row["reason"])
