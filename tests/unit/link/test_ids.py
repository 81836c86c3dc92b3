"""Ids and tokens as numbers: equal where the texts are equal, and nothing else is taken for one."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.link.ids import Ids
from transforms.link.said import Values, column
from transforms.link.tokens import tokens
from transforms.live import Live


def spelt(bits: bytes) -> str:
    """128 bits as an id is spelt (transforms/keys.py)."""
    return base64.b32encode(bits).decode().rstrip("=").lower()


BITS = st.sampled_from(
    [b"\0" * 16, b"\0" * 15 + b"\1", b"\0" * 8 + b"\1" + b"\0" * 7, b"\xff" * 16]
)  # alike at the head
MANY = st.lists(BITS | st.binary(min_size=16, max_size=16), max_size=12)


@settings(max_examples=80, deadline=None)
@given(MANY)
def test_equal_ids_and_no_others_have_one_code(bits: list[bytes]) -> None:
    ids = Ids.of(pa.array(["", *map(spelt, bits)], pa.string()).slice(1))
    assert ids is not None
    told = list(zip(ids.high.tolist(), ids.low.tolist(), strict=True))
    assert told == [(int.from_bytes(one[:8]), int.from_bytes(one[8:])) for one in bits]
    codes, count = Ids.joined([ids, ids]).coded()
    assert count == len(set(bits))
    assert dict(zip(bits * 2, codes.tolist(), strict=True)) == {one: codes[bits.index(one)] for one in bits}


@pytest.mark.parametrize("text", ["", "a" * 25, "A" * 26, "1" * 26, "a" * 25 + "b", "云" * 8 + "ab"])
def test_what_is_no_id_is_none(text: str) -> None:
    assert Ids.of(pa.array(["a" * 26, text])) is None
    assert Ids.of(pa.array(["a" * 26])) is not None


def _kept(values: Values) -> list[list[int]]:
    """Records by what they say: equality is all there is."""
    found = [values.r[values.v == code].tolist() for code in np.unique(values.v)]
    return sorted(found)


ONE, TWO = spelt(b"\1" * 16), spelt(b"\2" * 16)


@pytest.mark.parametrize("odd", [lambda one: one, lambda _: "no token"], ids=["tokens", "something else"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("ids", [["r1", "r2", "r3", "r4"], ["r4", "r2", "r3", "r1"]], ids=["in order", "out of order"])
def test_tokens_are_what_the_column_says(
    tmp_path: Path, ids: list[str], threads: int, odd: Callable[[str], str]
) -> None:
    columns = {
        "record_id": ids,
        "phone_tokens": pa.array([[ONE, TWO, ONE], None, [], [odd(ONE)]]),
        "document_token": [ONE, None, odd(TWO), ONE],
    }
    pq.write_table(pa.table(columns), tmp_path / "person.parquet", row_group_size=2)
    live = Live(tmp_path / "person.parquet")
    for name in ("phone_tokens", "document_token", "no_such_tokens"):
        assert _kept(tokens(live, name, threads)) == _kept(column(live, name))
    assert _kept(tokens(live, "document_token"))
    assert not _kept(tokens(Live(tmp_path / "nobody.parquet"), "phone_tokens", threads))
