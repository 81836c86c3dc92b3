"""Codes in place of values: the same answers as sets and dictionaries give, for any numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.link.codes import Asked, beside, coupled, distinct, distinct_rows, pieces, ranked
from transforms.link.compare import Spoken, levels_of
from transforms.link.kernels import JOIN, KERNELS
from transforms.link.said import Values

FEW = st.lists(st.integers(0, 9), max_size=12)
WIDE = st.lists(st.integers(0, 2**40), max_size=12)
SAID_DAYS = ["1990-01-01 year", "1990-03-05 day", "1990-05-03 day", "1961-01-01 day", "1990-03-01 month"]
DAYS = [said.replace(" ", JOIN) for said in SAID_DAYS]
SAID = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), max_size=25)


@settings(max_examples=80, deadline=None)
@given(FEW, WIDE, WIDE)
def test_places_among_distinct_keys(few: list[int], wide: list[int], asked: list[int]) -> None:
    for keys, bound in ((few, 10), (wide, 2**40 + 1)):
        found, at = ranked(np.array(keys, dtype=np.int64), bound)
        assert found[at].tolist() == keys
        assert sorted(found.tolist()) == distinct(np.array(keys, dtype=np.int64)).tolist() == sorted(set(keys))
    looked = Asked(np.array([*asked, *wide[:3]], dtype=np.int64))
    said, place = looked.among(np.array(wide, dtype=np.int64))
    wanted = {*asked, *wide[:3]}
    assert said.tolist() == [key in wanted for key in wide]
    assert looked.distinct[place].tolist() == [key for key in wide if key in wanted]


@settings(max_examples=80, deadline=None)
@given(FEW, FEW)
def test_each_place_stands_beside_all_that_hold_the_same_record(r: list[int], of: list[int]) -> None:
    left, right = beside(np.array(r, dtype=np.int32), np.array(of, dtype=np.int32))
    expected = [(i, j) for i, a in enumerate(r) for j, b in enumerate(of) if a == b]
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == expected


@settings(max_examples=80, deadline=None)
@given(FEW, SAID.map(lambda said: sorted(set(said))))
def test_what_records_say_is_coupled_with_all_that_they_say_elsewhere(
    r: list[int], said: list[tuple[int, int]]
) -> None:
    of, v = (np.array([one[i] for one in said], dtype=np.int32) for i in (0, 1))
    at, code = coupled(np.array(r, dtype=np.int32), of, v)
    expected = [(i, c) for i, one in enumerate(r) for record, c in said if record == one]
    assert sorted(zip(at.tolist(), code.tolist(), strict=True)) == expected


def test_distinct_patterns_come_in_lexical_order() -> None:
    patterns = np.array([[2, 0], [1, 3], [2, 0], [0, 9]], dtype=np.int8)
    rows, at = distinct_rows(patterns)
    assert rows.tolist() == [[0, 9], [1, 3], [2, 0]]
    assert at.tolist() == [2, 1, 2, 0]
    assert [len(part) for part in distinct_rows(patterns[:0])] == [0, 0]


@settings(max_examples=80, deadline=None)
@given(SAID, st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=9))
def test_only_equality_counts_looked_up_or_seen_side_by_side(
    said: list[tuple[int, int]], pairs: list[tuple[int, int]]
) -> None:
    r, v = (np.array([one[i] for one in said], dtype=np.int32) for i in (0, 1))
    spoken = Spoken.of(Values(r, v, pa.nulls(5)), np.arange(6, dtype=np.int32))
    left, right = (np.array([pair[i] for pair in pairs]) for i in (0, 1))
    of = {node: {code for record, code in said if record == node} for node in range(6)}
    expected = [(1 if of[a] & of[b] else 2) if of[a] and of[b] else 0 for a, b in pairs]
    assert levels_of(spoken, left, right, "near", 2).tolist() == expected
    if len(spoken.said):
        shared = {i for i, (a, b) in enumerate(pairs) if of[a] & of[b]}
        assert set(spoken.looked_for(left, right).tolist()) == shared


@settings(max_examples=80, deadline=None)
@given(SAID, st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=9))
@pytest.mark.parametrize(("using", "words"), [("text", ["消火栓", "消防栓", "灯杆", "消火", "井"]), ("date", DAYS)])
def test_two_nodes_are_as_alike_as_the_closest_of_what_they_say(
    using: str, words: list[str], said: list[tuple[int, int]], pairs: list[tuple[int, int]]
) -> None:
    r, v = (np.array([one[i] for one in said], dtype=np.int32) for i in (0, 1))
    spoken = Spoken.of(Values(r, v, pa.array(words)), np.arange(6, dtype=np.int32))
    left, right = (np.array([pair[i] for pair in pairs]) for i in (0, 1))
    of = {node: {words[code] for record, code in said if record == node} for node in range(6)}
    expected = [min((KERNELS[using](x, y) for x in of[a] for y in of[b]), default=0) for a, b in pairs]
    assert levels_of(spoken, left, right, using, 9).tolist() == expected


def test_pieces_of_pairs_cover_all_and_none_is_much_too_large() -> None:
    times = np.array([1_500_000, 1_000_000, 0, 3_000_000, 1, 1_999_999, 5])
    found = list(pieces(times))
    assert [i for piece in found for i in range(piece.start, piece.stop)] == list(range(len(times)))
    assert len(found) > 2
    assert max(int(times[piece].sum()) for piece in found) <= 2_000_000 + int(times.max())
    assert not list(pieces(times[:0]))
