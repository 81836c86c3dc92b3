"""The vault of live records: laid out as it is read, and found by piece.

Its ciphertext is as large as all else that is merged, so it lies in files that are mapped one after the other, some
pieces each; what is held is, piece after piece, which rows of a file tell of its records.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms.merge.golden import Ints
from transforms.threads import ahead

_PIECES = 4  # of one file
Numbers = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Told:
    """Rows that tell of records.

    Attributes:
        table: the rows.
        record: of each row the number of its record.
    """

    table: pa.Table
    record: Ints


@dataclass(frozen=True)
class _Found:
    """Which rows of a file are whose: those of a piece together, in their order.

    Attributes:
        row: its place in the file.
        within: the number of its record within the piece.
        starts: places among these at which pieces begin, and the end.
    """

    row: Numbers
    within: Numbers
    starts: Ints


class Sealed:
    """Rows that tell of records, by piece."""

    def __init__(self, folder: Path, schema: pa.Schema, cuts: Ints) -> None:
        """There is no row yet.

        Args:
            folder: scratch, for the files.
            schema: of the rows.
            cuts: places at which pieces begin, and the end.
        """
        self._folder, self._schema, self._cuts = folder, schema, cuts
        self._found: list[_Found] = []
        self._mapped: dict[int, list[pa.RecordBatch]] = {}
        self._lock = Lock()

    def _path(self, file: int) -> Path:
        return self._folder / f"vault.{file}.arrows"

    def lay(self, threads: int, rows: Iterable[tuple[pa.Table, Ints]], place: Numbers) -> None:
        """Write rows in their order, each to the file of its piece.

        Args:
            threads: how many work at once.
            rows: tables of the schema, and of each of their rows the number of its record.
            place: per record where it lies when those of one entity lie together.
        """
        files = range(-(-(len(self._cuts) - 1) // _PIECES))
        told: list[list[Numbers]] = [[np.zeros(0, dtype=np.int32)] for _ in files]
        with ExitStack() as stack:
            writers = [stack.enter_context(pa.ipc.new_stream(str(self._path(at)), self._schema)) for at in files]
            for parts in ahead(threads, (partial(self._parted, table, place[record]) for table, record in rows)):
                for file, (table, at) in enumerate(parts):
                    writers[file].write_table(table)
                    told[file].append(at)
        self._found = [self._indexed(file, np.concatenate(at)) for file, at in enumerate(told)]

    def _parted(self, table: pa.Table, at: Numbers) -> list[tuple[pa.Table, Numbers]]:
        """The rows of each file, and their places."""
        ends = self._cuts[_PIECES::_PIECES]
        file = np.searchsorted(ends, at, side="right").astype(np.int16)  # of so few numpy counts how many there are
        order = np.argsort(file, kind="stable")
        taken, at = table.take(pa.array(order)), at[order]
        starts = np.searchsorted(file[order], np.arange(-(-(len(self._cuts) - 1) // _PIECES) + 1))
        return [(taken.slice(s, e - s), at[s:e]) for s, e in zip(starts.tolist(), starts[1:].tolist(), strict=False)]

    def _indexed(self, file: int, at: Numbers) -> _Found:
        cuts = self._cuts[file * _PIECES : (file + 1) * _PIECES + 1]
        piece = (np.searchsorted(cuts, at, side="right") - 1).astype(np.int16)
        row = np.argsort(piece, kind="stable")
        starts = np.append(0, np.cumsum(np.bincount(piece, minlength=len(cuts) - 1)))
        return _Found(row.astype(np.int32), (at - cuts[piece]).astype(np.int32)[row], starts)

    def _batches(self, file: int) -> list[pa.RecordBatch]:
        """A file, mapped; those of pieces that are done are let go of."""
        with self._lock:
            if file not in self._mapped:
                with pa.memory_map(str(self._path(file))) as source, pa.ipc.open_stream(source) as stream:
                    opened = {file: list(stream)}
                self._mapped = {at: held for at, held in self._mapped.items() if at >= file - 1} | opened
            return self._mapped[file]

    def part(self, piece: int) -> Told:
        """The rows of a piece in their order, each with the number of its record within."""
        if not self._found:
            return Told(self._schema.empty_table(), np.zeros(0, dtype=np.int64))
        file, at = divmod(piece, _PIECES)
        found, batches = self._found[file], self._batches(file)
        start, stop = found.starts[at : at + 2].tolist()
        row = found.row[start:stop]
        firsts = np.append(0, np.cumsum([len(batch) for batch in batches], dtype=np.int64))
        ends = np.searchsorted(row, firsts)
        taken = [
            batch.take(pa.array(row[low:high] - first))
            for batch, first, low, high in zip(batches, firsts, ends, ends[1:], strict=False)
            if high > low
        ]
        table = pa.Table.from_batches(taken, self._schema).combine_chunks()
        return Told(table, found.within[start:stop].astype(np.int64))
