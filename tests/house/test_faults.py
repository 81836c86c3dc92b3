"""Every fault that a file or a row may have has named tests: tests/faults.csv says which, a blank between two."""

from __future__ import annotations

import ast
import csv
from functools import lru_cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# Arrival, archives, text files, spreadsheets, other formats, meaning of rows; attack through the data. Scripts in
# pages (L2) and rude words in comments (L8) concern readers, not departments.
FAMILIES = {"A": 25, "B": 13, "C": 20, "D": 9, "E": 11, "F": 8}
ATTACKS = ("L1", "L3", "L4", "L5", "L6", "L7")


def table() -> list[dict[str, str]]:
    with (TESTS / "faults.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache(maxsize=64)
def functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_fault_stands_there_once() -> None:
    expected = [f"{family}{number}" for family, count in FAMILIES.items() for number in range(1, count + 1)]
    assert [row["fault"] for row in table()] == [*expected, *ATTACKS]
    assert all(row["what"] and row["outcome"] for row in table())


@pytest.mark.parametrize("row", table(), ids=lambda row: row["fault"])
def test_its_test_is_there(row: dict[str, str]) -> None:
    assert row["test"]
    for test in row["test"].split(" "):
        path, _, name = test.partition("::")
        assert name.startswith("test_")
        assert name in functions(TESTS.parent / path)
