"""The engine of a process: each that is opened sees its own tables alone, and no file but the lake's."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from transforms import store
from transforms.engine import Engine
from transforms.run import Settings

ONE_STEP = "-- step: doubled\nSELECT x * 2 AS x FROM given\n\n-- step: told\nSELECT x FROM doubled\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path / "home"), "GRIDFACTS_THREADS": "1"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "step.sql").write_text(ONE_STEP)
    return tmp_path / "step.sql"


def test_two_engines_at_once_each_see_their_own_tables(settings: Settings, path: Path) -> None:
    with Engine(settings) as one, Engine(settings) as other:
        assert one.run(path, {"given": pa.table({"x": [1]})})["x"].to_pylist() == [2]
        assert other.run(path, {"given": pa.table({"x": [4]})})["x"].to_pylist() == [8]
        assert one.table("doubled")["x"].to_pylist() == [2]


def test_nothing_of_an_engine_is_left_to_the_next(settings: Settings, path: Path) -> None:
    with Engine(settings) as one:
        one.run(path, {"given": pa.table({"x": [1]})})
    with Engine(settings) as other:
        for name in ("given", "doubled"):
            with pytest.raises(duckdb.CatalogException):
                other.table(name)


def test_engines_of_two_homes_read_their_own_lake_alone(settings: Settings, tmp_path: Path) -> None:
    elsewhere = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path / "elsewhere"), "GRIDFACTS_THREADS": "1"})
    for of in (settings, elsewhere, settings):  # the first again, once the second was open
        of.lake.mkdir(parents=True, exist_ok=True)
        store.write_table(of.lake / "rows.parquet", pa.table({"x": [of.home.name]}))
        with Engine(of) as engine:
            engine.give("rows", of.lake / "rows.parquet")
            assert engine.table("rows")["x"].to_pylist() == [of.home.name]
            other = elsewhere if of is settings else settings
            with pytest.raises(duckdb.PermissionException):
                engine.give("outside", other.lake / "rows.parquet")
