"""An office with one contract per format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.land.makers import FORMATS, MARKS, Office, contract


@pytest.fixture
def office(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Office]:
    """Whatever fault a test tries, no value of a row is in an answer, in a file beside the rows, or printed."""
    made = Office(tmp_path)
    for kind in FORMATS:
        made.promise(contract(kind))
    yield made
    assert made.leaks() == []
    printed = "".join(capfd.readouterr())
    assert [mark for mark in MARKS if mark in printed] == []
