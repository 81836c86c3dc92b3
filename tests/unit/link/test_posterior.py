"""From single pairs to scores: whose place is taken, and whom an anchor speaks for."""

from __future__ import annotations

import numpy as np
import pytest

from transforms.link.candidates import Candidates, Nodes
from transforms.link.posterior import spoken_for, taken

ACCEPT, REVIEW = 5000, 2000
ANCHOR, BARE, NAMESAKE = 0, 1, 2


def of(*pairs: tuple[int, int, bool]) -> Candidates:
    """Candidates u, v, whether v is an anchor; sorted."""
    u, v, anchor = (np.array(column) for column in zip(*pairs, strict=True))
    return Candidates(u, v, anchor, np.zeros((len(u), 1), dtype=np.int8))


@pytest.mark.parametrize(
    ("bare", "namesake", "found"),
    [
        (9000, 1000, ACCEPT - 1),  # the anchor is clearly another one
        (9000, REVIEW, 7000),  # perhaps the same
        (4000, 1000, 7000),  # the bare row is not the anchor's
    ],
)
def test_a_row_that_joins_an_anchor_brings_nobody_whom_the_anchor_refuses(bare: int, namesake: int, found: int) -> None:
    pairs = of((BARE, ANCHOR, True), (BARE, NAMESAKE, False), (NAMESAKE, ANCHOR, True))
    scores = np.array([bare, 7000, namesake])
    assert spoken_for(pairs, scores, ACCEPT, REVIEW).tolist() == [bare, found, namesake]
    swapped = of((NAMESAKE, ANCHOR, True), (NAMESAKE, BARE + 2, False), (BARE + 2, ANCHOR, True))
    scores = np.array([namesake, 7000, bare])
    assert spoken_for(swapped, scores, ACCEPT, REVIEW).tolist() == [namesake, found, bare]


def test_who_was_never_compared_with_the_anchor_is_not_refused_by_it() -> None:
    pairs = of((BARE, ANCHOR, True), (BARE, NAMESAKE, False))
    assert spoken_for(pairs, np.array([9000, 7000]), ACCEPT, REVIEW).tolist() == [9000, 7000]
    alone = of((BARE, NAMESAKE, False))
    assert spoken_for(alone, np.array([7000]), ACCEPT, REVIEW).tolist() == [7000]


def test_a_place_is_taken_by_a_row_of_the_same_source_alone() -> None:
    """Records 0 and 1 are anchors; 2 and 3 of one source, 4 of another."""
    pairs = of((2, 0, True), (2, 1, True), (3, 0, True), (4, 0, True))
    nodes = Nodes(np.arange(5), np.array([True, True, False, False, False]))
    joins = np.array([False, False, True, False])
    assert taken(pairs, np.array([0, 0, 1, 1, 2]), nodes, joins).tolist() == [True, False, False, False]
    assert taken(pairs, np.array([0, 1, 1, 1, 2]), nodes, ~joins & joins).tolist() == [False, True, False, False]
