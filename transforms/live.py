"""Live records of a kind, read column by column: a city's persons have eighty columns, and nobody needs all at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import model, store
from transforms.groups import groups
from transforms.threads import Task, ahead

_SEPARATOR = "\x1f"


class Live:
    """``account/live/<kind>.parquet``, sorted by record id; a record's number is its place in that order.

    Attributes:
        column_names: what the records may say.
        ids: record ids, ascending.
        num_rows: how many there are.
        ordered: the file lies in the order of the record ids.
        kept: what a room made of columns and will ask for again.
    """

    def __init__(self, path: Path) -> None:
        """Look at the file; no file: no records."""
        self._path = path if path.is_file() else None
        nothing = pa.schema([*model.STANDARD, *model.LIVE])
        self._schema = pq.read_schema(path) if self._path else nothing
        self.column_names = list(self._schema.names)
        ids = self._read("record_id")
        self._order = None if ascending(ids) else pc.sort_indices(ids)  # the lake's tables lie in order
        self.ordered = self._order is None
        self.ids: pa.Array = whole(ids if self._order is None else ids.take(self._order))
        self.num_rows = len(self.ids)
        self.kept: dict[str, Any] = {}

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

    def pieces(self, name: str, threads: int = 1) -> Iterator[tuple[slice, pa.Array]]:
        """A wide column in pieces: the record numbers of each, and its values.

        Args:
            name: the column.
            threads: how many read the pieces that follow.
        """
        start = 0
        if self._path is None or self._order is not None:
            batches = iter(self.column(name).chunks)
        else:
            batches = (whole(group.column(0)) for group in ahead(threads, self.groups(name)))
        for values in batches:
            yield slice(start, start + len(values)), values
            start += len(values)

    def groups(self, name: str) -> Iterator[Task[pa.Table]]:
        """A column, group after group of rows, for whoever reads several at once; none of a file out of order."""
        if self._path is not None and self._order is None and name in self.column_names:
            yield from groups(self._path, [name])

    def keys(self, *names: str) -> pa.Array:
        """Several columns as one text per record; null where one of them is, or where there is no such column."""
        if any(name not in self.column_names for name in names):
            return pa.nulls(self.num_rows, pa.string())
        parts = [pc.cast(whole(self.column(name)), pa.string()) for name in names]
        return pc.binary_join_element_wise(*parts, _SEPARATOR)

    def codes(self, name: str) -> pa.DictionaryArray:
        """A column of few values as codes: the name of a batch has ninety characters.

        Raises:
            KeyError: there is none of the name.
        """
        if self._path is None or name not in self.column_names:
            return whole(self.column(name)).dictionary_encode()
        found = whole(store.read_table(self._path, [name], [name]).column(name))
        coded = found if isinstance(found, pa.DictionaryArray) else found.dictionary_encode()
        return coded if self._order is None else coded.take(self._order)

    @cached_property
    def sources(self) -> npt.NDArray[np.int32]:
        """Per record, the code of its source."""
        return np.asarray(self.codes("source").indices.to_numpy(), dtype=np.int32)

    def listed(self, name: str) -> bool:
        """The column holds a list per record."""
        of = self._schema.field(name).type
        return bool(pa.types.is_list(of) or pa.types.is_large_list(of))

    def text(self, name: str) -> bool:
        """The column holds a text per record."""
        return bool(pa.types.is_string(self._schema.field(name).type))

    def says(self, name: str, words: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Per record: a column of few values says one of these words."""
        said = self.codes(name)
        found = np.append(np.isin(np.array(said.dictionary.to_pylist(), dtype=object), list(words)), False)
        return np.asarray(found[pc.fill_null(said.indices, -1).to_numpy()], dtype=bool)

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


def whole(values: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; one that is in one piece already is not copied, as ``combine_chunks`` does."""
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
