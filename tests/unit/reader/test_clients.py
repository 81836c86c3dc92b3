"""The programs readers really use, on both homes: psql, pandas through SQLAlchemy, DuckDB, GDAL, PostGIS."""

from __future__ import annotations

import csv
import datetime as dt
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import duckdb
import pandas as pd
import pyogrio
import pytest
import shapely
import sqlalchemy as sa

from tests import postgres
from tests import small_release as small
from tests.unit.reader.conftest import publish_city
from tests.unit.reader.test_export import TODAY, package
from transforms import bulk, database, keys, publish, tables
from transforms.publish import geometry
from transforms.publish.schema import migrate
from transforms.reader.export import export
from transforms.run import Run, Settings

NAME = "合成“公司”\t,;'"
SQUARE = shapely.box(112.0, 22.0, 112.1, 23.0)
GEO = {"geo_address", "geo_building", "geo_building_outline", "geo_facility", "geo_grid"}
SHAPES = {
    "v1_grid": {"fields": ["grid_id", "grid_code", "polygon"]},
    "v1_facility": {"fields": ["facility_id", "lon", "lat"]},
    "v1_organization": {"fields": ["organization_id", "name", "established"]},
}


def city() -> small.City:
    """The small city with a grid that has a shape, and names that clients find hard."""
    found = small.first_city()
    for grid in found["std_grid"]:
        grid["polygon"] = shapely.to_geojson(SQUARE)
    found["fact_organization"][0]["name"] = NAME
    return found


def plain(settings: Settings) -> str:
    return sa.make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)


def psql(settings: Settings, *words: str) -> list[list[str]]:
    """What psql prints, by row and column; it stops at the first error."""
    found = postgres.binaries()
    assert found is not None
    first = ("-X", "-q", "-t", "--csv", "-v", "ON_ERROR_STOP=1", plain(settings))
    command = (str(found / "psql"), *first, "-c", "SET search_path TO release, public", *words)
    surroundings = os.environ | {"PGCLIENTENCODING": "UTF8"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings, timeout=60)
    assert done.returncode == 0, done.stderr
    return list(csv.reader(done.stdout.splitlines()))


@pytest.fixture
def served(migrated_url: str, tmp_path: Path) -> Settings:
    told = {"GRIDFACTS_HOME": str(tmp_path / "home"), "GRIDFACTS_DATABASE_URL": migrated_url}
    settings = Settings.from_environment(told)
    keys.create(settings.home / "keys.yml")
    publish_city(settings, 1, {}, city())
    return settings


@pytest.mark.postgres
def test_psql_asks_the_named_questions_as_they_stand_in_their_files(served: Settings) -> None:
    questions = tables.SQL / "queries"

    def asked(name: str, **bound: str) -> list[list[str]]:
        variables = [word for key, value in bound.items() for word in ("-v", f"{key}={value}")]
        return psql(served, *variables, "-f", str(questions / f"{name}.sql"))

    changed = ["o1", NAME, "", "445302G1", "1", "new"]
    assert asked("persons_per_small_grid") == [["445302G2", "3"]]
    assert asked("organizations_changed_in_a_town", release="0", town="'445302001000'") == [changed]
    assert asked("organizations_changed_in_a_town", release="1", town="'445302001000'") == []
    assert [row[0] for row in asked("persons_as_of_a_release", release="1")] == ["per1", "per2", "per3"]
    assert asked("organizations_as_of_a_day", day="'2026-10-01'")[0][:2] == ["o1", NAME]
    assert asked("identity_today", entity="'per1'") == [["per1", "live", "0"]]


def test_pandas_reads_types_and_text_through_an_engine_of_its_own(settings: Settings) -> None:
    publish_city(settings, 1, {}, city())
    schema = "release" if settings.database_url.startswith("postgresql") else None
    engine = sa.create_engine(settings.database_url)
    facility = pd.read_sql_table("fact_facility", engine, schema=schema)
    assert facility["lon"].tolist() == [112.0]
    with engine.connect() as connection:
        asked = f"SELECT * FROM {schema}.v1_organization" if schema else "SELECT * FROM v1_organization"
        found = pd.read_sql(sa.text(asked), connection, parse_dates=["established"])
    assert found["name"].tolist() == [NAME]
    assert found["established"].dt.date.tolist() == [dt.date(2026, 9, 30)]
    engine.dispose()


def test_duckdb_reads_every_file_of_an_export_and_joins_them(settings: Settings, tmp_path: Path) -> None:
    publish_city(settings, 1, {}, city())
    counts = export(settings, package(), tmp_path / "out", ("parquet", "csv"), "张审计", TODAY)
    for name, rows in counts.items():
        for end in ("parquet", "csv"):
            assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/out/{name}.{end}'").fetchall() == [(rows,)], name
    joined = "SELECT count(*) FROM '{0}/v1_person.{1}' JOIN '{0}/rel_person_house.{1}' USING (person_id)"
    for end in ("parquet", "csv"):
        assert duckdb.sql(joined.format(tmp_path / "out", end)).fetchall() == [(1,)]
    text = duckdb.sql(f"SELECT name FROM '{tmp_path}/out/v1_organization.csv'").fetchall()
    assert text == [(NAME,)]


