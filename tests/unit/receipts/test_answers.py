"""How fast a department mends: counted from the day rows were set aside to the night whose delivery closed them."""

from __future__ import annotations

import pandas as pd

from transforms.receipts.answers import Answers, _mending

STATES = pd.DataFrame(
    {"release": [1, 2, 3, 4], "night": ["2026-10-01", "2026-10-02", "2026-10-05", "2026-10-09"],
     "batch": ["a", "a", "b", "c"]}
)  # fmt: skip


def test_days_run_from_setting_aside_to_the_delivery_that_counts_next() -> None:
    rows = pd.DataFrame(
        {"batch": ["a", "a", "b", "c"], "since": ["2026-10-01", "2026-10-02", "2026-10-05", "2026-10-09"],
         "state": ["closed", "closed", "open", "open"]}
    )  # fmt: skip
    assert _mending(STATES, rows) == {3: 4}, "b's row is open still, though another delivery counts"


def test_what_was_never_asked_has_no_speed() -> None:
    assert (Answers().mending_days, Answers().answering_days) == (None, None)
    assert Answers(mending={3: 4, 5: 1, 9: 2}, answering=(1, 2)).mending_days == 2.0
    assert Answers(answering=(1, 2)).answering_days == 1.5
