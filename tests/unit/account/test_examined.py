"""Intervals of what hidden numbers tell: they hold what is true of the real rows, and say something."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from transforms.account import examined
from transforms.account.intervals import interval


@pytest.mark.parametrize(
    ("share", "examined", "real"), [(0.99, 400, 50), (0.9, 60, 300), (0.999, 2000, 2000), (0.5, 30, 9)]
)
def test_nineteen_of_twenty_intervals_hold_the_share_among_the_real_rows(
    share: float, examined: int, real: int
) -> None:
    dice = np.random.default_rng(3)
    seen, true = dice.binomial(examined, share, 2000) / examined, dice.binomial(real, share, 2000) / real
    found = [interval(float(s), examined, real, float(t)) for s, t in zip(seen, true, strict=True)]
    assert np.mean([bool(one.covers) for one in found]) >= 0.93
    assert np.mean([one.high - one.low for one in found]) < 1


def test_many_rows_give_a_narrow_interval_that_can_miss() -> None:
    told = interval(0.9, 10_000, 10_000, 0.93)
    assert told.high - told.low < 0.03
    assert told.covers is False


def test_nothing_seen_says_nothing() -> None:
    told = interval(1.0, 0, 40)
    assert (told.low, told.high, told.covers) == (0.0, 1.0, None)


def held(anchor: list[bool], entity: list[int], true: list[str]) -> pd.DataFrame:
    """Records r0, r1, ... beside what is true of them; one with no true entity is not told of."""
    ids = pa.array([f"r{n}" for n in range(len(anchor))])
    homes = {e for a, e in zip(anchor, entity, strict=True) if a}
    rows = pd.DataFrame({"anchor": anchor, "entity": entity, "joined": [e in homes for e in entity]})
    told = pa.table({"record_id": ids, "entity": pa.array([t or None for t in true])}).drop_null()
    return examined._held_against(rows, ids, told)


def test_a_row_can_be_found_where_an_anchor_is_of_its_person_and_not_where_only_another_row_is() -> None:
    rows = held([True, False, False, False], [0, 0, 1, 2], ["wang", "wang", "li", "li"])
    assert rows["findable"].tolist() == [True, True, False, False]
    assert rows["right"].tolist() == [True, True, False, False]


def test_an_entity_is_of_whom_most_of_its_anchors_are() -> None:
    rows = held([True, True, True, False, False], [0, 0, 0, 0, 0], ["wang", "li", "li", "li", "wang"])
    assert rows["owner"].nunique() == 1
    assert rows["right"].tolist() == [False, True, True, True, False]


def test_of_as_many_anchors_of_two_people_one_owns_the_entity_whatever_their_order() -> None:
    one, other = (held([True, True], [0, 0], true)["right"].tolist() for true in (["a", "b"], ["b", "a"]))
    assert sum(one) == sum(other) == 1


def test_rows_of_which_nothing_is_known_are_not_counted() -> None:
    assert held([True, False], [0, 0], ["wang", ""]).index.tolist() == [0]


def test_a_pair_counts_for_the_end_that_is_beside_an_anchor_on_either_side() -> None:
    left, right = np.array([1, 7, 4]), np.array([8, 2, 5])
    assert sorted(examined._ends(left, right, np.array([7, 8])).tolist()) == [1, 2]
