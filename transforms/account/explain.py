"""Explain: which rows make an entity and why, or what became of a landed row. No document numbers, no landed texts.

What the rooms decided is gathered here; why they did so they say themselves (:mod:`transforms.explained`), and whoever
sees several rooms (``transforms/commands/explained.py``) puts it beside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from transforms import database, manifest, store
from transforms.account.delta import key_of
from transforms.account.history import Event, history
from transforms.account.landed import Told, file_of, landed_at, past_at, versions
from transforms.account.nearest import Nearest, nearest, strongest
from transforms.account.night import Night
from transforms.account.whereabouts import Place, place_of
from transforms.coded import whole
from transforms.errors import GridfactsError
from transforms.explained import Choice, Edge, Waterfall
from transforms.live import Live
from transforms.paired import ENDS, named
from transforms.places import places
from transforms.run import Run

_ROW = 3  # parts of source:batch-or-file:line
_HIDDEN = {"provenance", "polygon", "geometry"}  # told apart from the values, or too long to read


@dataclass(frozen=True)
class Value:
    """A published value and the record that won it (None: derived, or a key)."""

    column: str
    value: str
    record_id: str | None


@dataclass(frozen=True)
class Explanation:
    """What was asked, and all that is known of it.

    Attributes:
        what: as asked. kind: of the entity, or None for a row.
        state: of the identity (live, retired), or None.
        signpost: the identity that took its place.
        rows: the rows that feed it. edges: why they are together. values: what is published.
        place: where it stands; None of what is not published.
        history: its events, oldest first.
        nearest: the other entity that came nearest; None: none came near.
        restricted: its fields are shown to nobody: there are neither values nor places nor neighbours.
        waterfalls: of the edges and the nearest pair, as link tells them. chosen: how values won, as merge tells it.
    """

    what: str
    kind: str | None
    state: str | None
    signpost: str | None
    rows: tuple[Told, ...]
    edges: tuple[Edge, ...] = ()
    values: tuple[Value, ...] = ()
    place: Place | None = None
    history: tuple[Event, ...] = ()
    nearest: Nearest | None = None
    restricted: bool = False
    waterfalls: tuple[Waterfall, ...] = ()
    chosen: tuple[Choice, ...] = ()


def explain(run: Run, what: str) -> Explanation:
    """Explain an entity id, or a landed row as ``source:batch-or-file-name:line``.

    Raises:
        GridfactsError: ``NOT_FOUND``: no such entity or row by this night.
        StaleInputError: the night is not closed.
    """
    night = Night(run)
    folder = store.night_dir(run, "account", "release")
    manifest.require(run.settings.lake, folder, "account")
    parts = what.split(":")
    if len(parts) >= _ROW and parts[0] in night.contracts and parts[-1].isdigit():
        return _row(night, what)
    return _entity(night, folder, what)


def _row(night: Night, what: str) -> Explanation:
    source, _, rest = what.partition(":")
    file, _, place = rest.rpartition(":")
    found = [
        row
        for delivery in night.deliveries[source]
        if file in (delivery.batch.id, delivery.batch.sha256, file_of(night, delivery.batch))
        for row in landed_at(night, delivery, int(place))
    ]
    gone = [one for one in night.past.batches.values() if one.batch.startswith(f"{source}-")]
    for one in gone:
        if file in (one.batch, one.batch.rpartition("-")[2], one.file):
            found += past_at(night, one, int(place))
    if not found:
        raise GridfactsError("NOT_FOUND", f"no row at line {place} of such a file of {source} by {night.run.night}")
    return Explanation(what, None, None, None, tuple(found))


def _entity(night: Night, folder: Path, what: str) -> Explanation:
    identity = store.read_table(folder / "identity.parquet")
    known = identity.filter(pc.equal(identity["entity_id"], what)).to_pylist()
    if not known:
        raise GridfactsError("NOT_FOUND", f"no identity of this id by {night.run.night}, and it names no row")
    kind = str(known[0]["kind"])
    record = store.read_table(folder / "record.parquet")
    mine = record.filter(pc.fill_null(pc.equal(record["entity_id"], what), fill_value=False))
    live = mine.filter(pc.equal(mine["state"], "merged")).sort_by([("source", "ascending"), ("line", "ascending")])
    shut = _restricted(night, what)
    row = {} if shut else _published(night, kind, what)
    pairs = _Pairs(night, kind, live["record_id"])
    return Explanation(
        what=what,
        kind=kind,
        state=str(known[0]["state"]),
        signpost=known[0]["signpost"],
        rows=tuple(versions(night, live)),
        edges=pairs.within(),
        values=_values(row),
        place=place_of(night, folder, what, row) if row else None,
        history=_history(night, kind, what, mine, shut=shut),
        nearest=None if shut else pairs.nearest(what),
        restricted=shut,
    )


def _restricted(night: Night, entity: str) -> bool:
    stores = database.open_databases(night.run.settings)
    return database.read(stores.release, "restricted", ["state"], {"entity_id": entity})["state"].to_pylist() in (
        ["new"],
        ["told"],
    )


class _Pairs:
    """The pairs of one entity's live records, among themselves and with others."""

    def __init__(self, night: Night, kind: str, records: pa.ChunkedArray) -> None:
        self._night, self._kind = night, kind
        pairs, path = night.of_night("link", kind, "pairs"), night.night_path("account", "live", kind)
        self._ids = Live(path).ids if path is not None else pa.array([], pa.string())
        self._records = frozenset(records.to_pylist())
        self._mine = pa.array(places(self._ids, whole(records)), pa.int32())
        touching = [pc.is_in(pairs[end], value_set=self._mine) for end in ENDS] if pairs is not None else []
        self._pairs = pairs.filter(pc.or_(*touching)) if pairs is not None else None

    def within(self) -> tuple[Edge, ...]:
        if self._pairs is None:
            return ()
        both = pc.and_(*(pc.is_in(self._pairs[end], value_set=self._mine) for end in ENDS))
        return self._edges(self._pairs.filter(both).sort_by([(end, "ascending") for end in ENDS]))

    def nearest(self, entity: str) -> Nearest | None:
        """The strongest pair with another entity's record; None: there is none."""
        near = strongest(self._pairs, self._mine) if self._pairs is not None else ()
        if not len(near):
            return None
        [edge] = self._edges(near)
        other = edge.right if edge.left in self._records else edge.left
        standing = self._night.table("resolve", self._kind, "cluster")
        theirs = str(standing.filter(pc.equal(standing["record_id"], other))["entity_id"].to_pylist()[0])
        shut = _restricted(self._night, theirs)
        return nearest(self._night, self._kind, edge, entity, theirs, restricted=shut)

    def _edges(self, pairs: pa.Table) -> tuple[Edge, ...]:
        rows = named(pairs, self._ids).to_pylist()
        return tuple(Edge(r["left"], r["right"], r["how"], r["score"], r["evidence"]) for r in rows)


def _published(night: Night, kind: str, entity: str) -> dict[str, Any]:
    """The row of an entity in its kind's table; empty where it has none."""
    name = night.kinds[kind].table
    table = night.of_night("merge", kind, name)
    rows = [] if table is None else table.filter(pc.equal(table[key_of(name)[0]], entity)).to_pylist()
    return rows[0] if rows else {}


def _values(row: Mapping[str, Any]) -> tuple[Value, ...]:
    won = json.loads(row.get("provenance") or "{}")
    told = [(column, value) for column, value in row.items() if value is not None and column not in _HIDDEN]
    return tuple(Value(column, str(value), won.get(column)) for column, value in told)


def _history(night: Night, kind: str, entity: str, mine: pa.Table, *, shut: bool) -> tuple[Event, ...]:
    """Its events; of a restricted entity without what persons wrote of its records."""
    homes = night.of_night("resolve", kind, "home")
    at_home = homes.filter(pc.equal(homes["entity_id"], entity))["record_id"].to_pylist() if homes is not None else []
    stores = database.open_databases(night.run.settings)
    batches = set(mine["batch"].to_pylist())
    return tuple(history(stores, kind, entity, () if shut else {*mine["record_id"].to_pylist(), *at_home}, batches))
