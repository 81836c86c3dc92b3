"""Records in pieces: all that the entities of one range say, so that a city needs no more memory than one of them.

What a merge of persons chooses for an entity depends on its own records alone. Tables that lie by record are laid out
once by the range their records' entities fall into (:class:`Spill`), and read back a range at a time, in the order of
the entity ids: the pieces' tables one after another are the table of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.live import Live, whole
from transforms.merge.golden import Ints, codes

READ = 250_000  # rows at a time
_PREFIX = 3  # characters of an entity id: ids are random (base32), their first three tell 32 768 ranges apart
Pieces = npt.NDArray[np.int16]


class Rows(Live):
    """Live records whose columns are at hand, some of them as codes (Arrow dictionaries)."""

    def __init__(self, table: pa.Table) -> None:
        """Take a table sorted by record id."""
        self._table = table.combine_chunks()
        self.column_names = list(table.column_names)
        self.ids = whole(self._table["record_id"])
        self.num_rows, self.ordered = table.num_rows, True

    def column(self, name: str) -> pa.ChunkedArray:
        """A column, in the order of the record ids."""
        return self._table[name]

    def codes(self, name: str) -> pa.DictionaryArray:
        """A column as codes."""
        return codes(self._table[name])

    @cached_property
    def _days(self) -> npt.NDArray[np.int32]:
        since = self.codes("since")
        days = pc.cast(pc.cast(since.dictionary, pa.date32()), pa.int32()).to_numpy()
        return np.asarray(days[since.indices.to_numpy()], dtype=np.int32)


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
class Part:
    """What the records of some entities say.

    Attributes:
        live: the records.
        cluster: of the records, in their order: entity_id, how, trusted.
        located: best candidates (rank 1 of model.LOCATED).
        vault: transforms.merge.night.VAULT, in a total order.
    """

    live: Live
    cluster: pa.Table
    located: Told
    vault: Told


def ranges(prefixes: Iterable[pa.Array], count: int) -> Pieces:
    """Per record the piece of its entity, in the order of the entity ids; pieces are about equal.

    Args:
        prefixes: first characters of the records' entity ids, in pieces.
        count: how many pieces.
    """
    said = pa.chunked_array(prefixes, pa.string()).combine_chunks().dictionary_encode()
    order = pc.sort_indices(said.dictionary).to_numpy()
    code = said.indices.to_numpy()
    before = np.cumsum(np.bincount(code, minlength=len(order))[order])
    piece = np.empty(len(order), dtype=np.int16)
    piece[order] = (before - 1) * count // max(len(code), 1)
    found: Pieces = piece[code]
    return found


def prefix(ids: pa.Array) -> pa.Array:
    """The first characters of entity ids: they lie in the order of the ids."""
    return pc.utf8_slice_codeunits(ids, 0, _PREFIX)


def read(path: Path, names: Sequence[str], coded: Sequence[str]) -> Iterator[pa.Table]:
    """Columns of a Parquet file, so many rows at a time, some as codes; page checksums are verified."""
    with pq.ParquetFile(
        path, page_checksum_verification=True, read_dictionary=[c for c in coded if c in names]
    ) as file:
        for batch in file.iter_batches(READ, columns=list(names)):
            yield pa.Table.from_batches([batch])


class Spill:
    """A table that lies by record, laid out by piece: one Arrow stream a piece, rows of each in their order.

    Attributes:
        count: how many pieces.
    """

    def __init__(self, folder: Path, name: str, count: int) -> None:
        """Nothing is written yet."""
        self.count = count
        self._schema = pa.schema([])
        self._paths = [folder / f"{name}.{piece}.arrows" for piece in range(count)]

    def write(self, rows: Iterable[tuple[pa.Table, Pieces]]) -> None:
        """Lay out tables, each with the piece of every row; -1: it belongs to none."""
        with ExitStack() as stack:
            writers: dict[int, pa.RecordBatchStreamWriter] = {}
            for table, piece in rows:
                self._schema = table.schema
                order = np.argsort(piece, kind="stable")
                found, starts = np.unique(piece[order], return_index=True)
                taken = table.take(pa.array(order)).combine_chunks()
                for at, start, end in zip(found.tolist(), starts, [*starts[1:], len(order)], strict=True):
                    if at < 0:
                        continue
                    if at not in writers:
                        writers[at] = stack.enter_context(pa.ipc.new_stream(self._paths[at], table.schema))
                    writers[at].write_table(taken.slice(start, end - start))

    def holds(self, piece: int) -> bool:
        """The piece has rows that were not read yet."""
        return self._paths[piece].is_file()

    def read(self, piece: int) -> pa.Table:
        """The rows of a piece, which are read once."""
        if not self.holds(piece):
            return self._schema.empty_table()
        path = self._paths[piece]
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
            found = stream.read_all()
        path.unlink()
        return found


def within(piece: Pieces) -> Ints:
    """The number of every record among those of its piece."""
    order = np.argsort(piece, kind="stable")
    _, starts, sizes = np.unique(piece[order], return_index=True, return_counts=True)
    found = np.empty(len(piece), dtype=np.int64)
    found[order] = np.arange(len(piece)) - np.repeat(starts, sizes)
    return found
