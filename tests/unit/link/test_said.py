"""Statements of several columns as one: none twice, record after record."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transforms.link.codes import Codes
from transforms.link.said import Values, merged

PART = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), unique=True, max_size=8)
PARTS = st.lists(PART | PART.map(sorted), min_size=1, max_size=3)


def columns(part: list[tuple[int, int]]) -> tuple[Codes, Codes]:
    """(record, code)."""
    return np.array([r for r, _ in part], dtype=np.int32), np.array([v for _, v in part], dtype=np.int32)


@settings(max_examples=150, deadline=None)
@given(PARTS)
@example([[(1, 0), (2, 0)], [(1, 1)]])
@example([[(1, 1)], [(1, 0), (2, 0)]])
def test_merged_parts_say_the_same_once_and_of_a_record_in_their_order(parts: list[list[tuple[int, int]]]) -> None:
    r, v = merged([columns(part) for part in parts], 4)
    expected = list(dict.fromkeys(one for part in parts for one in part))
    told = list(zip(r.tolist(), v.tolist(), strict=True))
    assert len(told) == len(expected)
    assert all([c for x, c in told if x == one] == [c for x, c in expected if x == one] for one in range(6))
    if all(len({r for r, _ in part}) == len(part) and part == sorted(part) for part in parts):
        assert r.tolist() == sorted(r.tolist())


@settings(max_examples=80, deadline=None)
@given(PARTS)
def test_parts_without_a_common_word_stay_apart(parts: list[list[tuple[int, int]]]) -> None:
    found = Values.apart(Values(*columns(part), pa.array(["a", "b", "c", "d"])) for part in parts)
    of_part = [part for part in parts if part]
    expected = {(r, v + 4 * place) for place, part in enumerate(of_part) for r, v in part}
    assert set(zip(found.r.tolist(), found.v.tolist(), strict=True)) == expected
    assert len(found.r) == len(expected)
    assert len(found.texts) == 4 * len(of_part)


WORDS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True)
SAYS = st.dictionaries(st.integers(0, 5), st.integers(0, 3), max_size=6)


def _values(says: dict[int, int], words: list[str]) -> Values:
    told = sorted((record, code) for record, code in says.items() if code < len(words))
    r, v = (np.array([pair[at] for pair in told], dtype=np.int32) for at in (0, 1))
    return Values(r, v, pa.array(words))


def _texts(values: Values) -> list[tuple[int, str | None]]:
    return [(int(r), values.texts[int(v)].as_py()) for r, v in zip(values.r, values.v, strict=True)]


@given(st.lists(st.tuples(SAYS, WORDS), min_size=1, max_size=3), st.booleans())
def test_parts_are_one_set_whether_they_have_one_list_of_texts_or_several(
    told: list[tuple[dict[int, int], list[str]]], alike: bool
) -> None:
    words = max((of for _, of in told), key=len)
    parts = [_values(says, words[: len(of)] if alike else of) for says, of in told]
    whole = Values.pooled(parts)
    assert sorted(_texts(whole)) == sorted({pair for part in parts for pair in _texts(part)})
    assert len(set(whole.texts.to_pylist())) == len(whole.texts)


@given(st.lists(SAYS, min_size=1, max_size=3), st.lists(st.sampled_from([None, "x", "y"]), min_size=4, max_size=4))
def test_other_texts_for_the_codes_are_told_once_and_null_is_nothing(
    told: list[dict[int, int]], others: list[str | None]
) -> None:
    parts = [_values(says, ["a", "b", "c", "d"]) for says in told]
    found = Values.retold(parts, pa.array(others, pa.string()))
    wanted = {(record, others[code]) for says in told for record, code in says.items() if others[code] is not None}
    assert sorted(_texts(found)) == sorted(wanted)
