"""Pairs by number, and the same by record id."""

from __future__ import annotations

import pyarrow as pa

from transforms.paired import named

IDS = pa.array(["a", "b", "c"])


def pairs(left: list[int], right: list[int]) -> pa.Table:
    ends = {"left": pa.array(left, pa.int32()), "right": pa.array(right, pa.int32())}
    return pa.table({**ends, "how": ["key"] * len(left)})


def test_a_number_is_the_place_among_the_ascending_ids() -> None:
    told = named(pairs([0, 1], [2, 2]), IDS)
    assert told.to_pydict() == {"left": ["a", "b"], "right": ["c", "c"], "how": ["key", "key"]}
    assert named(pairs([], []), IDS)["left"].type == pa.string()


def test_a_number_that_no_record_has_stands_as_it_is() -> None:
    told = named(pairs([-1, 0], [1, 3]), IDS)
    assert told.select(["left", "right"]).to_pydict() == {"left": ["-1", "a"], "right": ["b", "3"]}
