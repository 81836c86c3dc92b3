"""Survivorship: per entity and property, the one record whose word stands, and everything that follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms import model
from transforms.coded import as_codes, codes, whole
from transforms.contract import DEFAULT_TRUST, Contract
from transforms.engine import Engine
from transforms.live import Live
from transforms.places import ordered

_STEPS = Path(__file__).with_name("survive.sql")
_CLAIMS_AT_ONCE = 4_000_000  # rows of one run of survive.sql: bounds its memory
_LATER = 2**20  # more than any day number: one step of trust is worth more than any day
CERTAINTIES = pa.array(["single", "scored", "number"])
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Golden:
    """The survivors of one kind.

    Attributes:
        live: live records; of one entity's, those of smaller ids come first.
        ids: entity ids, sorted; a table's rows stand in this order.
        entity: per live record, the place of its entity.
        winners: property → per entity the winning record's place, -1 where nobody says anything.
        certainty: per entity number, scored or single.
    """

    live: Live
    ids: pa.Array
    entity: Ints
    certainty: pa.Array
    winners: dict[str, Ints] = field(default_factory=dict)

    @cached_property
    def entities(self) -> list[str]:
        """The ids as Python texts."""
        return list(self.ids.to_pylist())

    def value(self, column: str, by: str | None = None) -> pa.Array:
        """The column's value in the record that won property ``by`` (default: the column's own)."""
        return plain(self.coded(column, by))

    def coded(self, column: str, by: str | None = None) -> pa.Array:
        """As :meth:`value`; a column that is held as codes stays so."""
        return self._taken(column, self.winners[by or column])

    def taken(self, column: str, records: Ints) -> pa.Array:
        """The column's values in some records; null where the number is -1 or nobody has such a column."""
        return plain(self._taken(column, records))

    def _taken(self, column: str, records: Ints) -> pa.Array:
        if column not in self.live.column_names:
            return pa.nulls(len(records), pa.string())
        return self.live.taken(column, pa.array(records, mask=records < 0))

    def ending(self) -> dict[str, pa.Array]:
        """The columns every row ends with: valid_from, valid_to, provenance."""
        days = self.live.days()
        since = np.zeros(len(self.ids), dtype=np.int32)
        for won in self.winners.values():
            since = np.maximum(since, np.where(won >= 0, days[won], 0))
        return {
            "valid_from": pa.array(since, pa.int32()).cast(pa.date32()),
            "valid_to": pa.nulls(len(since), pa.date32()),
            "provenance": self._provenance,
        }

    @cached_property
    def _claimed(self) -> tuple[Ints, Ints, Ints]:
        """Who won what: entity after entity, and of each its properties in order.

        Parallel arrays: entity, property (its place among the sorted ones), record.
        """
        names = sorted(self.winners)
        won = np.column_stack([self.winners[n] for n in names]) if names else np.zeros((len(self.ids), 0), np.int64)
        entity, told = np.nonzero(won >= 0)
        return entity, told, won[entity, told]

    @cached_property
    def _provenance(self) -> pa.Array:
        """JSON text per entity: property → record id, sorted by property; both are plain ASCII.

        Claims lie entity after entity: the texts of one entity's claims, one behind the other, are its text.
        """
        (entity, told, record), size = self._claimed, len(self.ids)
        if not len(entity):
            return pa.repeat(pa.scalar("{}"), size)
        other = np.r_[True, entity[1:] != entity[:-1], True]
        names = sorted(self.winners)
        begins = pa.array([f'{mark}"{name}":"' for mark in ",{" for name in names]).take(told + len(names) * other[:-1])
        ids = self.live.ids.take(pa.array(record))
        said = pc.binary_join_element_wise(begins, ids, pa.array(['"', '"}']).take(pa.array(other[1:].astype(int))), "")
        times = np.bincount(entity, minlength=size)
        ends = np.frombuffer(said.buffers()[1], dtype=np.int32)[np.r_[0, np.cumsum(times)]]
        texts = pa.StringArray.from_buffers(size, pa.py_buffer(ends), said.buffers()[2])
        return texts if times.all() else pc.if_else(pa.array(times == 0), "{}", texts)

    def claims(self) -> pa.Table:
        """claim.parquet: which record won each value."""
        entity, told, record = self._claimed
        properties = as_codes(told, pa.array(sorted(self.winners), pa.string()))
        sources = codes(self.live.column("source")).take(pa.array(record))
        columns = [as_codes(entity, self.ids), properties, as_codes(record, self.live.ids), sources]
        return pa.table(columns, names=model.CLAIM.names)


def plain(values: pa.Array) -> pa.Array:
    """The values themselves of a column that may be held as codes."""
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values


def says(values: pa.Array | pa.ChunkedArray, word: str) -> Flags:
    """Row by row of a column of few values: it says this word."""
    said = codes(values)
    found = np.append(pc.equal(said.dictionary, word).to_numpy(zero_copy_only=False), False)
    return np.asarray(found[pc.fill_null(said.indices, -1).to_numpy()], dtype=bool)


def ranks(values: pa.Array | pa.ChunkedArray) -> Ints:
    """Row by row, of values that are not null: the place of the value among the distinct ones, in their order."""
    said = codes(values)
    order = ordered(said.dictionary)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return np.asarray(place[said.indices.to_numpy()])


def gathered(live: Live, ids: pa.Array, entity: Ints, how: pa.DictionaryArray) -> Golden:
    """The entities of the records, of which nothing has won yet.

    Args:
        live: live records of the kind; of one entity's, those of smaller ids come first.
        ids: of the entities, ascending.
        entity: per record the number of its entity.
        how: per record, why it belongs to it (model.CLUSTER).
    """
    source = codes(live.column("source"))
    return Golden(live, ids, entity, _certainty(how, entity, source.indices.to_numpy(), len(ids)))


