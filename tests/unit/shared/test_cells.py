"""What bytes say of cells is what their texts say."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.kernels import CONTROL
from transforms import values
from transforms.cells import Cells

TEXT = (
    st.none()
    | st.text(max_size=4)
    | st.sampled_from(["a b", " a", "a ", "中文", "中 ", "\t", "ａ", "\x7f", "\x80", "é", ""])
)
CELLS = st.lists(TEXT, max_size=5)


def texts(cells: list[str | None]) -> pd.Series:
    return pd.Series(cells, dtype=object)


@given(cells=CELLS, before=CELLS)
@settings(max_examples=100)
def test_bytes_and_their_cells(cells: list[str | None], before: list[str | None]) -> None:
    """Also of a column that begins in the middle of another."""
    read = Cells(pa.array([*before, *cells], pa.string()).slice(len(before)))
    assert len(read) == len(cells)
    assert read.null.tolist() == [cell is None for cell in cells]
    assert read.lengths.tolist() == [len((cell or "").encode()) for cell in cells]
    assert read.begins("a中 ").tolist() == [(cell or "")[:1] in tuple("a中 ") for cell in cells]
    assert read.among(["a b", "é"]).tolist() == [cell in ("a b", "é") for cell in cells]
    at = np.arange(len(read.data))
    assert read.holding(at).tolist() == [bool(cell) for cell in cells]
    assert read.holding(at[:1]).sum() == min(len(at), 1)


@given(cells=CELLS)
@settings(max_examples=100)
def test_plain_cells_need_no_cleaning_and_controls_are_found(cells: list[str | None]) -> None:
    read = Cells(pa.chunked_array([cells], pa.string()))
    cleaned = [None if cell is None else values._cleaned(cell) for cell in cells]
    assert [(c, k) for c, k, plain in zip(cells, cleaned, read.plain, strict=True) if plain and c != k] == []
    pattern = re.compile(re.sub(r"\\x\{(\w+)\}", lambda m: f"\\u{m[1]:0>4}", CONTROL))
    found = [cell is not None and pattern.search(cell) is not None for cell in cells]
    assert [c for c, there, told in zip(cells, found, read.controls, strict=True) if there and not told] == []


def test_every_character_that_counts_as_plain_is_left_alone_by_cleaning() -> None:
    every = [chr(code) for code in range(1, 0x30000) if not 0xD800 <= code < 0xE000]
    plain = Cells(pa.array(every, pa.string())).plain
    told = [character for character, is_plain in zip(every, plain, strict=True) if is_plain]
    assert set("!~aZ09一龥鿿䶮") <= set(told)
    assert [c for c in told if values._cleaned(c) != c or values._cleaned(f"{c}{c}") != f"{c}{c}"] == []
    assert values.clean_text(texts(every[:300])).tolist() == [values._cleaned(character) for character in every[:300]]


@pytest.mark.parametrize("size", [3, 70_000])
def test_what_is_odd_is_found_in_whatever_block_it_lies(size: int) -> None:
    cells = ["中" * size, "a" * size + "\x00", " " + "b" * size, "c" * size, "d" * size + "（"]
    read = Cells(pa.array(cells, pa.string()))
    assert read.plain.tolist() == [True, False, False, True, False]
    assert read.controls.tolist() == [False, True, False, False, False]
    assert read.places(np.array([1, 3]), 2).tolist() == [[97, 99], [97, 99]]
