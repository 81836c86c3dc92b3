"""Where a fact is: the best located candidate of the record that won its address, or the reason why not.

What one address lacks is missing, not a conflict (domain.md section 0, finding 6): a winner that names a hamlet without
a door gives way to a record of the same entity that says the same hamlet and a door in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms import model
from transforms.contract import DEFAULT_TRUST, Contract
from transforms.merge.golden import Flags, Golden, Ints

_SAID = ("county", "town", "village", "group", "road", "door", "estate", "building", "unit", "floor", "room")
_PLACES = pa.array(["door", "building", "unit", "floor", "room"])  # levels at which one stands; the others are areas
REASONS = pa.array(["no_address", "village_only", "outside", "unresolved"])


@dataclass(frozen=True)
class Places:
    """Per entity, its place by one address property, as parallel columns.

    Attributes:
        named: somebody names one; where nobody does, all else is null.
        address_id: building_id, house_id: nodes of the library; null where the text leads to none.
        division_code: the village (or town, or county) known of it.
        reason: why there is no address; null where there is one.
    """

    named: npt.NDArray[np.bool_]
    address_id: pa.Array
    building_id: pa.Array
    house_id: pa.Array
    division_code: pa.Array
    reason: pa.Array

    def known(self, address_id: pa.Array) -> Places:
        """The library's own node where it has one."""
        nothing = pa.scalar(None, pa.string())
        reason = pc.if_else(pc.is_valid(address_id), nothing, self.reason)
        return replace(self, address_id=pc.coalesce(address_id, self.address_id), reason=reason)


class Located:
    """The best candidate of every (record, property) of a located table."""

    def __init__(self, located: pa.Table | None) -> None:
        """Keep rank 1 of a model.LOCATED; None where locate has nothing of the kind."""
        found = model.LOCATED.empty_table() if located is None else located
        self._best = found.filter(pc.equal(found["rank"], 1))

    def of(self, golden: Golden, name: str) -> Places:
        """Per entity, the place that the winner of address property ``name`` gives."""
        won = golden.winners[name]
        best = self.best(golden, name, name)
        told = [golden.value(f"{name}_{level}", name) for level in ("village", "town", "county")]
        village = pc.coalesce(best["village"].combine_chunks(), told[0])
        address = best["address_id"].combine_chunks()
        reason = best["reason"].combine_chunks()
        guessed = pc.if_else(pc.is_valid(village), "village_only", "unresolved")
        reason = pc.if_else(pc.is_in(reason, REASONS), reason, guessed)
        reason = pc.if_else(pa.array((won < 0) | address.is_valid().to_numpy(zero_copy_only=False)), None, reason)
        building, house = best["building_id"].combine_chunks(), best["house_id"].combine_chunks()
        return Places(won >= 0, address, building, house, pc.coalesce(village, *told[1:]), reason)

    def of_either(self, golden: Golden, name: str, other: str) -> Places:
        """The place by ``name``, or by ``other`` where only that leads to a door and says all that ``name`` says."""
        place, instead = self.of(golden, name), self.of(golden, other)
        leads = [stands(self.best(golden, prop, prop)).to_numpy() for prop in (name, other)]
        entity = np.flatnonzero(_vague(golden, name, leads[0]) & leads[1])
        entity = entity[_says_all(golden, (name, golden.winners[name][entity]), (other, golden.winners[other][entity]))]
        return _swapped(place, instead, entity)

    def best(self, golden: Golden, name: str, by: str) -> pa.Table:
        """Per entity, the candidate for property ``name`` of the record that won ``by``; nulls where there is none."""
        won = golden.winners[by]
        of_name = self._best.filter(pc.equal(self._best["property"], name))
        ids = golden.live.ids.take(pa.array(won, mask=won < 0))
        return of_name.take(pc.index_in(ids, of_name["record_id"].combine_chunks(), skip_nulls=True))


def stands(located: pa.Table) -> pa.ChunkedArray:
    """Row by row: it leads to a door or building of a known village; a path without one may be several nodes."""
    node = pc.and_(pc.is_valid(located["address_id"]), pc.is_valid(located["village"]))
    return pc.and_(node, pc.is_in(located["level"], _PLACES))


def finer(golden: Golden, located: pa.Table | None, names: Sequence[str], contracts: Mapping[str, Contract]) -> Golden:
    """Let winners that lead to no door or building give way to a record that says all they say, and leads to one.

    Args:
        golden: survivors whose live records have the clean columns of the addresses.
        located: model.LOCATED of the kind; None: nothing is located, nothing changes.
        names: address properties.
        contracts: trust per property, by source.

    Returns:
        The same with other winners. Of several that may win: trust, then the later ``since``, then the smaller record
        id. A winner that says a number nobody could read is left alone.
    """
    if located is None:
        return golden
    best = located.filter(pc.and_(pc.equal(located["rank"], 1), stands(located)))
    changed = {}
    for name in names:
        if name not in golden.winners:
            continue
        of_name = best.filter(pc.equal(best["property"], name))
        at = pc.index_in(golden.live.ids, of_name["record_id"].combine_chunks())
        changed[name] = _finer(golden, name, at.is_valid().to_numpy(zero_copy_only=False), contracts)
    return replace(golden, winners=golden.winners | changed)