@pytest.fixture
def geopackage(settings: Settings, tmp_path: Path) -> Path:
    """The exported grids and facilities."""
    publish_city(settings, 1, {}, city())
    export(settings, package(tables=SHAPES), tmp_path / "out", ("gpkg",), "张审计", TODAY)
    return tmp_path / "out" / "export.gpkg"


def test_gdal_reads_shapes_and_datum_of_a_geopackage(geopackage: Path) -> None:
    layers = sorted(name for name, _ in pyogrio.list_layers(geopackage))
    assert layers == ["v1_facility", "v1_grid", "v1_organization"]
    meta, read = pyogrio.read_arrow(geopackage, layer="v1_grid")
    assert (meta["crs"], read.num_rows) == ("EPSG:4490", 4)
    assert shapely.from_wkb(read[meta["geometry_name"]][0].as_py()).equals(SQUARE)
    with sqlite3.connect(geopackage) as file:  # as the standard says, for clients without GDAL (OGC 12-128r18, 2.1)
        assert file.execute("PRAGMA application_id").fetchone() == (0x47504B47,)
        told = file.execute("SELECT table_name, data_type, srs_id FROM gpkg_contents ORDER BY 1").fetchall()
        features = [("v1_facility", "features", 4490), ("v1_grid", "features", 4490)]
        assert told == [*features, ("v1_organization", "attributes", 0)], "rows without a place are there too"
        assert file.execute("SELECT name, established FROM v1_organization").fetchall() == [(NAME, "2026-09-30")]
        [(column,)] = file.execute("SELECT column_name FROM gpkg_geometry_columns WHERE table_name = 'v1_grid'")
        assert {row[0][:2] for row in file.execute(f"SELECT {column} FROM v1_grid")} == {b"GP"}


def test_ogr2ogr_converts_a_geopackage(geopackage: Path, tmp_path: Path) -> None:
    program = shutil.which("ogr2ogr")
    if program is None:
        pytest.skip("no ogr2ogr on this machine (Debian: gdal-bin)")
    words = [program, "-f", "GeoJSON", str(tmp_path / "grids.geojson"), str(geopackage), "v1_grid"]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    shapes = shapely.from_geojson((tmp_path / "grids.geojson").read_text("utf-8"))
    assert [shape.equals(SQUARE) for shape in shapes.geoms] == [True] * 4


def views(settings: Settings) -> set[str]:
    return {name for name in sa.inspect(database.open_databases(settings).release).get_view_names() if "geo_" in name}


@pytest.mark.postgres
def test_without_postgis_the_release_is_whole_and_shapes_are_text(served: Settings) -> None:
    assert views(served) == set()
    assert not geometry.ensure(database.open_databases(served).release)
    [[told]] = psql(served, "-c", "SELECT count(*) FROM v1_grid WHERE polygon::json ->> 'type' = 'Polygon'")
    assert told == "4"


@pytest.fixture
def spatial(migrated_url: str, served: Settings) -> Settings:
    """The extension comes after the first release."""
    with sa.create_engine(migrated_url).begin() as connection:
        if not connection.scalar(sa.text("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'")):
            pytest.skip("no PostGIS beside this PostgreSQL (Debian: postgresql-postgis)")
        connection.exec_driver_sql("CREATE EXTENSION postgis")
    return served


@pytest.mark.postgres
def test_with_postgis_shapes_are_geometry(spatial: Settings) -> None:
    publish_city(spatial, 2, city(), city() | {"fact_household": small.first_city()["fact_household"]})
    assert views(spatial) == GEO
    inside = "SELECT f.facility_id, g.grid_id FROM geo_facility f JOIN geo_grid g ON ST_Covers(g.geometry, f.geometry)"
    assert psql(spatial, "-c", f"{inside} ORDER BY 2 LIMIT 1") == [["f1", "g0"]]
    kinds = "SELECT type, srid FROM public.geometry_columns WHERE f_table_schema = 'release' ORDER BY f_table_name"
    point, shape = ["POINT", "4490"], ["GEOMETRY", "4490"]
    assert psql(spatial, "-c", kinds) == [point, point, shape, point, shape]
    near = "EXPLAIN SELECT * FROM geo_facility WHERE geometry && ST_MakeEnvelope(111, 22, 113, 23, 4490)"
    plan = psql(spatial, "-c", f"SET enable_seqscan = off; {near}")
    assert "fact_facility_point_idx" in str(plan)


@pytest.mark.postgres
def test_with_postgis_structure_still_goes_down_and_up_and_back_again(spatial: Settings) -> None:
    dbs = database.open_databases(spatial)
    assert geometry.ensure(dbs.release)
    kept = {name: database.read(dbs.release, name) for name in ("building_grid", "building_outline")}
    migrate(dbs.release, "release", "release_0001")
    assert views(spatial) == set()
    migrate(dbs.release, "release")
    with database.writing(dbs.release) as connection:  # the older structure has no place for them
        for name, rows in kept.items():
            bulk.insert(connection, name, rows)
    assert publish.reconcile(Run.of("2026-10-01", settings=spatial)) == 1
    assert views(spatial) == GEO
