"""Fixtures of the account tests: an empty deployment, and one night of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.account.deployment import CONTRACTS, INSURED, KINDS, PEOPLE, World
from transforms import keys
from transforms.run import REPOSITORY, Settings


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty deployment of four sources and five kinds."""
    expectations = tmp_path / "expectations"
    (expectations / "contracts").mkdir(parents=True)
    (expectations / "kinds").mkdir()
    for name, text in CONTRACTS.items():
        (expectations / "contracts" / f"{name}.yml").write_text(text, "utf-8")
    for kind in KINDS:
        shutil.copy(REPOSITORY / "expectations" / "kinds" / f"{kind}.yml", expectations / "kinds")
    shutil.copytree(REPOSITORY / "expectations" / "lookups", expectations / "lookups")
    home = tmp_path / "home"
    home.mkdir()
    environ = {"GRIDFACTS_HOME": str(home), "GRIDFACTS_EXPECTATIONS": str(expectations), "GRIDFACTS_THREADS": "1"}
    settings = Settings.from_environment(environ)
    keys.create(home / "keys.yml")
    return World(settings)


@pytest.fixture
def city(world: World) -> World:
    """One night of the deployment, all rooms done, nothing closed."""
    world.deliver("registry", PEOPLE, {5: "name"})
    world.deliver("roster", INSURED)
    world.deliver("flats", [{"code": f"f{i}", "where": f"v|road:a|door:{i}"} for i in (1, 2)])
    world.deliver("areas", [{"code": f"g{i}", "name": f"grid {i}"} for i in (1, 2)])
    world.rooms()
    return world
