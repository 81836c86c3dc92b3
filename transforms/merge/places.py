"""Where a fact is: the best located candidate of the record that won its address, or the reason why not.

What one address lacks is missing, not a conflict (domain.md section 0, finding 6): a winner that names a hamlet without
a door gives way to a record of the same entity that says the same hamlet and a door in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.coded import whole
from transforms.contract import DEFAULT_TRUST, Contract
from transforms.located import COLUMNS, Best
from transforms.merge.golden import Flags, Golden, Ints, plain

ELEMENTS = ("county", "town", "village", "group", "road", "door", "estate", "building", "unit", "floor", "room")
PARTS = ("address_id", "building_id", "house_id", "division_code", "reason")  # of places
_TOLD = ("address_id", "building_id", "house_id", "village")
STANDS = pa.array(["door", "building", "unit", "floor", "room"])  # levels at which one stands; the others are areas
Rows = npt.NDArray[np.int32]  # of candidates
REASONS = pa.array(["no_address", "village_only", "outside", "unresolved"])
_VILLAGE_ONLY, _UNRESOLVED = (np.int32(REASONS.index(word).as_py()) for word in ("village_only", "unresolved"))


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


class Candidates:
    """The best candidates of all records of a kind.

    Attributes:
        best: where the records stand.
        stands: row by row of its table, it leads to a door or building of a known village (a path without one may be
            several nodes); and False for row -1.
    """

    def __init__(self, best: Best) -> None:
        """See where they lead."""
        self.best = best
        self._codes = {name: np.append(best.codes(name), np.int32(-1)) for name in COLUMNS}
        self._words = {name: whole(best.table[name]).dictionary for name in COLUMNS}
        level = np.append(best.says("level", STANDS), False)
        self.stands: Flags = level & (self._codes["address_id"] >= 0) & (self._codes["village"] >= 0)
        why = pc.index_in(self._words["reason"], REASONS)
        self._why = np.append(pc.fill_null(why, -1).to_numpy(), np.int32(-1))

    def told(self, name: str, rows: npt.NDArray[np.integer]) -> pa.Array:
        """A column of some rows; null where it is, and for row -1."""
        return plain(self.coded(name, rows))

    def coded(self, name: str, rows: npt.NDArray[np.integer]) -> pa.DictionaryArray:
        """The same as codes of all words."""
        codes = self._codes[name][rows]
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), self._words[name])

    def why(self, rows: npt.NDArray[np.integer]) -> Rows:
        """Of some rows the place of their reason among :data:`REASONS`, -1 where it is none of them."""
        return np.asarray(self._why[self._codes["reason"][rows]], dtype=np.int32)

    @cached_property
    def place(self) -> Rows:
        """Row by row, where it stands, the number of its house, or of its node where no house is known."""
        houses, nodes = (self._codes[name] for name in ("house_id", "address_id"))
        return np.where(houses >= 0, houses, nodes + houses.max(initial=-1) + np.int32(1))

    def of(self, record: Rows) -> Located:
        """Where some records stand."""
        return Located(self, {name: text[record] for name, text in self.best.text.items()}, len(record))


class Located:
    """Where some records stand: their best candidates.

    Attributes:
        found: those of other records too.
    """

    def __init__(self, found: Candidates, rows: Mapping[str, Rows], size: int) -> None:
        """Take what tells of the records.

        Args:
            found: of all records.
            rows: property → per record its row, -1 where it does not count; a property of none may be missing.
            size: how many records these are.
        """
        self.found, self._rows, self._size = found, rows, size

    def heard(self, hears: Flags | None) -> Located:
        """The same where only some records' words count; None: all do."""
        if hears is None:
            return self
        rows = {name: np.where(hears, of_name, np.int32(-1)) for name, of_name in self._rows.items()}
        return Located(self.found, rows, self._size)

    def rows(self, name: str) -> Rows:
        """Per record the row with its candidate for a property, -1 where there is none."""
        return self._rows[name] if name in self._rows else np.full(self._size, -1, dtype=np.int32)

    def leads(self, name: str) -> Flags:
        """Per record: the property leads to a door or building of a known village."""
        return np.asarray(self.found.stands[self.rows(name)], dtype=bool)

    def best(self, golden: Golden, name: str, by: str, told: Sequence[str]) -> Mapping[str, pa.Array]:
        """Per entity, the candidate for property ``name`` of the record that won ``by``; nulls where there is none."""
        rows = np.append(self.rows(name), -1)[golden.winners[by]]
        return {column: self.found.told(column, rows) for column in told}

    def coded(self, golden: Golden, name: str, column: str) -> pa.DictionaryArray:
        """Per entity, an id of the place that the winner of an address property gives; codes ascend as their words."""
        return self.found.coded(column, self._won(golden, name))

    def _won(self, golden: Golden, name: str) -> Rows:
        return np.append(self.rows(name), np.int32(-1))[golden.winners[name]]

    def of(self, golden: Golden, name: str) -> Places:
        """Per entity, the place that the winner of address property ``name`` gives."""
        return self._places(golden, {name: golden.winners[name] >= 0})

    def of_either(self, golden: Golden, name: str, other: str) -> Places:
        """The place by ``name``; by ``other`` where nobody says it, or only that leads to a door and says as much."""
        leads = [np.append(self.leads(prop), False)[golden.winners[prop]] for prop in (name, other)]
        entity = np.flatnonzero(_vague(golden, name, leads[0]) & leads[1])
        entity = entity[_says_all(golden, (name, golden.winners[name][entity]), (other, golden.winners[other][entity]))]
        mine = golden.winners[name] >= 0
        mine[entity] = False
        return self._places(golden, {name: mine, other: ~mine & (golden.winners[other] >= 0)})

    def _places(self, golden: Golden, by: Mapping[str, Flags]) -> Places:
        """Per entity, the place that a winner gives; ``by``: address property → the entities that stand by it."""
        rows, named = np.full(len(golden.ids), -1, dtype=np.int32), np.zeros(len(golden.ids), dtype=bool)
        for name, mine in by.items():
            rows[mine], named = self._won(golden, name)[mine], named | mine
        address, building, house, division = (self.found.told(column, rows) for column in _TOLD)
        known = _valid(division)
        open_to = named & ~known
        for name, mine in by.items():
            at = np.flatnonzero(open_to & mine)
            said = [
                golden.taken(f"{name}_{level}", golden.winners[name][at]) for level in ("village", "town", "county")
            ]
            known[at] = _valid(said[0])
            division = pc.replace_with_mask(division, pa.array(open_to & mine), pc.coalesce(*said))
        reason = self.found.why(rows)
        reason = np.where(reason >= 0, reason, np.where(known, _VILLAGE_ONLY, _UNRESOLVED))
        reasons = REASONS.take(pa.array(reason, mask=~named | _valid(address)))
        return Places(named, address, building, house, division, reasons)


