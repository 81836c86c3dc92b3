"""Texts as codes: what is distinct once, and no code wider than it is asked to be."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from transforms.coded import as_codes, code_of_row, codes, small, wide

TEXTS = pa.array(["a", None, "b", "a"])


@pytest.mark.parametrize("said", [TEXTS, pa.chunked_array([TEXTS[:2], TEXTS[2:]]), TEXTS.dictionary_encode()])
def test_texts_become_codes_whatever_they_come_as(said: pa.Array | pa.ChunkedArray) -> None:
    assert codes(said).to_pylist() == TEXTS.to_pylist()
    assert codes(said).dictionary.to_pylist() == ["a", "b"]


@pytest.mark.parametrize(
    ("many", "width"), [(127, pa.int8()), (128, pa.int16()), (32_767, pa.int16()), (32_768, pa.int32())]
)
def test_codes_are_as_narrow_as_their_number_allows_and_as_wide_as_wanted(many: int, width: pa.DataType) -> None:
    said = pa.array([str(number) for number in range(many)]).dictionary_encode()
    assert small(said).type.index_type == width
    assert wide(small(said)).type.index_type == pa.int32()
    assert wide(small(said)).equals(said)


def test_of_the_texts_only_those_that_are_meant_are_held_in_their_order() -> None:
    found = as_codes(np.array([3, 0, 3]), pa.array(["d", "c", "b", "a"]))
    assert found.to_pylist() == ["a", "d", "a"]
    assert found.dictionary.to_pylist() == ["d", "a"]


@pytest.mark.parametrize("width", [pa.int8(), pa.int16(), pa.int32()])
@pytest.mark.parametrize("start", [0, 3, 9])
def test_a_row_has_the_place_of_its_text_and_below_zero_where_it_has_none(width: pa.DataType, start: int) -> None:
    said = [0, None, 2, 1, None, 2, 0, 1, 0, None, 2]
    coded = pa.DictionaryArray.from_arrays(pa.array(said, width), pa.array(["a", "b", "c"]))
    expected = [-1 if code is None else code for code in said]
    assert code_of_row(coded[start:]).tolist() == expected[start:]
    assert code_of_row(coded[3:4]).tolist() == [1], "none of these is null"
    assert code_of_row(coded[:0]).tolist() == []
