"""An office with one contract per format."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.land.makers import FORMATS, Office, contract


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    for kind in FORMATS:
        made.promise(contract(kind))
    return made
