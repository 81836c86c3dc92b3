"""Live records of a kind, read column by column: a city's persons have eighty columns, and nobody needs all at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import manifest, mapped, model, store
from transforms.coded import code_of_row, codes, small, whole, wide

_SEPARATOR = "\x1f"


class Live:
    """``account/live/<kind>.parquet``, sorted by record id; a record's number is its place in that order.

    Columns that lie beside it (:mod:`transforms.mapped`) are mapped, and nothing is read of the table itself. What the
    folder's manifest names is found to be whole before it is looked at.

    Attributes:
        column_names: what the records may say.
        ids: record ids, ascending.
        num_rows: how many there are.
        ordered: the file lies in the order of the record ids.
        kept: what a room made of columns and will ask for again.
    """

    _beside: Mapping[str, str] = MappingProxyType({})  # column → its file; of records taken out of others none is laid

    def __init__(self, path: Path) -> None:
        """Look at the file; no file: no records.

        Raises:
            StaleInputError: it is not as its manifest says.
        """
        self._path, self._folder = path if path.is_file() else None, path.parent
        self._found = manifest.Manifest.read(path.parent)
        self._beside = {name: file for file in (self._found.files if self._found else ())
                        if (name := mapped.column_of(path.stem, file)) is not None}  # fmt: skip
        self.kept: dict[str, Any] = {}
        if self._beside:
            self.column_names = list(self._beside)
            self.ids: pa.Array = self._map("record_id")
            self._order, self.ordered, self.num_rows = None, True, len(self.ids)
            return
        if self._path:
            self._whole(path.name)
        nothing = pa.schema([*model.STANDARD, *model.LIVE])
        self._schema = pq.read_schema(path) if self._path else nothing
        self.column_names = list(self._schema.names)
        ids = self._read("record_id")
        self._order = None if ascending(ids) else pc.sort_indices(ids)  # the lake's tables lie in order
        self.ordered = self._order is None
        self.ids = whole(ids if self._order is None else ids.take(self._order))
        self.num_rows = len(self.ids)

    def _whole(self, file: str) -> None:
        if self._found and file in self._found.files:
            manifest.whole(self._folder, self._found, file)

    def _map(self, name: str) -> pa.Array:
        """A column that lies beside the table.

        Raises:
            StaleInputError: its file is not as its manifest says.
            KeyError: there is none of the name.
        """
        file = self._beside[name]
        self._whole(file)
        return mapped.column(self._folder / file)  # not kept: what nobody holds is mapped no more

    def column(self, name: str) -> pa.ChunkedArray:
        """A column, in the order of the record ids.

        Raises:
            KeyError: there is none of the name.
        """
        found = self._read(name)
        return found if self._order is None else found.take(self._order)

    def taken(self, name: str, records: pa.Array) -> pa.Array:
        """A column's values in some records, by their numbers; null where a number is.

        Raises:
            KeyError: there is no column of the name.
        """
        return whole(self.column(name)).take(records)

    def filled(self, name: str) -> npt.NDArray[np.bool_]:
        """Per record: it says something in a column.

        Raises:
            KeyError: there is none of the name.
        """
        return np.asarray(self.column(name).is_valid().to_numpy(), dtype=bool)

    def packed(self, name: str) -> pa.Array:
        """A column as it is held longest: texts as codes of no more bytes than they need; what lies beside is mapped.

        Raises:
            KeyError: there is none of the name.
        """
        if self._beside:
            return self._map(name)
        return small(self.codes(name)) if self.text(name) else whole(self.column(name))

    def keys(self, *names: str) -> pa.Array:
        """Several columns as one text per record; null where one of them is, or where there is no such column."""
        if any(name not in self.column_names for name in names):
            return pa.nulls(self.num_rows, pa.string())
        parts = [pc.cast(whole(self.column(name)), pa.string()) for name in names]
        return pc.binary_join_element_wise(*parts, _SEPARATOR)

    def codes(self, name: str) -> pa.DictionaryArray:
        """A column as codes of 32 bits, of what is distinct; of lists only those of numbers.

        Raises:
            KeyError: there is none of the name.
        """
        if self._beside:
            return wide(self._map(name))
        if self.listed(name):
            return wide(mapped.in_codes(whole(self.column(name))))
        if self._path is None or name not in self.column_names:
            return whole(self.column(name)).dictionary_encode()
        found = whole(store.read_table(self._path, [name], [name]).column(name))
        coded = found if isinstance(found, pa.DictionaryArray) else found.dictionary_encode()
        return coded if self._order is None else coded.take(self._order)

    def code_of_row(self, name: str) -> tuple[npt.NDArray[np.int32], pa.Array]:
        """As :meth:`codes`: per record the place of its value among the distinct ones, -1 for null, and these.

        Raises:
            KeyError: there is no column of the name.
        """
        coded = codes(self._map(name)) if self._beside else self.codes(name)
        return code_of_row(coded), coded.dictionary

    @cached_property
    def sources(self) -> npt.NDArray[np.int32]:
        """Per record, the code of its source."""
        return self.code_of_row("source")[0]

    def listed(self, name: str) -> bool:
        """The column holds a list per record."""
        of = self._type(name)
        return bool(pa.types.is_list(of) or pa.types.is_large_list(of))

    def text(self, name: str) -> bool:
        """The column holds a text per record."""
        return bool(pa.types.is_string(self._type(name)))

    def _type(self, name: str) -> pa.DataType:
        of = self._map(name).type if self._beside else self._schema.field(name).type
        return of.value_type if pa.types.is_dictionary(of) else of

    def says(self, name: str, words: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Per record: a column of few values says one of these words."""
        said, told = self.code_of_row(name)
        found = np.append(np.isin(np.array(told.to_pylist(), dtype=object), list(words)), False)
        return np.asarray(found[said], dtype=bool)

    def sourced(self, sources: list[str]) -> npt.NDArray[np.bool_]:
        """Per record: it is a row of one of these sources."""
        return self.says("source", sources)

    def days(self) -> npt.NDArray[np.int32]:
        """``since`` as day numbers (1970-01-01 is 0), one per record."""
        return self._days

    @cached_property
    def _days(self) -> npt.NDArray[np.int32]:
        return np.asarray(pc.cast(pc.cast(self.column("since"), pa.date32()), pa.int32()).to_numpy(), dtype=np.int32)

    def _read(self, name: str) -> pa.ChunkedArray:
        if name not in self.column_names:
            raise KeyError(name)
        if self._beside:
            said = self._map(name)
            plain = isinstance(said, pa.DictionaryArray)
            return pa.chunked_array([said.dictionary.take(said.indices) if plain else said])
        if self._path is None:
            return pa.chunked_array([], pa.string())
        seen = store.settled(self._path)
        if seen is None:
            return store.read_table(self._path, [name]).column(name)
        return _RECENT.column(self._path, seen, name)


