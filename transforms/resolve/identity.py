"""Identities that last: the rule of design.md section 5.5, over whole tables.

Each record has a home, set when it is first published and changed only when its cluster mints. Every identity ever
minted, live or retired, is offered to the cluster that holds most of its home records. A cluster keeps, of those
offered, a live one before a retired one, the last retired before one that went earlier, then the oldest; a cluster
offered none mints.

A record that is first published while its cluster is offered several identities (two people merged) waits without a
home until one alone is offered: it follows its cluster and has no say, so that undoing the merge finds every identity
where it was, however many records came meanwhile and whichever way they go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import model
from transforms.coded import whole
from transforms.engine import Engine
from transforms.live import ascending
from transforms.places import ordered, places
from transforms.resolve.cluster import Flags, Ints, founders_of, numbered

LIVE, RETIRED = "live", "retired"
HOME = pa.schema([("record_id", pa.string()), ("entity_id", pa.string()), ("homed_release", pa.int64())])
Mint: TypeAlias = "Callable[[pa.Array, int], pa.Array]"  # (founding records, release) → a new id for each
_STEPS = Path(__file__).with_name("identity.sql")
_NONE = -1
_PIECE = 2**20  # records that come home at once on a first night
_MINTED = 100_000  # ids at a time: they are made one by one


@dataclass(frozen=True)
class Past:
    """What was published of a kind.

    Attributes:
        homes: every record ever homed (record_id, entity_id, homed_release), sorted by record id.
        identities: every identity ever minted (model.IDENTITY), sorted by id.
    """

    homes: pa.Table
    identities: pa.Table

    def with_homes(self, more: pa.Table) -> Past:
        """Records that are at home from tonight on, among the others; ``more``: :data:`HOME`."""
        return Past(_in_order(pa.concat_tables([self.homes, more]), "record_id"), self.identities)


@dataclass(frozen=True)
class Standing:
    """The identities as they stand now, live or retired.

    Attributes:
        ids: of each its id, ascending.
        number: per cluster the place of its identity among them.
        table: makes what is known of each (model.IDENTITY).
    """

    ids: pa.Array
    number: Ints
    table: Callable[[], pa.Table]


@dataclass(frozen=True)
class Assignment:
    """Tonight's outcome; what is large is made when it is asked for, one beside the other if one likes.

    Attributes:
        cluster: of each record the number of its cluster.
        entities: per cluster, in the order of their smallest records, the identity it keeps.
        homes: makes the homes as they stand now (:data:`HOME`), in pieces.
        standing: puts the identities as they stand now in order.
        minted: number of new identities.
    """

    cluster: Ints
    entities: pa.Array
    homes: Callable[[], Iterator[pa.Table]]
    standing: Callable[[], Standing]
    minted: int


@dataclass(frozen=True)
class Minted:
    """Ids of some founding records.

    Attributes:
        founders: places among the live record ids, each once.
        ids: the id of each.
    """

    founders: Ints
    ids: pa.Array

    @classmethod
    def of(cls, ids: pa.Array, founders: Ints, release: int, mint: Mint) -> Self:
        """An id for each founder; ``ids``: those of live records."""
        founding = ids.take(pa.array(founders))
        at_once = [mint(founding.slice(at, _MINTED), release) for at in range(0, len(founding), _MINTED)]
        return cls(founders, pa.concat_arrays([pa.array([], pa.string()), *at_once]))

    def and_of(self, ids: pa.Array, founders: Ints, release: int, mint: Mint) -> pa.Array:
        """An id for each founder, of whom some are among these."""
        place = np.full(len(ids), _NONE, dtype=np.int64)
        place[self.founders] = np.arange(len(self.founders))
        others = founders[place[founders] == _NONE]
        place[others] = len(self.founders) + np.arange(len(others))
        more = self.of(ids, others, release, mint).ids
        return pa.concat_arrays([self.ids, more]).take(pa.array(place[founders]))


@dataclass(frozen=True)
class _Kept:
    """Per cluster the place of its identity (-1: it mints) and how many were offered; per identity its cluster."""

    entity: Ints
    offered: Ints
    offered_to: Ints


def sure_to_mint(root: Ints, past: Past) -> Ints:
    """Founders that mint however the clusters turn out: where nobody is at home yet, all whom edges alone give.

    Args:
        root: per record the smallest one that can be reached from it, which is the smallest of its cluster too.
        past: homes and identities as last published.
    """
    return founders_of(root) if not past.homes.num_rows else np.zeros(0, dtype=np.int64)


def assign(
    engine: Engine, ids: pa.Array, root: Ints, past: Past, release: int, mint: Mint, ahead: Minted | None = None
) -> Assignment:
    """Give every cluster its identity. The order of homes and identities has no influence.

    Args:
        engine: runs identity.sql.
        ids: live record ids, ascending.
        root: per record the place of the smallest record of its cluster.
        past: homes and identities as last published.
        release: the number of the release that is being made.
        mint: (founding records, release) → a new entity id for each.
        ahead: ids of this release that were minted already; those of founders that keep an identity are forgotten.
    """
    founders, cluster = numbered(root)
    home = _homes(ids, past)
    kept = _kept(engine, cluster, home, past, len(founders))
    minting = np.flatnonzero(kept.entity == _NONE)
    new = (ahead or Minted.of(ids, founders[:0], release, mint)).and_of(ids, founders[minting], release, mint)
    known = pa.concat_arrays([whole(past.identities.column("entity_id")), new])
    held = kept.entity.copy()
    held[minting] = past.identities.num_rows + np.arange(len(minting))
    entities = known.take(pa.array(held))

    def standing() -> Standing:
        order = ordered(known)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        return Standing(known.take(pa.array(order)), place[held], partial(identities, order))

    def identities(order: Ints) -> pa.Table:
        born = _born(past.identities, new, ids.take(pa.array(founders[minting])), release)
        return pa.concat_tables([_standing_now(past.identities, kept, entities, release), born]).take(pa.array(order))

    homes = partial(_rehomed, ids, cluster, home, kept, entities, past.homes, release)
    return Assignment(cluster, entities, homes, standing, len(minting))


def _homes(ids: pa.Array, past: Past) -> pa.Table:
    """Homes of live records: r, e, since, and their place in the past table."""
    e = pc.index_in(past.homes.column("entity_id"), whole(past.identities.column("entity_id")))
    table = pa.table({
        "r": places(ids, whole(past.homes.column("record_id"))), "e": e.cast(pa.int64()),
        "since": past.homes.column("homed_release"), "place": np.arange(past.homes.num_rows),
    })  # fmt: skip
    return table.filter(pc.greater_equal(table["r"], 0))


def _kept(engine: Engine, cluster: Ints, home: pa.Table, past: Past, count: int) -> _Kept:
    identities = past.identities.num_rows
    entity, offered, offered_to = (np.full(n, fill) for n, fill in ((count, _NONE), (count, 0), (identities, _NONE)))
    if home.num_rows:
        tables = {
            "standing": pa.table({"r": np.arange(len(cluster)), "c": cluster}),
            "home": home.drop_columns("place"),
            "identity": _ages(past.identities),
        }
        found = engine.run(_STEPS, tables)
        c, e, place, several = (found.column(n).to_numpy() for n in ("c", "e", "place", "offered"))
        first = place == 1
        entity[c[first]], offered[c[first]] = e[first], several[first]
        offered_to[e] = c
    return _Kept(entity, offered, offered_to)


def _ages(identities: pa.Table) -> pa.Table:
    order = [(name, "ascending") for name in ("minted_release", "founding_record", "entity_id")]
    age = np.empty(identities.num_rows, dtype=np.int64)
    age[pc.sort_indices(identities, order).to_numpy()] = np.arange(identities.num_rows)
    return pa.table({
        "e": np.arange(identities.num_rows),
        "live": pc.equal(identities["state"], LIVE).cast(pa.int64()),
        "gone": pc.fill_null(identities["retired_release"], 0),
        "age": age,
    })  # fmt: skip


def _rehomed(
    ids: pa.Array, cluster: Ints, home: pa.Table, kept: _Kept, entities: pa.Array, homes: pa.Table, release: int
) -> Iterator[pa.Table]:
    """Homes after tonight: a minting cluster's records move; newcomers and strays settle where one alone is offered."""
    if not homes.num_rows:  # all are newcomers, in their order
        yield from (_settled(ids, cluster, entities, slice(at, at + _PIECE), release)
                    for at in range(0, max(len(ids), 1), _PIECE))  # fmt: skip
        return
    mints = kept.entity == _NONE
    live = home.column("r").to_numpy()
    foreign = home.column("e").to_numpy() != kept.entity[cluster[live]]
    moved = mints[cluster[live]] | (foreign & (kept.offered[cluster[live]] == 1))
    newcomer = np.ones(len(ids), dtype=bool)
    newcomer[live] = False
    settles = np.concatenate([live[moved], np.flatnonzero(newcomer & (kept.offered[cluster] <= 1))])
    if not len(settles):
        yield homes
        return
    stays = np.ones(homes.num_rows, dtype=bool)
    stays[home.column("place").to_numpy()[moved]] = False
    parts = [homes.filter(pa.array(stays)), _settled(ids, cluster, entities, settles, release)]
    yield _in_order(pa.concat_tables(parts), "record_id")


