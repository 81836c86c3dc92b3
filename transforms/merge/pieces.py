"""Records a piece at a time: what a range of entities says is merged by itself.

What merge chooses for an entity depends on its own records alone. Columns are held once, in the order of the record
ids; a piece knows the numbers of its records, those of one entity together, and takes of a column what is theirs. The
pieces' tables one after another are the table of all, however many are made side by side.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.coded import codes, whole
from transforms.live import Live
from transforms.merge.golden import Flags, Ints
from transforms.merge.places import Located
from transforms.places import ordered

Numbers = npt.NDArray[np.int32]
_BITS = 32  # of a record's number, below that of its entity


class Order:
    """Where records lie when those of one entity lie together: entities by their ids, an entity's records by theirs.

    Attributes:
        ids: entity ids, ascending.
        entity: per place the number of its entity.
        record: per place the number of its record.
    """

    def __init__(self, entity_id: pa.Array) -> None:
        """Sort records by their entities: numbers are sorted, and each entity's id is looked at once.

        Args:
            entity_id: of the records, in the order of their ids; best as codes.
        """
        said = codes(entity_id)
        order, number = ordered(said.dictionary), said.indices.to_numpy()
        told = np.zeros(len(order), dtype=bool)
        told[number] = True
        order = order[told[order]]
        place = np.empty(len(told), dtype=np.int64)
        place[order] = np.arange(len(order))
        lain = np.sort(place[number] << _BITS | np.arange(len(number)))
        self.ids: pa.Array = said.dictionary.take(pa.array(order))
        self.entity: Numbers = (lain >> _BITS).astype(np.int32)
        self.record: Numbers = lain.astype(np.int32)  # the lower bits

    def cuts(self, size: int) -> Ints:
        """Places at which pieces begin, each of whole entities and of about so many records, and the end."""
        if not len(self.record):
            return np.zeros(2, dtype=np.int64)
        starts = np.searchsorted(self.entity, self.entity[size::size])  # the first record of its entity
        return np.unique(np.r_[0, starts, len(self.record)])


class Columns:
    """Columns of live records in the order of their ids, each read once, when it is first asked for.

    Attributes:
        live: the records.
        names: of the columns.
        asked: those of which is asked who says anything.
        marks: who does (:meth:`mark`): a record's number has the bits of the columns in which it does, in their order.
    """

    def __init__(self, live: Live, alike: Collection[str] = (), asked: Collection[str] = ()) -> None:
        """Nothing is read yet.

        Args:
            live: the records.
            alike: texts of which is only asked who says the same: numbers stand for them.
            asked: columns of which is asked who says anything.
        """
        self.live, self._alike = live, frozenset(alike)
        self.names = list(live.column_names)
        self._columns: dict[str, pa.Array] = {}
        self.asked = [name for name in asked if name in live.column_names]
        self.marks: npt.NDArray[np.unsignedinteger] | None = None
        self._locks: dict[str, Lock] = {name: Lock() for name in live.column_names}

    def add(self, name: str, values: pa.Array) -> None:
        """Take a column that the records do not have themselves."""
        self.names.append(name)
        self._columns[name], self._locks[name] = values, Lock()

    def column(self, name: str) -> pa.Array:
        """A column.

        Raises:
            KeyError: there is none of the name.
        """
        with self._locks[name]:
            if name not in self._columns:
                self._columns[name] = self._read(name)
            return self._columns[name]

    def mark(self) -> None:
        """Find who says anything in the columns of which that is asked: one bit a column, together one number a record.

        Records lie in another order than those of a piece: to look into one table costs less than into one a column.
        """
        marks = np.zeros(self.live.num_rows, dtype=np.min_scalar_type((1 << len(self.asked)) - 1))
        for bit, name in enumerate(self.asked):
            values = self.column(name)
            said = values.is_valid().to_numpy(zero_copy_only=False) if values.null_count else np.ones(1, dtype=bool)
            marks |= said.astype(marks.dtype) << marks.dtype.type(bit)
        self.marks = marks

    def _read(self, name: str) -> pa.Array:
        values = self.live.packed(name)
        return values.indices if name in self._alike and isinstance(values, pa.DictionaryArray) else values


class Rows(Live):
    """Some of the records; texts are mostly codes (Arrow dictionaries)."""

    def __init__(self, columns: Columns, record: Numbers) -> None:
        """Take records by their numbers."""
        self._all, self._at, self._record = columns, pa.array(record), record
        self._taken: dict[str, pa.ChunkedArray] = {}
        self.column_names = columns.names
        self.ids = columns.live.ids.take(self._at)
        self.num_rows, self.ordered = len(record), False

    def column(self, name: str) -> pa.ChunkedArray:
        """A column, in the order of the rows."""
        if name not in self._taken:
            self._taken[name] = pa.chunked_array([self._all.column(name).take(self._at)])
        return self._taken[name]

    def filled(self, name: str) -> Flags:
        """Per row: it says something in a column."""
        if self._marks is None or name not in self._all.asked:
            return super().filled(name)
        return np.asarray(self._marks >> self._marks.dtype.type(self._all.asked.index(name)) & 1, dtype=bool)

    @cached_property
    def _marks(self) -> npt.NDArray[np.unsignedinteger] | None:
        return None if self._all.marks is None else self._all.marks[self._record]

    def taken(self, name: str, records: pa.Array) -> pa.Array:
        """A column's values in some of the rows, by their numbers: of many columns few are asked for."""
        if name in self._taken:
            return whole(self._taken[name]).take(records)
        return self._all.column(name).take(self._at.take(records))

    def codes(self, name: str) -> pa.DictionaryArray:
        """A column as codes."""
        return codes(self.column(name))

    @cached_property
    def _days(self) -> npt.NDArray[np.int32]:
        since = self.codes("since")
        days = pc.cast(pc.cast(since.dictionary, pa.date32()), pa.int32()).to_numpy()
        return np.asarray(days[since.indices.to_numpy()], dtype=np.int32)


@dataclass(frozen=True)
class Part:
    """What the records of some entities say.

    Attributes:
        live: the records, those of one entity together.
        ids: of the entities, ascending.
        entity: per record the number of its entity.
        how: per record, why it belongs to it (model.CLUSTER).
        trusted: per record, its number is believed to be its own.
        located: where they stand.
    """

    live: Live
    ids: pa.Array
    entity: Ints
    how: pa.DictionaryArray
    trusted: Flags
    located: Located
