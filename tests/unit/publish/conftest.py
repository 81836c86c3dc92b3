"""Homes with either database behind them."""

from __future__ import annotations

import shutil
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


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def nothing(request: pytest.FixtureRequest, home: Home) -> Settings:
    """A home on each of the two databases before anything was done in it."""
    return home(request.getfixturevalue("postgres_url") if request.param == "postgresql" else None)


@pytest.fixture(params=BOTH)
def settings(request: pytest.FixtureRequest, home: Home, migrated_home: Path, tmp_path: Path) -> Settings:
    """A home of its own on each of the two databases, which have their structure."""
    if request.param == "postgresql":
        return home(request.getfixturevalue("migrated_url"))
    shutil.copytree(migrated_home, tmp_path / "home")
    return home()
