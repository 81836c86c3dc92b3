"""Fixtures of the receipts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.receipts.deployment import Deployment


@pytest.fixture
def place(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path / "home").make()


@pytest.fixture
def delta(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path / "home", mode="delta").make()
