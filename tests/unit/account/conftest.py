"""Fixtures of the account tests: one night of a tiny deployment, made once and copied for every test."""

from __future__ import annotations

import copy
import dataclasses
import shutil
from pathlib import Path

import pytest

from tests.unit.account.deployment import CONTRACTS, INSURED, KINDS, PEOPLE, World
from transforms import keys
from transforms.run import REPOSITORY, Settings


@pytest.fixture(scope="session")
def made_city(migrated_home: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Four sources, five kinds, one night: all rooms done, nothing closed. Not to be changed."""
    base = tmp_path_factory.mktemp("account")
    expectations = base / "expectations"
    (expectations / "contracts").mkdir(parents=True)
    (expectations / "kinds").mkdir()
    for name, text in CONTRACTS.items():
        (expectations / "contracts" / f"{name}.yml").write_text(text, "utf-8")
    for kind in KINDS:
        shutil.copy(REPOSITORY / "expectations" / "kinds" / f"{kind}.yml", expectations / "kinds")
    shutil.copytree(REPOSITORY / "expectations" / "lookups", expectations / "lookups")
    home = Path(shutil.copytree(migrated_home, base / "home"))
    environ = {"GRIDFACTS_HOME": str(home), "GRIDFACTS_EXPECTATIONS": str(expectations), "GRIDFACTS_THREADS": "1"}
    keys.create(home / "keys.yml")
    world = World(Settings.from_environment(environ))
    world.deliver("registry", PEOPLE, {5: "name"})
    world.deliver("roster", INSURED)
    world.deliver("flats", [{"code": f"f{i}", "where": f"v|road:a|door:{i}"} for i in (1, 2)])
    world.deliver("areas", [{"code": f"g{i}", "name": f"grid {i}"} for i in (1, 2)])
    world.rooms()
    return world


@pytest.fixture
def city(made_city: World, tmp_path: Path) -> World:
    """A copy of the night that a test may change."""
    home = tmp_path / "home"
    shutil.copytree(made_city.settings.home, home)
    settings = dataclasses.replace(made_city.settings, home=home, database_url=f"sqlite:///{home / 'release.db'}")
    return dataclasses.replace(made_city, settings=settings, files=copy.copy(made_city.files), apart=set())
