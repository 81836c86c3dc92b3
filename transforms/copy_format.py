"""Arrow rows in the binary format of PostgreSQL's COPY: made by column, without a Python object a value.

The server parses no text then. The format: https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format": a row is
the number of its fields (16 bits), a field the number of its bytes (32 bits, -1 for null) and these, all big-endian.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Values = npt.NDArray[Any]
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_EPOCH = 10_957  # days from 1970-01-01, Arrow's first day, to 2000-01-01, PostgreSQL's
_NONE = pa.scalar(b"", pa.binary())


def encoded(rows: pa.RecordBatch) -> memoryview:
    """The rows one after another, without header and trailer.

    Args:
        rows: texts, bytes, 64-bit integers and floats, days (date32) and booleans, as the columns they are meant for:
            the server takes an integer of 64 bits into a bigint and nothing else.

    Raises:
        TypeError: a column of another type.
    """
    fields = [_cells(_each(len(rows.columns), ">i2", rows.num_rows))]
    for column in rows.columns:
        fields += _field(column)
    made = pc.binary_join_element_wise(*fields, _NONE, null_handling="replace", null_replacement=b"")
    ends = np.frombuffer(made.buffers()[1], np.int32)
    return memoryview(made.buffers()[2] or b"")[: ends[-1] if len(ends) else 0]


def _field(column: pa.Array) -> list[pa.Array | pa.Scalar]:
    """What a column adds to each row: lengths and values, or both as one where all are equally long."""
    if column.null_count == len(column):
        return [pa.scalar(_NULL, pa.binary())]
    if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        lengths = pc.fill_null(pc.binary_length(column), -1).to_numpy().astype(">i4")
        return [_cells(_bytes(lengths)), column.cast(pa.binary())]
    values = _values(column)
    cells = _cells(np.hstack([_each(values.itemsize, ">i4", len(values)), _bytes(values)]))
    return [pc.if_else(pc.is_valid(column), cells, pa.scalar(_NULL, pa.binary())) if column.null_count else cells]


def _values(column: pa.Array) -> Values:
    if pa.types.is_int64(column.type):
        return _big(pc.fill_null(column, 0), ">i8")
    if pa.types.is_float64(column.type):
        return _big(pc.fill_null(column, 0.0), ">f8")
    if pa.types.is_date32(column.type):
        return _big(pc.subtract(pc.fill_null(column.cast(pa.int32()), 0), _EPOCH), ">i4")
    if pa.types.is_boolean(column.type):
        return _big(pc.fill_null(column, False).cast(pa.uint8()), ">u1")
    raise TypeError(f"no binary form of {column.type}")


def _big(column: pa.Array, kind: str) -> Values:
    return np.asarray(column.to_numpy()).astype(kind)


def _bytes(values: Values) -> Values:
    """The bytes of equally long values, a line each."""
    return values.view(np.uint8).reshape(len(values), values.itemsize)


def _each(value: int, kind: str, count: int) -> Values:
    """The bytes of one number, so many lines of it."""
    return _bytes(np.full(count, value, kind))


def _cells(matrix: Values) -> pa.Array:
    """Every line of a matrix of bytes as one binary value."""
    count, width = matrix.shape
    offsets = np.arange(count + 1, dtype=np.int32) * width
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(matrix))]
    return pa.Array.from_buffers(pa.binary(), count, buffers)
