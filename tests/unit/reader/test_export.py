"""Exports show what the package says and nothing else; tokens of two consumers cannot be joined."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests import small_release as small
from tests.unit.reader.conftest import publish_city
from transforms import database, keys
from transforms.database import open_databases
from transforms.errors import GridfactsError
from transforms.reader import audit, selection
from transforms.reader.export import export
from transforms.reader.package import Package
from transforms.run import Settings

TODAY = dt.date(2026, 10, 2)
OTHER_VILLAGE = "445303001001"


def city() -> small.City:
    """Of three persons per2 lives elsewhere, per3 is a child, and the organization would run as a formula."""
    found = small.first_city()
    division = {**found["std_division"][-1], "code": OTHER_VILLAGE}
    found["std_division"].append(division)
    found["fact_person"][1] |= {"division_code": OTHER_VILLAGE}
    found["fact_person"][2] |= {"birth_date": dt.date(2012, 10, 2)}
    found["fact_organization"][0]["name"] = "=1+1"
    return found


def package(consumer: str = "one", **more: object) -> Package:
    told = {
        "consumer": consumer, "label": "测试", "purpose": "测试用途", "legal_basis": "测试依据", "approver": "某人",
        "expires": "2026-12-31",
        "tables": {
            "v1_person": {"fields": ["person_id", "name", "birth_date", "division_code"], "minimum_age": 14,
                          "mask": {"person_id": "token", "name": "surname", "birth_date": "year",
                                   "division_code": "town"}, "divisions": ["445302000000"]},
            "rel_person_house": {"fields": ["person_id", "house_id", "role"], "mask": {"person_id": "token"},
                                 "minimum_age": 14},
            "v1_organization": {"fields": ["organization_id", "name", "established"]},
            "stat_grid": {"fields": ["grid_id", "persons"]},
        },
    }  # fmt: skip
    return Package.model_validate(told | more)


def parquet(folder: Path, name: str) -> list[dict[str, object]]:
    return pq.read_table(folder / f"{name}.parquet").to_pylist()


def test_an_export_shows_what_the_package_says(settings: Settings, tmp_path: Path) -> None:
    publish_city(settings, 1, {}, city())
    out = tmp_path / "out"
    counts = export(settings, package(), out, ("parquet", "csv"), "张审计", TODAY)
    assert counts == {"v1_person": 1, "rel_person_house": 1, "v1_organization": 1, "stat_grid": 1}
    person = parquet(out, "v1_person")[0]
    token = person.pop("person_id")
    assert person == {"name": "张", "birth_date": "1990", "division_code": "445302001000"}
    assert parquet(out, "rel_person_house")[0]["person_id"] == token != "per1"
    assert parquet(out, "v1_organization")[0]["established"] == dt.date(2026, 9, 30)
    with (out / "v1_organization.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1][1] == "'=1+1"
    told = json.loads((out / "export.json").read_text("utf-8"))
    assert set(told["files"]) == {path.name for path in out.iterdir()} - {"export.json"}
    with (out / "dictionary.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert ["v1_person", "birth_date", "出生日期", "Birth date; missing parts are 1.", "day", "year", ""] in rows
    assert told["sources"] == [{"source": "src", "as_of": "2026-10-01", "state": "fresh"}]


def test_two_consumers_have_different_tokens_of_one_person(settings: Settings, tmp_path: Path) -> None:
    publish_city(settings, 1, {}, city())
    for name in ("one", "two"):
        export(settings, package(name), tmp_path / name, ("parquet",), "张审计", TODAY)
    tokens = {name: {row["person_id"] for row in parquet(tmp_path / name, "v1_person")} for name in ("one", "two")}
    assert tokens["one"]
    assert not tokens["one"] & tokens["two"]


def test_the_same_export_twice_is_the_same_bytes(settings: Settings, tmp_path: Path) -> None:
    publish_city(settings, 1, {}, city())
    for name in ("a", "b"):
        export(settings, package(), tmp_path / name, ("parquet", "csv"), "张审计", TODAY)
    files = sorted(path.name for path in (tmp_path / "a").iterdir() if path.name != "export.json")
    assert len(files) == 9
    assert [(tmp_path / "a" / n).read_bytes() for n in files] == [(tmp_path / "b" / n).read_bytes() for n in files]


def test_a_larger_threshold_hides_more(settings: Settings, tmp_path: Path) -> None:
    publish_city(settings, 1, {}, city())
    export(settings, package(), tmp_path / "five", ("parquet",), "张审计", TODAY)
    export(settings, package(threshold=8), tmp_path / "eight", ("parquet",), "张审计", TODAY)
    assert parquet(tmp_path / "five", "stat_grid") == [{"grid_id": "g3", "persons": 7}]
    assert parquet(tmp_path / "eight", "stat_grid") == [{"grid_id": "g3", "persons": None}]


def test_a_person_is_shown_from_the_day_of_the_fourteenth_birthday(settings: Settings, tmp_path: Path) -> None:
    found = city()
    found["fact_person"][2] |= {"birth_date": dt.date(2012, 10, 1)}  # the night is 2026-10-01
    found["fact_person"][0] |= {"birth_date": dt.date(2012, 1, 1), "birth_precision": "year"}  # perhaps 13 still
    publish_city(settings, 1, {}, found)
    export(settings, package(), tmp_path / "out", ("parquet",), "张审计", TODAY)
    assert [row["birth_date"] for row in parquet(tmp_path / "out", "v1_person")] == ["2012"]
    assert parquet(tmp_path / "out", "rel_person_house") == []


def test_numbers_are_deciphered_only_where_the_package_says(settings: Settings, tmp_path: Path) -> None:
    found = city()
    sealed = keys.load(settings).seal("SYNTHETIC-NUMBER-1")
    found["vault_identifier"][0] |= {"ciphertext": sealed}
    publish_city(settings, 1, {}, found)
    told = {"fields": ["entity_id", "number"], "mask": {"entity_id": "token"}, "minimum_age": 14}
    export(settings, package(tables={"vault_identifier": told}), tmp_path / "out", ("parquet",), "张审计", TODAY)
    assert [row["number"] for row in parquet(tmp_path / "out", "vault_identifier")] == ["SYNTHETIC-NUMBER-1"]


def test_rights_that_expired_give_nothing(settings: Settings, tmp_path: Path) -> None:
    publish_city(settings, 1, {}, city())
    with pytest.raises(GridfactsError, match="EXPIRED"):
        export(settings, package(expires="2026-10-01"), tmp_path / "out", ("parquet",), "张审计", TODAY)
    assert not (tmp_path / "out").exists()


def test_an_export_leaves_an_audit_row_or_no_files(settings: Settings, tmp_path: Path) -> None:
    publish_city(settings, 1, {}, city())
    export(settings, package(), tmp_path / "out", ("parquet",), "张审计", TODAY)
    dbs = open_databases(settings)
    row = database.read(dbs.control, "audit").to_pylist()[0]
    assert (row["who"], row["action"], row["kind"], row["rows"]) == ("张审计", "export", "one", 4)
    with database.writing(dbs.control) as connection:
        connection.exec_driver_sql("DROP TABLE audit")
    with pytest.raises(audit.AuditError, match="the read is refused"):
        export(settings, package(), tmp_path / "again", ("parquet",), "张审计", TODAY)
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    ("code", "digits"),
    [("440000000000", "44"), ("445300000000", "4453"), ("445310000000", "445310"), ("445302000000", "445302"),
     ("445302001000", "445302001"), ("445302001001", "445302001001"), ("445302100000", "445302100")],
)  # fmt: skip
def test_the_prefix_of_a_division(code: str, digits: str) -> None:
    assert selection.prefix(code) == digits


def test_a_geopackage_has_a_layer_of_points(settings: Settings, tmp_path: Path) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    publish_city(settings, 1, {}, city())
    told = {"fields": ["facility_id", "lon", "lat"]}
    export(settings, package(tables={"v1_facility": told}), tmp_path / "out", ("gpkg",), "张审计", TODAY)
    info = pyogrio.read_info(tmp_path / "out" / "export.gpkg", layer="v1_facility")
    assert (info["features"], info["crs"], info["geometry_type"]) == (1, "EPSG:4490", "Point")


def test_duckdb_and_pandas_read_what_was_exported(settings: Settings, tmp_path: Path) -> None:
    publish_city(settings, 1, {}, city())
    export(settings, package(), tmp_path / "out", ("parquet", "csv"), "张审计", TODAY)
    query = f"SELECT name, established FROM '{tmp_path}/out/v1_organization.parquet'"
    assert duckdb.sql(query).fetchall() == [("=1+1", dt.date(2026, 9, 30))]
    assert list(pd.read_csv(tmp_path / "out" / "v1_person.csv")["name"]) == ["张"]
    with database.reading(open_databases(settings).release) as connection:
        assert len(pd.read_sql("SELECT person_id, grid_id FROM v1_person", connection)) == 3
