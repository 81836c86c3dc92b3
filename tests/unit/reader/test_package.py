"""A rights package that would leak is refused when it is read, each leak by its own code."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from transforms import tables
from transforms.errors import ConfigError
from transforms.reader import package

ROOT = Path(__file__).parents[3]
GOOD: dict[str, Any] = {
    "consumer": "probe", "label": "测试", "purpose": "测试用途", "legal_basis": "测试依据", "approver": "某人",
    "expires": "2027-01-01",
    "tables": {
        "v1_person": {"fields": ["person_id", "name", "birth_date", "division_code"], "mask": {"person_id": "token"},
                      "minimum_age": 14, "divisions": ["445302001000"]},
        "vault_identifier": {"fields": ["entity_id", "kind"], "mask": {"entity_id": "token"}, "minimum_age": 18},
        "stat_grid": {"fields": ["grid_id", "persons"]},
    },
}  # fmt: skip
LEAKS: dict[str, dict[str, Any]] = {
    "SMALL_CELLS": {"threshold": 4},
    "NUMBER_AND_BIRTH": {"tables.vault_identifier.fields": ["entity_id", "number"]},
    "MASKED_NUMBER": {
        "tables.vault_identifier.fields": ["entity_id", "number"],
        "tables.vault_identifier.mask": {"entity_id": "token", "number": "surname"},
        "tables.v1_person.fields": ["person_id"],
    },
    "UNDER_14": {"tables.v1_person.minimum_age": 13},
    "JOINABLE": {"tables.v1_person.mask": {}},
    "NOT_OFFERED": {"tables.v1_person.fields": ["person_id", "provenance"]},
    "NO_DIVISION": {"tables.stat_grid.divisions": ["445302001000"]},
    "no field": {"tables.stat_grid.fields": ["grid_id", "religion"]},
    "mask without field": {"tables.stat_grid.mask": {"level": "town"}},
    "field twice": {"tables.stat_grid.fields": ["grid_id", "grid_id"]},
    "Extra inputs": {"tables.stat_grid.everything": True},
    "no such view": {"tables.audit": {"fields": ["who"]}},
}


def written(tmp_path: Path, changes: dict[str, Any]) -> Path:
    told = copy.deepcopy(GOOD)
    for where, value in changes.items():
        *way, last = where.split(".")
        at = told
        for step in way:
            at = at[step]
        at[last] = value
    path = tmp_path / "probe.yml"
    path.write_text(yaml.safe_dump(told, allow_unicode=True), "utf-8")
    return path


def test_a_package_that_leaks_nothing_is_read(tmp_path: Path) -> None:
    assert package.load(written(tmp_path, {})).consumer == "probe"


@pytest.mark.parametrize("code", LEAKS)
def test_a_package_that_leaks_is_refused_by_name(tmp_path: Path, code: str) -> None:
    with pytest.raises(ConfigError, match=code):
        package.load(written(tmp_path, LEAKS[code]))


def test_a_number_without_any_birth_date_may_be_given(tmp_path: Path) -> None:
    changes = {
        "tables.vault_identifier.fields": ["entity_id", "number"],
        "tables.v1_person.fields": ["person_id", "name", "division_code"],
    }
    assert package.load(written(tmp_path, changes)).tables["vault_identifier"].personal


def test_the_file_is_named_as_its_consumer(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the file is 'probe'"):
        package.load(written(tmp_path, {"consumer": "another"}))


def test_every_package_of_the_repository_is_good() -> None:
    assert len(package.load_all(ROOT / "expectations")) > 1


def test_the_columns_of_every_view_are_known() -> None:
    assert {"person_id", "grid_id", "micro_code", "grid_method", "grid_reason"} <= set(package.columns("v1_person"))
    assert {"large_code", "polygon"} <= set(package.columns("v1_grid"))


def test_rows_of_persons_are_those_of_their_tables_and_what_points_to_them() -> None:
    personal = {name for name in package.offered() if package.personal(name)}
    assert personal == {"v1_person", "rel_person_house", "vault_identifier"}
    assert "person_id" in package.personal_keys()


def test_a_table_of_persons_must_say_when_they_were_born() -> None:
    told = tables.load_all()["fact_person"].model_dump()
    assert tables.Table.model_validate(told).person
    del told["columns"]["birth_date"]
    with pytest.raises(ValidationError, match="birth_date"):
        tables.Table.model_validate(told)
