"""What one consumer sees change in one table between a release and the one before: the difference of what it saw.

Not a filtered copy of the change feed: an event there may be about a field, a row or an entity the package hides, and
a person who turns old enough to be seen has no event at all. Both releases are asked as the package asks, and the
differences are the events; a change the consumer cannot see is none, so there is nothing that could leak. Only rows
that may differ are asked for: those whose versions, places or age limits moved in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk
from transforms.reader import export, selection
from transforms.reader.asof import as_of
from transforms.reader.package import Package, Share, base_of, personal

Key = tuple[Any, ...]
_NODES = {"std_address": "address_id", "std_building": "building_id", "fact_facility": "facility_id"}
_PLACED_BY = ("address_id", "building_id", "division_code")
_TOLD = {"merge": "gone", "erase": "gone", "restrict": "gone", "split": "new"}  # events that say more than the rows do


@dataclass(frozen=True)
class Step:
    """From one release to the next, and the nights by which ages are counted."""

    before: int
    after: int
    night_before: str
    night: str

    def touched(self, alias: str) -> str:
        """The test that a version began or ended in this step."""
        began, ended = f"{alias}.known_from", f"{alias}.known_to"
        return f"({self._within(began)} OR {self._within(ended)})"

    def _within(self, column: str) -> str:
        return f"({column} > {self.before} AND {column} <= {self.after})"


@dataclass(frozen=True)
class Difference:
    """One event as the consumer may see it, still with ids where its tokens will stand."""

    key: Key
    event: str
    fields: str | None
    other: str | None
    row: dict[str, Any] | None


def follows(name: str, share: Share) -> bool:
    """Whether a shared table can be followed row by row: it has history, and its rows can be told apart."""
    base = base_of(name)
    return base.history and all(key in share.fields and share.mask.get(key) in (None, "token") for key in base.key)


def differences(
    connection: Connection, package: Package, name: str, step: Step, kind: str | None
) -> Iterator[Difference]:
    """What the package lets see of a step, in no order.

    Args:
        connection: reads the release database.
        package: whose rights.
        name: a shared table that :func:`follows`.
        step: from which release to which.
        kind: the kind of its entities, None for relations.
    """
    among = _among(connection, package.tables[name], name, step)
    before = _rows(connection, package, name, (step.before, step.night_before), among)
    after = _rows(connection, package, name, (step.after, step.night), among)
    told = _told(connection, package, name, step, kind)
    for key in before.keys() - after.keys():
        event, other = told.get(("gone", key[0]), ("retire", None))
        yield Difference(key, event, None, other, None)
    for key in after.keys() - before.keys():
        event, other = told.get(("new", key[0]), ("create", None))
        yield Difference(key, event, None, other, after[key])
    for key in after.keys() & before.keys():
        row = after[key]
        if fields := [field for field in row if row[field] != before[key][field]]:
            yield Difference(key, "update", "|".join(fields), None, row)


def _rows(
    connection: Connection, package: Package, name: str, at: tuple[int, str], among: str | None
) -> dict[Key, dict[str, Any]]:
    release, night = at
    text = selection.query(
        package, name, token=lambda column: column, years_before=export.day_before(night), among=among,
        postgres=bulk.is_postgres(connection),
    )  # fmt: skip
    found = export.asked(connection, package, name, as_of(text, release)).to_pylist()
    return {tuple(row[key] for key in base_of(name).key): row for row in found}


def _among(connection: Connection, share: Share, name: str, step: Step) -> str | None:
    """The test that a row may differ between the two releases; None: any may."""
    base = base_of(name)
    key, table = base.key[0], base.table
    found = [f"SELECT held.{key} FROM {table} AS held WHERE {step.touched('held')}"]  # noqa: S608 - the catalogue's
    if name == "v1_place" or any(field not in base.columns for field in share.fields):
        if _recut(connection, step):
            return None
        moved = f"(SELECT place.node_id FROM place_grid AS place WHERE {step.touched('place')})"  # noqa: S608
        by = dict.fromkeys((*_PLACED_BY, _NODES.get(table, key)))
        found += [
            f"SELECT held.{key} FROM {table} AS held WHERE held.{column} IN {moved}"  # noqa: S608
            for column in by
            if column in base.columns
        ]
    if personal(name):
        found += _of_persons(share, name, step)
    return f"one.{key} IN ({' UNION '.join(found)})"


def _of_persons(share: Share, name: str, step: Step) -> Iterator[str]:
    """Persons whose own rows changed, and those who in this step became old enough (by an older night: too young)."""
    whose = base_of(name) if base_of(name).person else base_of("v1_person")
    key, table = whose.key[0], whose.table
    yield f"SELECT held.{key} FROM {table} AS held WHERE {step.touched('held')}"  # noqa: S608 - the catalogue's
    then, now = (selection.older(name, share, export.day_before(night)) for night in (step.night_before, step.night))
    if then != now:
        crossed = f"COALESCE({then}, FALSE) <> COALESCE({now}, FALSE)"
        yield f"SELECT one.{key} FROM {table} AS one WHERE {crossed}"  # noqa: S608 - the catalogue's


def _recut(connection: Connection, step: Step) -> bool:
    """Whether grids changed in this step, or another cut came into force: then any row's grid may be another."""
    grids = f"SELECT COUNT(*) FROM std_grid AS held WHERE {step.touched('held')}"  # noqa: S608
    cut = "SELECT MAX(one.cut) FROM place_grid AS one WHERE one.known_to IS NULL"
    cuts = {connection.scalar(sa.text(as_of(cut, release))) for release in (step.before, step.after)}
    return bool(connection.scalar(sa.text(grids))) or len(cuts) > 1


def _told(
    connection: Connection, package: Package, name: str, step: Step, kind: str | None
) -> dict[tuple[str, str], tuple[str, str | None]]:
    """What the feed says more of entities that came or went; another entity is named only where it is seen as well."""
    if kind is None:
        return {}
    text = sa.text(
        "SELECT entity_id, event, other_id FROM change AS event WHERE event.kind = :kind "
        "AND event.release > :before AND event.release <= :after AND event.event IN :events"
    ).bindparams(sa.bindparam("events", expanding=True))
    bound = {"before": step.before, "after": step.after, "kind": kind, "events": sorted(_TOLD)}
    events = connection.execute(text, bound).all()
    found: dict[tuple[str, str], tuple[str, str | None]] = {}
    others = sorted({row.other_id for row in events if row.other_id})
    seen = _seen(connection, package, name, step, others)
    for row in events:
        if row.other_id in seen or row.event in ("erase", "restrict"):
            found[_TOLD[row.event], row.entity_id] = (row.event, row.other_id if row.other_id in seen else None)
    return found


def _seen(connection: Connection, package: Package, name: str, step: Step, ids: list[str]) -> set[str]:
    """Those of some entities that the consumer sees after the step."""
    if not ids:
        return set()
    key = base_of(name).key[0]
    among = f"one.{key} IN ({', '.join(_quoted(one) for one in ids)})"
    return {str(found[0]) for found in _rows(connection, package, name, (step.after, step.night), among)}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
