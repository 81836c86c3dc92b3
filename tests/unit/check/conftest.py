"""Fixtures of the room check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.check.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Whatever a test breaks, no value of a sound row is in a page, a suite, a manifest or what was said."""
    made = Lake(tmp_path / "home")
    yield made
    assert made.telling(MARKS) == []


MARKS = ("王小明", "11010519491231002X", "13900001111", "兴云西路")  # people, numbers and places of the sound rows