def survive(
    engine: Engine,
    golden: Golden,
    properties: Sequence[str],
    contracts: dict[str, Contract],
    *,
    speaks: Mapping[str, Flags] | None = None,
) -> Golden:
    """Choose among claims: trust, then recency, then agreement, then completeness, then the smaller record id.

    Args:
        engine: runs survive.sql.
        golden: records and entities (:func:`gathered`).
        properties: clean columns that are claims.
        contracts: trust per property, by source.
        speaks: column → the records that may claim it; of the others, all.
    """
    claims = _Claims(golden.live, golden.entity, codes(golden.live.column("source")), contracts, speaks or {})
    return replace(golden, winners=claims.winners(engine, list(properties), len(golden.ids)))


@dataclass(frozen=True)
class _Claims:
    """What the records of a kind claim."""

    live: Live
    entity: Ints
    source: pa.DictionaryArray
    contracts: dict[str, Contract]
    speaks: Mapping[str, Flags]

    def winners(self, engine: Engine, properties: list[str], size: int) -> dict[str, Ints]:
        """Property → the winning record per entity, -1 without one."""
        said = {name: self._records(name) for name in properties}
        filled = np.zeros(self.live.num_rows, dtype=np.int64)
        for records in said.values():
            filled[records] += 1
        found: dict[str, Ints] = {}
        for names in self._portions(properties):
            contested = []
            for place, name in enumerate(names):
                records, trust = said[name], self._trust(name, said[name])
                standing = trust * _LATER + self.live.days()[records]
                found[name], tied = _foremost(self.entity[records], records, standing, size)
                self._settle(name, found[name], records[tied], filled)
                open_to = found[name][self.entity[records]] < 0
                contested.append(self._contested(name, place, records[open_to], trust[open_to], filled))
            if not any(claims.num_rows for claims in contested):
                continue
            won = engine.run(_STEPS, {"claim": pa.concat_tables(contested)})
            e, p, r = (won.column(c).to_numpy() for c in ("e", "p", "r"))
            for place, name in enumerate(names):
                found[name][e[p == place]] = r[p == place]
        return found

    def _portions(self, properties: list[str]) -> Iterator[list[str]]:
        at_once = max(1, _CLAIMS_AT_ONCE // max(1, self.live.num_rows))
        for start in range(0, len(properties), at_once):
            yield properties[start : start + at_once]

    def _records(self, name: str) -> Ints:
        """Records that say the property."""
        if name not in self.live.column_names:
            return np.zeros(0, dtype=np.int64)
        said = self.live.column(name).is_valid().to_numpy()
        return np.flatnonzero(said & self.speaks[name] if name in self.speaks else said)

    def _trust(self, name: str, records: Ints) -> Ints:
        """How far the contract of each record's source trusts what it says of the property."""
        sources = self.source.dictionary.to_pylist()
        trust = [self.contracts[s].trust.get(name, DEFAULT_TRUST) if s in self.contracts else 0 for s in sources]
        return np.asarray(np.array(trust, dtype=np.int64)[self.source.indices.to_numpy()[records]])

    def _settle(self, name: str, won: Ints, tied: Ints, filled: Ints) -> None:
        """Fill in who wins among equals that say one thing: nobody need count voices there either."""
        if not len(tied):
            return
        entity, values = self.entity[tied], codes(whole(self.live.column(name)).take(pa.array(tied))).indices.to_numpy()
        order = np.lexsort((tied, -filled[tied], entity))
        first = np.flatnonzero(np.diff(entity[order], prepend=-1))
        alike = np.minimum.reduceat(values[order], first) == np.maximum.reduceat(values[order], first)
        chosen = order[first[alike]]
        won[entity[chosen]] = tied[chosen]

    def _contested(self, name: str, place: int, records: Ints, trust: Ints, filled: Ints) -> pa.Table:
        values = np.zeros(0, dtype=np.int64)
        if len(records):
            said = codes(whole(self.live.column(name)).take(pa.array(records)))
            values = said.indices.to_numpy().astype(np.int64)
        return pa.table({
            "e": self.entity[records], "p": np.full(len(records), place), "r": records, "v": values,
            "trust": trust, "since": self.live.days()[records], "filled": filled[records],
        })  # fmt: skip


def _foremost(entity: Ints, records: Ints, standing: Ints, size: int) -> tuple[Ints, Flags]:
    """Per entity the record that stands before all others (-1: several do), and the claims of those several.

    Trust and then ``since`` come first in survive.sql: where they decide, nobody need count voices.
    """
    top = np.full(size, -1, dtype=np.int64)
    np.maximum.at(top, entity, standing)
    best = standing == top[entity]
    single = np.bincount(entity[best], minlength=size) == 1
    won = np.full(size, -1, dtype=np.int64)
    first = best & single[entity]
    won[entity[first]] = records[first]
    return won, best & ~single[entity]


def _certainty(how: pa.DictionaryArray, entity: Ints, source: Ints, size: int) -> pa.Array:
    """number: a number or key holds it together; scored: only scores do; single: one source alone tells of it."""
    low, high = np.full(size, np.iinfo(np.int64).max), np.full(size, -1, dtype=np.int64)
    np.minimum.at(low, entity, source)
    np.maximum.at(high, entity, source)
    held = pc.is_in(how.dictionary, pa.array(["number", "key"])).to_numpy(zero_copy_only=False)
    sure = np.zeros(size, dtype=bool)
    sure[entity[np.append(held, False)[how.indices.to_numpy()]]] = True
    return pa.DictionaryArray.from_arrays(np.where(low < high, 1 + sure, 0).astype(np.int32), CERTAINTIES)
