from __future__ import annotations

import pytest

from demo.city import build, build_world
from demo.world import World
from tests.conftest import Once
from tests.unit.demo.sample import City


@pytest.fixture(scope="session")
def city(once: Once) -> City:
    return City(once("six-thousand", lambda folder: build("yunfu", 6000, 2, 11, folder, lambda _: None) and None))


@pytest.fixture(scope="session")
def world() -> World:
    """The truth of some towns, nothing written."""
    return build_world("yunfu", 29_000, 2, 5)


@pytest.fixture(scope="session")
def town(once: Once) -> City:
    """The files of `world`: enough for what strikes one row in a thousand."""
    return City(once("town", lambda folder: build("yunfu", 29_000, 2, 5, folder, lambda _: None) and None))
