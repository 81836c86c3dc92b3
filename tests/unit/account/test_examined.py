"""Intervals of what hidden numbers tell: they hold what is true of the real rows, and say something."""

from __future__ import annotations

import numpy as np
import pytest

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
