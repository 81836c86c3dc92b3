"""Where a household is whose own address leads to no door: where its members are registered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.coded import whole
from transforms.merge.golden import Flags, Ints
from transforms.merge.places import ELEMENTS, PARTS, STANDS, Places


def of_members(own: Places, home: Ints, address: pa.Array, library: pa.Table) -> Places:
    """A household whose address leads to no door stands where its members are registered, if that is one door in it.

    Args:
        own: places of the households by their own addresses.
        home: per member, the place of its household.
        address: per member, the node of its registered address, or null.
        library: ``address_id parent_id level village building_id house_id`` of every node.
    """
    if not library.num_rows:  # no source of the city names an address
        return own
    ids = whole(library["address_id"])
    above = pc.fill_null(pc.index_in(library["parent_id"], ids, skip_nulls=True), -1).to_numpy()
    place = pc.is_in(library["level"], STANDS).to_numpy()
    node, here = (pc.fill_null(pc.index_in(a, ids, skip_nulls=True), -1).to_numpy() for a in (address, own.address_id))
    told = (node >= 0) & place[node]
    least, most = np.full(len(own.named), len(ids)), np.full(len(own.named), -1)
    np.minimum.at(least, home[told], node[told])
    np.maximum.at(most, home[told], node[told])
    household = np.flatnonzero((least == most) & own.named & ~((here >= 0) & place[here]))
    found = library.take(pa.array(most[household])).combine_chunks()
    in_village = pc.fill_null(pc.equal(found["village"], own.division_code.take(pa.array(household))), fill_value=False)
    inside = np.where(here[household] >= 0, _below(most[household], here[household], above), in_village.to_numpy())
    household, found = household[inside], found.filter(pa.array(inside))
    at = np.full(len(own.named), -1)
    at[household] = np.arange(len(household))
    taken = found.take(pa.array(at, mask=at < 0))
    said = {name: whole(taken[name]) for name in ("address_id", "building_id", "house_id")}
    instead = replace(own, **said, division_code=whole(taken["village"]), reason=pa.nulls(len(at), pa.string()))
    return _swapped(own, instead, household)


def _below(node: Ints, top: Ints, above: Ints) -> Flags:
    """Row by row: the node is the other one or stands below it."""
    found, current = np.asarray(node == top, dtype=bool), node
    for _ in ELEMENTS:
        current = np.where(current >= 0, above[current], -1)
        found |= (current == top) & (current >= 0)
    return found


def _swapped(place: Places, instead: Places, at: Ints) -> Places:
    """The other places for some of the entities."""
    chosen = np.zeros(len(place.named), dtype=bool)
    chosen[at] = True
    parts = {c: pc.if_else(pa.array(chosen), getattr(instead, c), getattr(place, c)) for c in PARTS}
    return replace(place, **parts)
