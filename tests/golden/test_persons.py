"""Hard pairs of persons through link and resolve with the shipped model (persons.yml says each one's why)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.golden.living import Row, clusters, deploy
from transforms import link, resolve
from transforms.run import REPOSITORY

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("persons.yml").read_text("utf-8"))["cases"]


def _row(values: list[object]) -> Row:
    return Row(*(str(value) for value in values))


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All cases in one city, so that they stand in each other's way."""
    rows = [_row(v) for case in CASES for v in (case["a"], case["b"], *case.get("more", []))]
    run = deploy(tmp_path_factory.mktemp("golden"), rows, REPOSITORY / "expectations")
    link.run(run, "person")
    resolve.run(run, "person")
    return clusters(run)


def test_there_are_cases_of_both_answers() -> None:
    assert {case["same"] for case in CASES} == {True, False}
    assert len({case["id"] for case in CASES}) == len(CASES) >= 11


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_hard_pair(case: dict[str, Any], together: dict[str, str]) -> None:
    a, b = (together[_row(case[side]).record_id] for side in ("a", "b"))
    assert (a == b) is case["same"], case["why"]
