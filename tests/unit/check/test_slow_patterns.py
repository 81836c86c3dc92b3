"""No text makes a rule slow: the longest cells that may be landed, shaped to lead patterns astray."""

from __future__ import annotations

import time

import pytest

from tests.unit.check.rows import contract_of, landed, rules_of
from transforms.check import verdict

LONG = 60_000
LURES = [
    "a" * LONG + "!",
    "1" * LONG + "x",
    "合 " * (LONG // 3),
    "(" * LONG,
    "13" * (LONG // 2) + "-",
    " " * LONG + "x",
]
SECONDS = 5  # a pattern that backtracks takes hours


@pytest.mark.parametrize("source", ["gongan_hukou", "shichang_zhuti", "zhengfa_wangge"])
def test_long_lures_are_judged_at_once(source: str) -> None:
    headings = contract_of(source).landed_headings
    rows = landed(source, [dict.fromkeys(headings, lure) for lure in LURES])
    start = time.process_time()
    found = verdict.judge(rows, rules_of(source), ())
    assert time.process_time() - start < SECONDS
    assert found.finding.num_rows >= len(LURES)
