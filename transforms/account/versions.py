"""The versions of a night (``account/versions``) by batch and kind, read where they are asked for."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import model
from transforms.account.pieces import PIECE
from transforms.model import RowState

# Of the states of a row's versions (a row names several addresses) the ledger tells the first of these.
RANKS = (
    RowState.MERGED, RowState.HELD, RowState.DUPLICATE, RowState.SUPERSEDED, RowState.WITHDRAWN, RowState.ERASED,
)  # fmt: skip
_CODED = ["source", "batch", "kind", "state"]  # few words in many rows
_HELD = 2  # row groups
_DIGESTED = ["ordinal", "record_id", "content_hash"]


class Versions:
    """The night's versions; nothing but where each batch and kind has its rows is held."""

    def __init__(self, path: Path | None) -> None:
        """See where they lie; no file: there are none."""
        self._path, self._lock = path, threading.Lock()
        self._runs: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self._starts = [0]
        self.rows = 0
        self._group = lru_cache(maxsize=_HELD)(self._read_group)
        if path is None:
            return
        with self._open() as file:
            told = file.metadata
            for at in range(told.num_row_groups):
                self._starts.append(self._starts[-1] + told.row_group(at).num_rows)
            for batch in file.iter_batches(PIECE, columns=["batch", "kind"]):
                self._see(batch)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Every (batch, kind) that brought a version."""
        return iter(self._runs)

    def of(self, batch: str, kind: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The versions (:data:`transforms.model.VERSION`) that a batch brought for a kind."""
        parts = [part for start, rows in self._runs.get((batch, kind), ()) for part in self._rows(start, rows)]
        return _plain(parts, columns)

    def coded(self, rows: int, columns: Sequence[str]) -> Iterator[pa.Table]:
        """All of them in the order of the file, so many at a time, a number for each word that stands in many rows."""
        if self._path is None:
            return
        with self._open() as file:
            held: list[pa.RecordBatch] = []
            for batch in file.iter_batches(min(rows, PIECE), columns=list(columns)):
                held.append(batch)
                if sum(map(len, held)) >= rows:
                    yield pa.Table.from_batches(held).select(columns)
                    held = []
            if held:
                yield pa.Table.from_batches(held).select(columns)

    def saying(self, kind: str, records: pa.Array) -> pa.Table:
        """Every version of these records of a kind."""
        found = []
        for part in self.coded(PIECE, model.VERSION.names):
            mine = pc.and_(pc.equal(part["kind"], kind), pc.is_in(part["record_id"], value_set=records))
            found.append(part.filter(mine))
        return _plain(found, None)

    def merged(self, kind: str, columns: Sequence[str]) -> pa.Table:
        """The versions of a kind that are live, batch by batch."""
        found = [model.VERSION.empty_table().select(columns)]
        for batch, _ in (pair for pair in self._runs if pair[1] == kind):
            told = self.of(batch, kind, [*columns, "state"])
            found.append(told.filter(pc.equal(told["state"], RowState.MERGED)).select(columns))
        return pa.concat_tables(found)

    def digest(self, batch: str, kind: str) -> str:
        """Sha256 over (ordinal, record_id, content_hash) of the batch's versions, whatever has become of them."""
        told = self.of(batch, kind, _DIGESTED)
        digest = hashlib.sha256(told["ordinal"].to_numpy().tobytes())
        text = pc.binary_join_element_wise(told["record_id"], told["content_hash"], "|").combine_chunks()
        if len(text):
            ends = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1]
            digest.update((ends - ends[0]).tobytes())
            digest.update(memoryview(text.buffers()[2])[ends[0] : ends[-1]])
        return digest.hexdigest()

    def states(self, batch: str, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """Ordinals of rows that brought a version, in order, and the place of each one's state in :data:`RANKS`."""
        told = self.of(batch, kind, ["ordinal", "state"])
        ranks = pc.index_in(told["state"], value_set=pa.array([str(s) for s in RANKS])).to_numpy()
        order = np.lexsort((ranks, told["ordinal"].to_numpy()))
        ordinals, first = np.unique(told["ordinal"].to_numpy()[order], return_index=True)
        return ordinals, ranks[order][first].astype(np.uint8)

    def _open(self) -> pq.ParquetFile:
        return pq.ParquetFile(self._path, read_dictionary=_CODED, page_checksum_verification=True)

    def _see(self, batch: pa.RecordBatch) -> None:
        """Note where each batch and kind begins; they need not lie in order."""
        names, kinds = batch.column(0), batch.column(1)
        codes = [column.indices.to_numpy(zero_copy_only=False) for column in (names, kinds)]
        new = np.flatnonzero((np.diff(codes[0], prepend=-1) != 0) | (np.diff(codes[1], prepend=-1) != 0))
        for start, stop in zip(new, [*new[1:], len(batch)], strict=True):
            key = str(names[int(start)].as_py()), str(kinds[int(start)].as_py())
            runs = self._runs.setdefault(key, [])
            begins, rows = self.rows + int(start), int(stop - start)
            if runs and sum(runs[-1]) == begins:
                begins, rows = runs[-1][0], runs[-1][1] + rows
                runs.pop()
            runs.append((begins, rows))
        self.rows += len(batch)

    def _rows(self, start: int, rows: int) -> Iterator[pa.Table]:
        at = int(np.searchsorted(self._starts, start, side="right")) - 1
        while rows:
            with self._lock:
                group = self._group(at)
            part = group.slice(start - self._starts[at], rows)
            yield part
            start, rows, at = start + part.num_rows, rows - part.num_rows, at + 1

    def _read_group(self, at: int) -> pa.Table:
        with self._open() as file:
            return file.read_row_group(at)


def _plain(parts: list[pa.Table], columns: Sequence[str] | None) -> pa.Table:
    """Parts with their words written out, in one chunk."""
    names = list(model.VERSION.names if columns is None else columns)
    schema = pa.schema([model.VERSION.field(name) for name in names])
    return pa.concat_tables([schema.empty_table(), *(part.select(names).cast(schema) for part in parts)])