def _finer(golden: Golden, name: str, leads: Flags, contracts: Mapping[str, Contract]) -> Ints:
    """Winners of one property; ``leads``: per live record, it leads to a door or finer."""
    won = golden.winners[name]
    record = np.flatnonzero(leads & _vague(golden, name, leads[won])[golden.entity])
    record = record[_says_all(golden, (name, won[golden.entity[record]]), (name, record))]
    entity = golden.entity[record]
    order = np.lexsort((record, -golden.live.days()[record], -_trust(golden, name, record, contracts), entity))
    chosen = order[np.r_[True, np.diff(entity[order]) != 0]] if len(order) else order
    winners = won.copy()
    winners[entity[chosen]] = record[chosen]
    return winners


def _vague(golden: Golden, name: str, leads: Flags) -> Flags:
    """Per entity: its winner leads to no door, and says no number that nobody could read."""
    won = golden.winners[name]
    if f"{name}_residual" not in golden.live.column_names:  # no record of the night has the address
        return np.zeros(len(won), dtype=bool)
    read = golden.live.column(f"{name}_residual").is_null().to_numpy()
    return np.asarray((won >= 0) & ~leads & read[won], dtype=bool)


def _says_all(golden: Golden, told: tuple[str, Ints], more: tuple[str, Ints]) -> Flags:
    """Row by row of two lists of (address property, records): the second says every element that the first says."""
    agrees = np.ones(len(told[1]), dtype=bool)
    for said in _SAID if len(agrees) else ():
        first_says, other_says = (
            golden.live.column(f"{name}_{said}").combine_chunks().take(pa.array(records))
            for name, records in (told, more)
        )
        same = pc.or_kleene(pc.is_null(first_says), pc.equal(first_says, other_says))
        agrees &= pc.fill_null(same, fill_value=False).to_numpy(zero_copy_only=False)
    return agrees


def _trust(golden: Golden, name: str, record: Ints, contracts: Mapping[str, Contract]) -> Ints:
    sources = golden.live.column("source").combine_chunks().take(pa.array(record)).to_pylist()
    told = [contracts[s].trust.get(name, DEFAULT_TRUST) if s in contracts else 0 for s in sources]
    return np.array(told, dtype=np.int64)


def of_members(own: Places, home: Ints, address: pa.Array, library: pa.Table) -> Places:
    """A household whose address leads to no door stands where its members are registered, if that is one door in it.

    Args:
        own: places of the households by their own addresses.
        home: per member, the place of its household.
        address: per member, the node of its registered address, or null.
        library: ``address_id parent_id level village building_id house_id`` of every node.
    """
    ids = library["address_id"].combine_chunks()
    above = pc.fill_null(pc.index_in(library["parent_id"], ids, skip_nulls=True), -1).to_numpy()
    place = pc.is_in(library["level"], _PLACES).to_numpy()
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
    said = {name: taken[name].combine_chunks() for name in ("address_id", "building_id", "house_id")}
    instead = replace(
        own, **said, division_code=taken["village"].combine_chunks(), reason=pa.nulls(len(at), pa.string())
    )
    return _swapped(own, instead, household)


def _below(node: Ints, top: Ints, above: Ints) -> Flags:
    """Row by row: the node is the other one or stands below it."""
    found, current = np.asarray(node == top, dtype=bool), node
    for _ in _SAID:
        current = np.where(current >= 0, above[current], -1)
        found |= (current == top) & (current >= 0)
    return found


def _swapped(place: Places, instead: Places, at: Ints) -> Places:
    """The other places for some of the entities."""
    chosen = np.zeros(len(place.named), dtype=bool)
    chosen[at] = True
    names = ("address_id", "building_id", "house_id", "division_code", "reason")
    parts = {c: pc.if_else(pa.array(chosen), getattr(instead, c), getattr(place, c)) for c in names}
    return replace(place, **parts)


def first(*options: Places) -> Places:
    """Per entity the first place that somebody names, else nowhere, for want of an address."""
    size = len(options[0].named)
    nothing = pa.nulls(size, pa.string())
    found = Places(
        np.zeros(size, dtype=bool), nothing, nothing, nothing, nothing, pa.repeat(pa.scalar("no_address"), size)
    )
    for place in reversed(options):
        mask = pa.array(place.named)
        columns = (
            pc.if_else(mask, getattr(place, c), getattr(found, c))
            for c in ("address_id", "building_id", "house_id", "division_code", "reason")
        )
        found = Places(place.named | found.named, *columns)
    return found


def columns(places: Places) -> dict[str, pa.Array]:
    """address_id, building_id, house_id, division_code and place_reason of facts."""
    return {
        "address_id": places.address_id,
        "building_id": places.building_id,
        "house_id": places.house_id,
        "division_code": places.division_code,
        "place_reason": places.reason,
    }
