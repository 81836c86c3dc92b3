"""From a parser's chunks to the landed table: ordinals, faults that any format may have, digests."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from transforms import model, store
from transforms.land.job import CELL_BYTES, FIELD_BYTES, GEOMETRY, Chunk, Found, Job, too_large

# Everything below U+0020 but tab, line feed and carriage return: what PostgreSQL, XML or a terminal stumbles over.
_CONTROL = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]"


def pieces(job: Job, chunks: Iterable[Chunk], found: Found) -> Iterator[pa.Table]:
    """The landed table of one batch: ``model.LANDED`` and one text column per landed heading, by ordinal.

    In pieces of :data:`transforms.store.PIECE` rows, the last one of what is left: a register is never held whole.
    """
    schema = pa.schema([*model.LANDED, *(pa.field(heading, pa.string()) for heading in job.landed)])
    waiting: list[pa.RecordBatch] = []
    for chunk in chunks:
        waiting.append(_batch(job, _whole(job, chunk, found.absent), found.rows + 1, schema))
        found.rows += len(chunk.line)
        while sum(map(len, waiting)) > store.PIECE:
            whole = pa.Table.from_batches(waiting, schema)
            yield whole.slice(0, store.PIECE).combine_chunks()
            waiting = whole.slice(store.PIECE).to_batches()
    yield pa.Table.from_batches(waiting, schema).combine_chunks()


def _whole(job: Job, chunk: Chunk, absent: Collection[str]) -> Chunk:
    """The chunk with a column of nulls for each heading that the file has not."""
    if not absent:
        return chunk
    there, nothing = iter(chunk.columns), pa.nulls(len(chunk.line), pa.string())
    return replace(chunk, columns=[nothing if heading in absent else next(there) for heading in job.landed])


def _batch(job: Job, chunk: Chunk, first: int, schema: pa.Schema) -> pa.RecordBatch:
    count = len(chunk.line)
    fault = _faults(job, chunk)
    columns, numeric = chunk.columns, chunk.numeric
    if fault.null_count < count:
        sound = pc.is_null(fault)
        nothing = pa.scalar(None, pa.string())
        columns = [pc.if_else(sound, column, nothing) for column in columns]
        numeric = pc.if_else(sound, numeric, nothing)
    batch = pa.repeat(pa.scalar(job.batch), count)
    ordinal = pa.array(range(first, first + count), pa.int64())
    fixed = [batch, ordinal, chunk.line, fault, numeric, digests(columns, count)]
    return pa.RecordBatch.from_arrays([*fixed, *columns], schema=schema)


def _faults(job: Job, chunk: Chunk) -> pa.Array:
    """Per row what is wrong with it.

    Raises:
        RefusedError: ``CELL_TOO_LARGE``.
    """
    fault = chunk.fault
    for heading, column in zip(job.landed, chunk.columns, strict=True):
        size = pc.binary_length(column)
        if (longest := pc.max(size).as_py() or 0) > CELL_BYTES:
            raise too_large(f"line {chunk.line[pc.index(size, longest).as_py()]}, column {heading}", longest)
        if heading != GEOMETRY and longest > FIELD_BYTES:
            fault = _mark(fault, pc.greater(size, FIELD_BYTES), "FIELD_TOO_LONG")
        if pc.any(control := pc.match_substring_regex(column, _CONTROL)).as_py():
            fault = _mark(fault, control, "CONTROL_CHAR")
    return fault


def _mark(fault: pa.Array, where: pa.Array, word: str) -> pa.Array:
    hit = pc.and_(pc.is_null(fault), pc.fill_null(where, False))
    return pc.if_else(hit, pa.scalar(word), fault)


def digests(columns: list[pa.Array], count: int) -> pa.Array:
    """Sha256 hex per row over its values, each as ``byte length:value``, null as ``-`` (docs/rooms.md)."""
    parts = []
    for column in columns:
        length = pc.cast(pc.binary_length(column), pa.string())
        told = pc.binary_join_element_wise(length, column, ":")
        parts.append(pc.fill_null(told, "-"))
    if not parts:
        return pa.repeat(pa.scalar(hashlib.sha256().hexdigest()), count)
    joined = pc.binary_join_element_wise(*parts, "").cast(pa.binary())
    sha256 = hashlib.sha256
    return pa.array([sha256(row).hexdigest() for row in joined.to_pylist()], pa.string())
