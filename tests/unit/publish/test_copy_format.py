"""Rows in the server's binary format are, byte for byte, what its description makes of them value by value."""

from __future__ import annotations

import datetime as dt
import struct

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import copy_format

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[object]]] = {
    "text": (pa.string(), TEXT),
    "bytes": (pa.binary(), st.binary(max_size=4)),
    "integer": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "number": (pa.float64(), st.floats(allow_nan=False)),
    "day": (pa.date32(), st.dates()),
    "boolean": (pa.bool_(), st.booleans()),
    "filled": (pa.int64(), st.just(7)),
    "empty": (pa.string(), st.none()),
}
SCHEMA = pa.schema([(name, kind) for name, (kind, _) in KINDS.items()])
ROWS = st.lists(
    st.fixed_dictionaries({n: v if n in ("filled", "empty") else st.none() | v for n, (_, v) in KINDS.items()}),
    max_size=6,
)


def field(value: object) -> bytes:
    match value:
        case None:
            return struct.pack(">i", -1)
        case bool():
            told = struct.pack(">?", value)
        case int():
            told = struct.pack(">q", value)
        case float():
            told = struct.pack(">d", value)
        case dt.date():
            told = struct.pack(">i", (value - dt.date(2000, 1, 1)).days)
        case str():
            told = value.encode()
        case bytes():
            told = value
        case _:
            raise TypeError(value)
    return struct.pack(">i", len(told)) + told


@given(rows=ROWS, start=st.integers(0, 3))
def test_every_kind_of_value_and_null_and_a_slice(rows: list[dict[str, object]], start: int) -> None:
    batch = pa.RecordBatch.from_pylist(rows, SCHEMA).slice(start)
    wanted = b"".join(struct.pack(">h", len(KINDS)) + b"".join(field(row[n]) for n in KINDS) for row in rows[start:])
    assert bytes(copy_format.encoded(batch)) == wanted


def test_a_type_that_no_column_has_is_refused() -> None:
    with pytest.raises(TypeError, match="int32"):
        copy_format.encoded(pa.record_batch({"a": pa.array([1], pa.int32())}))
