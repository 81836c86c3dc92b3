"""Homes with either database behind them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from transforms.run import Settings

Home = Callable[..., Settings]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    def make(url: str | None = None, name: str = "home") -> Settings:
        told = {"GRIDFACTS_HOME": str(tmp_path / name)} | ({"GRIDFACTS_DATABASE_URL": url} if url else {})
        return Settings.from_environment(told)

    return make


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest, home: Home) -> Settings:
    """A home of its own on each of the two databases."""
    return home(request.getfixturevalue("postgres_url") if request.param == "postgresql" else None)
