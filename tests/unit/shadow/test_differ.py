"""Pairs that two partitions have apart, against every pair counted by hand; ties, each pair of entities once."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from transforms.shadow.differ import Apart, Tie, apart, ties

PARTITIONS = st.integers(0, 9).flatmap(
    lambda size: st.tuples(*(st.lists(st.integers(0, 4), min_size=size, max_size=size) for _ in range(2)))
)


def together(of: list[int]) -> set[tuple[int, int]]:
    """The pairs of one entity, from a graph of cliques."""
    graph = nx.Graph((a, b) for a, b in combinations(range(len(of)), 2) if of[a] == of[b])
    return {(min(edge), max(edge)) for edge in graph.edges}


@given(PARTITIONS)
def test_the_pairs_of_each_less_those_of_both(partitions: tuple[list[int], list[int]]) -> None:
    before, now = partitions
    one, other = (np.array(of, dtype=np.int64) for of in partitions)
    expected = Apart(len(together(now) - together(before)), len(together(before) - together(now)))
    assert apart(one, other) == expected
    assert apart(other, one) == Apart(expected.parted, expected.joined)


def test_a_record_that_moves_leaves_pairs_and_finds_others() -> None:
    before, now = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1])
    assert apart(before, now) == Apart(joined=2, parted=2)
    assert apart(before, before) == Apart(0, 0)


def pairs(*rows: tuple[int, int, int]) -> pa.Table:
    left, right, score = (list(column) for column in zip(*rows, strict=True))
    told = [f"to=anchor n={n}" for n in range(len(rows))]
    return pa.table({"left": left, "right": right, "score": score, "how": ["scored"] * len(rows), "evidence": told})


def test_ties_are_strong_new_and_told_once_for_two_entities() -> None:
    stood, stands = pa.array(["a", "a", "b", "b", "c"]), pa.array(["a", "a", "a", "a", "c"])
    found = pairs((0, 1, 9900), (0, 2, 9000), (1, 3, 9500), (2, 4, 9999), (0, 3, 100))
    assert ties(found, stands, stood, 8000, 5) == [Tie("a", "b", "a", 9500, "to=anchor n=2")]
    assert ties(found, stands, stood, 9600, 5) == []
    assert ties(found, stood, stands, 8000, 5) == [], "nothing parts"
    assert ties(found, stood, pa.array(["a", "d", "b", "e", "c"]), 0, 5) == [Tie("a", "d", "a", 9900, "to=anchor n=0")]


def test_the_strongest_are_told_and_no_more_than_asked_for() -> None:
    stood, stands = pa.array(["a", "b", "c", "d"]), pa.array(["a", "a", "a", "a"])
    found = pairs((0, 1, 9000), (1, 2, 9300), (2, 3, 9200))
    assert [tie.score for tie in ties(found, stands, stood, 8000, 2)] == [9300, 9200]