def _settled(ids: pa.Array, cluster: Ints, entities: pa.Array, records: Ints | slice, release: int) -> pa.Table:
    """Homes of records that are at home where they stand tonight."""
    who = ids[records] if isinstance(records, slice) else ids.take(pa.array(records))
    return pa.table([who, entities.take(pa.array(cluster[records])), np.full(len(who), release)], schema=HOME)


def _in_order(table: pa.Table, key: str) -> pa.Table:
    """By key; a night that only adds leaves it in order, and looking costs less than sorting."""
    return table if ascending(table[key]) else table.take(pa.array(ordered(whole(table[key]))))


def _standing_now(identities: pa.Table, kept: _Kept, entities: pa.Array, release: int) -> pa.Table:
    """Identities of the past after tonight: kept ones live; others retire, dated, and point to their records."""
    lives: Flags = np.zeros(identities.num_rows, dtype=bool)
    lives[kept.entity[kept.entity != _NONE]] = True
    offered = kept.offered_to != _NONE
    follow = entities.take(pa.array(kept.offered_to, mask=~offered))
    was_live = pc.equal(identities["state"], LIVE)
    gone = pc.if_else(was_live, pa.scalar(release, pa.int64()), identities["retired_release"])
    older = pc.if_else(was_live, pa.scalar(None, pa.string()), identities["signpost"])
    heir = pc.if_else(was_live, _heirs(identities, lives), pa.scalar(None, pa.string()))
    nothing = {"retired_release": pa.scalar(None, pa.int64()), "signpost": pa.scalar(None, pa.string())}
    now = {
        "state": pc.if_else(pa.array(lives), LIVE, RETIRED),
        "retired_release": pc.if_else(pa.array(lives), nothing["retired_release"], gone),
        "signpost": pc.if_else(
            pa.array(lives), nothing["signpost"], pc.coalesce(pa.chunked_array([follow]), older, heir)
        ),
    }
    return pa.table([now.get(f.name, identities[f.name]) for f in model.IDENTITY], schema=model.IDENTITY)


def _heirs(identities: pa.Table, lives: Flags) -> pa.ChunkedArray:
    """Per identity, one that had been merged into it and lives again: who said the older name says it no more.

    Of several, that of the smallest id.
    """
    back = identities.filter(pa.array(lives & (identities["state"].to_numpy() != LIVE))).sort_by("entity_id")
    at = pc.index_in(identities["entity_id"], whole(back["signpost"]))
    return back["entity_id"].take(at)


def _born(identities: pa.Table, new: pa.Array, founders: pa.Array, release: int) -> pa.Table:
    """Identities minted tonight."""
    size = len(new)
    told = {
        "entity_id": new, "minted_release": pa.repeat(pa.scalar(release, pa.int64()), size),
        "state": pa.repeat(LIVE, size), "founding_record": founders,
    }  # fmt: skip
    return pa.table([told.get(f.name, pa.nulls(size, f.type)) for f in model.IDENTITY], schema=model.IDENTITY)
