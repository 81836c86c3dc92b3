"""Tables that are told in pieces: a city's books have tens of millions of rows, and nobody holds them all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import ipc

from transforms import store
from transforms.account import settled

ROWS = 250_000  # rows of a table that are held at once
PIECE = 131_072  # rows that are read, written or made at once
_LZ4 = ipc.IpcWriteOptions(compression="lz4")

Each = Callable[[list[str]], Iterator[pa.Table]]


@dataclass(frozen=True)
class Pieces:
    """A table in pieces, in no order.

    Attributes:
        schema: of every piece.
        rows: how many there are.
        told: gives the pieces of some columns, as often as it is called.
    """

    schema: pa.Schema
    rows: int
    told: Each

    def each(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The pieces, or some columns of them."""
        return self.told(list(self.schema.names if columns is None else columns))

    def whole(self, order: Sequence[str]) -> pa.Table:
        """All rows in the order of these columns, in one chunk."""
        told = pa.concat_tables([self.schema.empty_table(), *self.each()])
        return ordered(told, order)

    def select(self, names: Sequence[str]) -> Pieces:
        """The same with some of its columns."""
        return Pieces(pa.schema([self.schema.field(name) for name in names]), self.rows, self.told)


def ordered(table: pa.Table, order: Sequence[str]) -> pa.Table:
    """The rows in the order of these columns, in one chunk; most come in order, and looking costs less than sorting."""
    table = table.combine_chunks()
    if len(order) == 1 and (not table.num_rows or settled.ascending(table[order[0]].chunk(0))):
        return table
    return table.sort_by([(name, "ascending") for name in order]).combine_chunks()


def of_table(table: pa.Table) -> Pieces:
    """A table that is small enough to be held."""
    return Pieces(table.schema, table.num_rows, lambda columns: iter([table.select(columns)]))


def of_files(paths: Sequence[Path], schema: pa.Schema) -> Pieces:
    """Parquet files with these columns, one after the other.

    Raises:
        KeyError: a file lacks one of the columns (when it is read).
        pyarrow.ArrowInvalid: a value is not of its type (when it is read).
    """

    def told(columns: list[str]) -> Iterator[pa.Table]:
        wanted = pa.schema([schema.field(name) for name in columns])
        for path in paths:
            for piece in store.read_pieces(path, PIECE, columns):
                yield piece.select(columns).cast(wanted)

    return Pieces(schema, sum(pq.read_metadata(path).num_rows for path in paths), told)


def kept(schema: pa.Schema, told: Iterator[pa.Table], path: Path, rows: int = ROWS) -> Pieces:
    """Pieces that come once, kept so that they can be told again: few in memory, many in a file.

    Args:
        schema: of every piece.
        told: the pieces.
        path: where a file may lie.
        rows: how many are few.
    """
    held, count = [schema.empty_table()], 0
    for piece in told:
        held.append(piece.cast(schema))
        count += piece.num_rows
        if count > rows:
            break
    else:
        return of_table(pa.concat_tables(held))
    count = 0
    with ipc.new_file(str(path), schema, options=_LZ4) as file:
        for piece in itertools.chain(held, told):
            file.write_table(piece.cast(schema))
            count += piece.num_rows
    return Pieces(schema, count, lambda columns: _laid(path, columns))


def _laid(path: Path, columns: list[str]) -> Iterator[pa.Table]:
    with pa.memory_map(str(path)) as file:
        told = ipc.open_file(file)
        for at in range(told.num_record_batches):
            yield pa.Table.from_batches([told.get_batch(at)]).select(columns)


def in_order(path: Path, schema: pa.Schema, key: str) -> Iterator[pa.Table]:
    """The rows of a Parquet file in the order of its key, in pieces: the lake's tables lie in order."""
    if not ascending(path, key):
        yield store.read_table(path, schema.names).select(schema.names).cast(schema).sort_by(key)
        return
    yield from of_files([path], schema).each()


def ascending(path: Path, key: str) -> bool:
    """Whether a file lies in the order of its key, each there once."""
    last = None
    for piece in store.read_pieces(path, PIECE, [key]):
        keys = piece[key].combine_chunks()
        if isinstance(keys, pa.ChunkedArray):
            keys = keys.chunk(0) if keys.num_chunks else pa.array([], keys.type)
        if not len(keys):
            continue
        if not settled.ascending(keys) or (last is not None and not pc.less(last, keys[0]).as_py()):
            return False
        last = keys[-1]
    return True
