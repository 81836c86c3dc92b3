"""What hidden numbers say of joined rows tells how much of it a person must see."""

from __future__ import annotations

import pandas as pd
import pytest

from transforms.review.queue import Sure, doubted

STATED = 0.998


def held() -> pd.DataFrame:
    return pd.DataFrame({"expected": [0.5, 0.25, 0.25]})


def test_nothing_that_is_joined_is_asked_once_the_stated_precision_is_reached() -> None:
    assert len(doubted(held(), Sure(joined=1000, least=STATED), STATED)) == 0
    assert len(doubted(held(), Sure(joined=1000, least=STATED - 1e-6), STATED)) == len(held())


def test_doubts_are_brought_to_the_errors_that_are_possible_and_never_beyond_the_scores() -> None:
    few = doubted(held(), Sure(joined=100, least=0.995), STATED)["expected"]
    assert few.sum() == pytest.approx(0.5)
    assert few.iloc[0] == pytest.approx(2 * few.iloc[1])
    many = doubted(held(), Sure(joined=100, least=0.9), STATED)["expected"]
    assert many.tolist() == held()["expected"].tolist()


def test_where_nobody_was_examined_the_scores_speak() -> None:
    assert doubted(held(), None, STATED)["expected"].tolist() == held()["expected"].tolist()