class _Recent:
    """Columns that a process read lately: the rooms of a stage ask for the same ones, some of them many times.

    Not more than so many bytes: those of a city of thirty thousand, a few of a province's.
    """

    def __init__(self, most: int) -> None:
        """Hold none yet."""
        self._most, self._bytes = most, 0
        self._columns: OrderedDict[tuple[Path, tuple[int, ...], str], pa.ChunkedArray] = OrderedDict()
        self._lock = Lock()

    def column(self, path: Path, seen: tuple[int, ...], name: str) -> pa.ChunkedArray:
        """The column of the file as it was seen (:func:`transforms.store.settled`)."""
        key = (path, seen, name)
        with self._lock:
            if key in self._columns:
                self._columns.move_to_end(key)
                return self._columns[key]
        found = store.read_table(path, [name]).column(name)
        with self._lock:
            if key not in self._columns and found.nbytes <= self._most:
                self._columns[key] = found
                self._bytes += found.nbytes
            while self._bytes > self._most:
                self._bytes -= self._columns.popitem(last=False)[1].nbytes
        return found


_RECENT = _Recent(64 * 2**20)


def ascending(ids: pa.ChunkedArray) -> bool:
    """Whether the ids lie in order, which costs less to see than to sort them."""
    one = whole(ids)
    return pc.all(pc.less_equal(one[:-1], one[1:])).as_py() is not False
