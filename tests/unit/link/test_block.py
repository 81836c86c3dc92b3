"""Pairs of one block: as two loops over the nodes of each key find them."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transforms.link.block import NODE, pairs

ANCHORS = np.array([False, True, False, True, False, False])
KEYS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), unique=True, max_size=14).map(sorted)


@settings(max_examples=150, deadline=None)
@given(KEYS, st.integers(1, 3), st.none() | st.lists(st.booleans(), min_size=6, max_size=6))
@example([(0, 0), (0, 1), (0, 2)], 2, None)
@example([(0, 0), (0, 2), (0, 4), (1, 1), (1, 5)], 2, None)
@example([(0, 0), (0, 1), (0, 2)], 2, [True, True, False, True, True, True])
def test_a_leftover_is_beside_anchors_and_leftovers_of_its_keys(
    said: list[tuple[int, int]], cap: int, only: list[bool] | None
) -> None:
    keys = np.array([k << NODE | node << 1 | int(ANCHORS[node]) for k, node in said], dtype=np.int64)
    expected = set()
    for key in {k for k, _ in said}:
        nodes = [node for k, node in said if k == key]
        anchors = [node for node in nodes if ANCHORS[node]]
        leftovers = [node for node in nodes if not ANCHORS[node]]
        if len(anchors) <= cap and len(leftovers) <= cap:
            asked = [node for node in leftovers if only is None or only[node]]
            expected |= {(u, v, True) for u in asked for v in anchors}
            expected |= {(u, v, False) for u in asked for v in leftovers if u < v and only is None}
    found = pairs(keys, cap, None if only is None else np.array(only))
    told = [(one >> NODE, (one & (1 << NODE) - 1) >> 1, one & 1 == 1) for one in found.tolist()]
    assert told == sorted(expected)
