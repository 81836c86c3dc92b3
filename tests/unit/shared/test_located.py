"""Where records stand as numbers: what is written is what is read, and codes stand for the words that are said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.located import COLUMNS, NOTHING, Best, coded, files

WORDS = st.lists(st.text("ab云", max_size=4), unique=True, max_size=6)


def _best() -> Best:
    """Two records, who say two of three texts: the first with both its addresses, the third is nobody's."""
    said = {
        "address_id": ["b", None, "a"],
        "level": ["door", "village", "door"],
        "reason": [None, "village_only", None],
    }
    columns = [pa.array(said.get(name, [None] * 3), pa.string()).dictionary_encode() for name in COLUMNS]
    text = {"actual_address": np.array([0, 1], dtype=np.int32), "registered_address": np.array([0, 0], dtype=np.int32)}
    return Best(text, pa.table(columns, list(COLUMNS)))


@pytest.mark.parametrize("best", [_best(), NOTHING], ids=["two records", "nobody"])
def test_what_is_written_is_read_and_nothing_is_copied(tmp_path: Path, best: Best) -> None:
    best.write(tmp_path, "person")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files("person"))
    before = pa.total_allocated_bytes()
    found = Best.read(tmp_path, "person")
    assert pa.total_allocated_bytes() == before
    assert found is not None
    assert found.table.equals(best.table)
    assert {name: text.tolist() for name, text in found.text.items()} == {
        name: text.tolist() for name, text in best.text.items()
    }


def test_a_kind_that_is_not_located_has_no_places(tmp_path: Path) -> None:
    _best().write(tmp_path, "person")
    assert Best.read(tmp_path, "household") is None


def test_a_row_is_asked_for_its_code_its_words_and_how_often_it_is_said() -> None:
    best = _best()
    assert best.codes("address_id").tolist() == [0, -1, 1]
    assert best.says("level", pa.array(["door", "room"])).tolist() == [True, False, True]
    assert best.says("reason", pa.array(["village_only"])).tolist() == [False, True, False]  # null says nothing
    assert best.times().tolist() == [3, 1, 0]
    assert NOTHING.times().tolist() == []


@given(st.data(), WORDS)
def test_codes_stand_for_the_words_that_are_said_in_their_order(data: st.DataObject, words: list[str]) -> None:
    said = data.draw(st.lists(st.integers(-1, len(words) - 1), max_size=8))
    found = coded(np.array(said, dtype=np.int32), pa.array(words, pa.string()))
    assert found.to_pylist() == [words[code] if code >= 0 else None for code in said]
    told = {words[code] for code in said if code >= 0}
    assert found.dictionary.to_pylist() == sorted(told, key=lambda word: word.encode())
