from __future__ import annotations

import pytest

from demo.city import build
from tests.unit.demo.sample import City


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    folder = tmp_path_factory.mktemp("city")
    build("yunfu", 6000, 2, 11, folder, lambda _: None)
    return City(folder)
