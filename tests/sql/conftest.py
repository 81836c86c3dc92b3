"""A filled database of either kind: two small nights published."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import small_release as small
from transforms import database, publish
from transforms.database import Databases
from transforms.run import Settings


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Databases:
    told = {"GRIDFACTS_HOME": str(tmp_path)}
    if request.param == "postgresql":
        told["GRIDFACTS_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    settings = Settings.from_environment(told)
    publish.run(small.close(settings, small.NIGHTS[0], {}, small.first_city(), 0).run)
    publish.run(small.close(settings, small.NIGHTS[1], small.first_city(), small.second_city(), 1).run)
    return database.open_databases(settings)
