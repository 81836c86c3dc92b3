"""Texts as codes: what is distinct once, and no code wider than it is asked to be."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from transforms.coded import as_codes, codes, small, wide

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