def _valid(values: pa.Array) -> Flags:
    return np.asarray(values.is_valid().to_numpy(zero_copy_only=False), dtype=bool)


def finer(golden: Golden, located: Located, names: Sequence[str], contracts: Mapping[str, Contract]) -> Golden:
    """Let winners that lead to no door or building give way to a record that says all they say, and leads to one.

    Args:
        golden: survivors whose live records have the clean columns of the addresses.
        located: where their records stand.
        names: address properties.
        contracts: trust per property, by source.

    Returns:
        The same with other winners. Of several that may win: trust, then the later ``since``, then the smaller record
        id. A winner that says a number nobody could read is left alone.
    """
    changed = {name: _finer(golden, name, located.leads(name), contracts) for name in names if name in golden.winners}
    return replace(golden, winners=golden.winners | changed)


def _finer(golden: Golden, name: str, leads: Flags, contracts: Mapping[str, Contract]) -> Ints:
    """Winners of one property; ``leads``: per live record, it leads to a door or finer."""
    won = golden.winners[name]
    if not leads.any():
        return won
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
    unread = golden.live.filled(f"{name}_residual")
    return np.asarray((won >= 0) & ~leads & ~unread[won], dtype=bool)


def _says_all(golden: Golden, told: tuple[str, Ints], more: tuple[str, Ints]) -> Flags:
    """Row by row of two lists of (address property, records): the second says every element that the first says."""
    agrees = np.ones(len(told[1]), dtype=bool)
    for said in ELEMENTS if len(agrees) else ():
        first_says, other_says = (golden.taken(f"{name}_{said}", records) for name, records in (told, more))
        same = pc.or_kleene(pc.is_null(first_says), pc.equal(first_says, other_says))
        agrees &= pc.fill_null(same, fill_value=False).to_numpy(zero_copy_only=False)
    return agrees


def _trust(golden: Golden, name: str, record: Ints, contracts: Mapping[str, Contract]) -> Ints:
    sources = golden.taken("source", record).dictionary_encode()
    names = sources.dictionary.to_pylist()
    told = [contracts[s].trust.get(name, DEFAULT_TRUST) if s in contracts else 0 for s in names]
    return np.asarray(np.array(told, dtype=np.int64)[sources.indices.to_numpy()])


def first(*options: Places) -> Places:
    """Per entity the first place that somebody names, else nowhere, for want of an address."""
    *rest, found = options  # where nobody names a place all else is null
    found = replace(found, reason=pc.if_else(pa.array(found.named), found.reason, "no_address"))
    for place in reversed(rest):
        mask = pa.array(place.named)
        told = (pc.if_else(mask, getattr(place, c), getattr(found, c)) for c in PARTS)
        found = Places(place.named | found.named, *told)
    return found


def columns(places: Places) -> dict[str, pa.Array]:
    """address_id, building_id, house_id, division_code and place_reason of facts."""
    return {
        "address_id": places.address_id,
        "building_id": places.building_id,
        "house_id": places.house_id,
        "division_code": places.division_code.dictionary_encode(),
        "place_reason": places.reason.dictionary_encode(),
    }
