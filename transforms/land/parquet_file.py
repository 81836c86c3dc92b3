"""Parquet: page checksums verified, every column told as text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.errors import RefusedError
from transforms.land.headings import judge
from transforms.land.job import Chunk, Found, Job, differing

_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_LEAST = 12
_ROWS = 100_000


def read(job: Job, raw: BinaryIO, found: Found) -> Iterator[Chunk]:
    """Rows of the file; ``line`` is the row's number.

    Raises:
        RefusedError: ``TRUNCATED``, ``ENCRYPTED``, ``DAMAGED``, ``WRONG_TYPE`` or columns that break the contract.
    """
    size = raw.seek(0, 2)
    raw.seek(max(0, size - len(_MAGIC)))
    end = raw.read()
    if end == _ENCRYPTED:
        raise RefusedError("ENCRYPTED", "the file is encrypted")
    if end != _MAGIC or size < _LEAST:
        raise RefusedError("TRUNCATED", "the file ends before its footer")
    raw.seek(0)
    try:
        file = pq.ParquetFile(raw, page_checksum_verification=True)
        judge(job, file.schema_arrow.names, found)
        line = 1
        names = [found.renamed.get(heading, heading) for heading in job.landed]
        for batch in file.iter_batches(_ROWS, columns=names, use_threads=False):
            yield _chunk(job, batch.select(names).rename_columns(list(job.landed)), line)
            line += len(batch)
    except (pa.ArrowException, OSError):
        raise RefusedError("DAMAGED", "the file's pages cannot be read, or do not match their checksums") from None


def _chunk(job: Job, batch: pa.RecordBatch, line: int) -> Chunk:
    count = len(batch)
    columns = [_text(heading, batch.column(heading)) for heading in job.landed]
    inexact = [h for h in job.landed if pa.types.is_floating(batch.schema.field(h).type)]
    marks = [pc.if_else(pc.is_valid(batch.column(h)), h, pa.scalar(None, pa.string())) for h in inexact]
    numeric = pc.binary_join_element_wise(*marks, "|", null_handling="skip") if marks else pa.nulls(count, pa.string())
    numeric = pc.if_else(pc.equal(numeric, ""), pa.scalar(None, pa.string()), numeric)
    return Chunk(columns, pa.array(range(line, line + count), pa.int64()), pa.nulls(count, pa.string()), numeric)


def _text(heading: str, column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _text(heading, column.dictionary_decode())
    if pa.types.is_nested(kind):
        raise RefusedError("WRONG_TYPE", f"column {heading} holds lists or structures, not one value a row")
    if pa.types.is_floating(kind):
        return pa.array([None if v is None else plain(v) for v in column.to_pylist()], pa.string())
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string())
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException:
        raise RefusedError("WRONG_TYPE", f"column {heading} holds {kind}, which is no text") from None


def plain(number: float) -> str:
    """A floating-point number in plain decimal digits, the shortest that mean it; else ``nan``, ``inf`` or ``-inf``."""
    if not math.isfinite(number):
        return str(number)
    text = format(Decimal(repr(number)), "f")
    return text.removesuffix(".0")


def count(_job: Job, raw: BinaryIO, found: Found) -> None:
    """Count again: what the footer says.

    Raises:
        RefusedError: ``ROW_COUNT`` when the counts differ.
    """
    rows = pq.ParquetFile(raw).metadata.num_rows
    if rows != found.rows:
        raise differing(found.rows, rows, "rows")
