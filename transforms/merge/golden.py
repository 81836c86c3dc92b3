"""The survivors of a kind: per entity and property who has won (transforms.merge.survive), and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms import model
from transforms.coded import as_codes, codes, whole
from transforms.live import Live
from transforms.places import ordered, same

CERTAINTIES = pa.array(["single", "scored", "number"])
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Golden:
    """The survivors of one kind.

    Attributes:
        live: live records; of one entity's, those of smaller ids come first.
        ids: entity ids, sorted; a table's rows stand in this order.
        entity: per live record, the place of its entity; -1 where that is left out.
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

    def among(self, kept: Flags) -> Golden:
        """The same without the other entities; their records stand in none (-1)."""
        number = np.where(kept, np.cumsum(kept) - 1, -1)
        winners = {name: won[kept] for name, won in self.winners.items()}
        some = pa.array(kept)
        return replace(
            self, ids=self.ids.filter(some), entity=number[self.entity], certainty=self.certainty.filter(some),
            winners=winners,
        )  # fmt: skip

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

        Claims lie entity after entity: the words of one entity's claims, one behind the other, are its text.
        """
        (entity, told, record), size = self._claimed, len(self.ids)
        names, times = sorted(self.winners), np.bincount(entity, minlength=size)
        words = [f'{mark}"{name}":"' for mark in ('",', "{") for name in names] + ['"}', "{}"]
        closes = np.cumsum(2 * times + 1) - 1  # of each entity's text, where the words of all lie one behind the other
        at = 2 * np.arange(len(entity)) + entity  # of each claim: its property, and then its record
        word = np.empty(2 * len(entity) + size, dtype=np.int64)
        word[closes] = np.where(times > 0, len(words) - 2, len(words) - 1)
        word[at] = told + len(names) * np.diff(entity, prepend=-1).astype(bool)
        word[at + 1] = record + len(words)
        said = pa.concat_arrays([pa.array(words), self.live.ids]).take(pa.array(word))
        ends = np.frombuffer(said.buffers()[1], dtype=np.int32)[np.append(0, closes + 1)]
        return pa.StringArray.from_buffers(size, pa.py_buffer(ends), said.buffers()[2])

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
    said = whole(values) if isinstance(values, pa.ChunkedArray) else values
    words = said.dictionary if isinstance(said, pa.DictionaryArray) else said
    order = ordered(words)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.cumsum(np.append(False, ~same(words, order))[: len(order)])
    return place[said.indices.to_numpy()] if isinstance(said, pa.DictionaryArray) else place


def gathered(live: Live, ids: pa.Array, entity: Ints, how: pa.DictionaryArray) -> Golden:
    """The entities of the records, of which nothing has won yet.

    Args:
        live: live records of the kind, entity after entity; of one entity's, those of smaller ids come first.
        ids: of the entities, ascending; each has a record.
        entity: per record the number of its entity.
        how: per record, why it belongs to it (model.CLUSTER).
    """
    source = codes(live.column("source"))
    return Golden(live, ids, entity, _certainty(how, entity, source.indices.to_numpy(), len(ids)))


def begins(entity: Ints) -> Ints:
    """Of rows that lie entity after entity the place of each entity's first."""
    return np.flatnonzero(np.diff(entity, prepend=-1))


def highest(told: Ints, starts: Ints) -> Flags:
    """Row by row: no number of its group is higher.

    Args:
        told: numbers, group after group.
        starts: the place of each group's first.
    """
    if not len(told):
        return np.zeros(0, dtype=bool)
    top = np.maximum.reduceat(told, starts)
    return np.asarray(told == np.repeat(top, np.diff(starts, append=len(told))), dtype=bool)


def _certainty(how: pa.DictionaryArray, entity: Ints, source: npt.NDArray[np.integer], size: int) -> pa.Array:
    """number: a number or key holds it together; scored: only scores do; single: one source alone tells of it."""
    several, sure = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    several[entity[1:][(entity[1:] == entity[:-1]) & (source[1:] != source[:-1])]] = True
    held = pc.is_in(how.dictionary, pa.array(["number", "key"])).to_numpy(zero_copy_only=False)
    sure[entity[np.append(held, False)[how.indices.to_numpy()]]] = True
    return pa.DictionaryArray.from_arrays(np.where(several, 1 + sure, 0).astype(np.int32), CERTAINTIES)
