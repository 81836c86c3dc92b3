"""A night says how well it matched the rows without a number, and the truth of the city bears it out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.homes import NIGHTS, Home

Told = dict[str, Any]


@pytest.fixture(scope="module")
def person(first_night: Path, city: Path) -> Told:
    """The examined persons of a small city's first night, beside the truth."""
    told: str = (
        Home(first_night).call("evaluate", "--night", NIGHTS[0], "--truth", str(city / "truth"), "--json").stdout
    )
    found: Told = next(kind for kind in json.loads(told)["kinds"] if kind["kind"] == "person")["examined"]
    return found


def test_the_truth_lies_in_nine_of_ten_intervals(person: Told) -> None:
    told = [(group, group[share]) for group in person["groups"] for share in ("precision", "recall")]
    known = [(group, share) for group, share in told if share["true"] is not None]
    assert {group["by"] for group, _ in known} >= {"all", "source", "age", "residence"}
    inside = [share["low"] - 1e-5 <= share["true"] <= share["high"] + 1e-5 for _, share in known]
    assert len(inside) > 20
    assert sum(inside) >= 0.9 * len(inside)


def test_intervals_of_the_whole_say_something(person: Told) -> None:
    whole, *groups = person["groups"]
    assert whole["by"] == "all"
    for share in ("precision", "recall"):
        # Of 1 400 rows with a number some 200 are examined, and they weigh unlike; which ones the home's own keys
        # decide. So wide is the exact interval (Clopper and Pearson 1934) of 25 rows of which one fails.
        assert whole[share]["high"] - whole[share]["low"] < 0.2
    for by in ("source", "age"):
        assert 0 < sum(group["rows"] for group in groups if group["by"] == by) <= whole["rows"]
    assert person["unexamined"] < whole["rows"] / 4


def test_without_the_truth_the_same_is_told(person: Told, first_night: Path) -> None:
    page = Home(first_night).call("evaluate", "--night", NIGHTS[0]).stdout
    recall = person["groups"][0]["recall"]
    assert f"recall {recall['estimate']:.4f} ({recall['low']:.4f} to {recall['high']:.4f})" in page
    assert "true" not in page
