"""Golden persons: which value wins, who leaves, and that each value is one record's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.golden.living import Row, deploy
from transforms import link, merge, model, resolve, store
from transforms.run import REPOSITORY

NUMBER = "445391198803051245"
HUKOU = Row("gongan_hukou", "邓丽萍", NUMBER, "1988-03-05", "female", life="living")
SHEBAO = Row("shebao_canbao", "邓丽苹", NUMBER, "1988-03-06", "female")


def merged(home: Path, rows: list[Row]) -> dict[str, list[dict[str, Any]]]:
    run = deploy(home, rows, REPOSITORY / "expectations")
    for room in (link, resolve, merge):
        room.run(run, "person")
    folder = store.night_dir(run, "merge", "person")
    return {path.stem: store.read_table(path).to_pylist() for path in folder.glob("*.parquet")}


def test_the_more_trusted_source_wins_and_each_value_has_its_claim(tmp_path: Path) -> None:
    tables = merged(tmp_path, [HUKOU, SHEBAO])
    (person,) = tables["fact_person"]
    assert (person["name"], str(person["birth_date"]), person["certainty"]) == ("邓丽萍", "1988-03-05", "number")
    claims = {c["property"]: c["record_id"] for c in tables["claim"]}
    assert claims["name"] == HUKOU.record_id
    assert {c["entity_id"] for c in tables["claim"]} == {person["person_id"]}
    assert (person["address_id"], person["place_reason"]) == (None, "no_address")


def test_who_the_authority_says_is_dead_leaves_and_keeps_the_claims(tmp_path: Path) -> None:
    tables = merged(tmp_path, [replace(HUKOU, life="dead"), SHEBAO])
    assert tables["fact_person"] == []
    assert tables["claim"]


def test_another_sources_word_does_not_let_anyone_die(tmp_path: Path) -> None:
    tables = merged(tmp_path, [replace(HUKOU, life=""), replace(SHEBAO, life="dead")])
    assert len(tables["fact_person"]) == 1


@pytest.mark.parametrize(("second", "stays"), [("living", True), ("moved_out", False)])
def test_a_registration_that_ended_is_silent_where_another_stands(tmp_path: Path, second: str, *, stays: bool) -> None:
    before, after = replace(HUKOU, life="moved_out", former="邓小萍"), replace(HUKOU, life=second)
    tables = merged(tmp_path, [before, after, SHEBAO])
    assert len(tables["fact_person"]) == stays
    by = {claim["record_id"] for claim in tables["claim"]}
    assert (before.record_id in by) is not stays
    assert {person["life_status"] for person in tables["fact_person"]} == ({"living"} if stays else set())


def test_one_source_alone_is_single(tmp_path: Path) -> None:
    (person,) = merged(tmp_path, [SHEBAO])["fact_person"]
    assert person["certainty"] == "single"


def test_the_vault_names_what_live_rows_say_and_nothing_borrowed(tmp_path: Path) -> None:
    borrower = Row("shebao_canbao", "赵铁柱", NUMBER, "1961-07-22", "male", phone="2")
    rows = [replace(HUKOU, phone="1"), replace(SHEBAO, phone="2"), replace(HUKOU, source="yibao_canbao", phone="1")]
    tables = merged(tmp_path, [*rows, borrower])
    owner, other = sorted((p["person_id"] for p in tables["fact_person"]), key=lambda one: one not in _of(tables, rows))
    filed = [(v["entity_id"], v["what"], v["token"]) for v in tables["vault_identifier"]]
    assert filed == sorted(
        [(owner, "document", NUMBER), (owner, "phone", "1"), (owner, "phone", "2"), (other, "phone", "2")]
    )
    said = {v["token"]: v["provenance"] for v in tables["vault_identifier"] if v["entity_id"] == owner}
    first = min(rows[0].record_id, rows[2].record_id)
    assert (said["1"], said["2"]) == (f'{{"record":"{first}"}}', f'{{"record":"{rows[1].record_id}"}}')
    assert not set(model.SEALED) & set(tables["vault_identifier"][0]), "what is sealed stays where it lies"


def _of(tables: dict[str, list[dict[str, Any]]], rows: list[Row]) -> set[str]:
    """The entities whose values these rows claim."""
    return {claim["entity_id"] for claim in tables["claim"] if claim["record_id"] in {row.record_id for row in rows}}


def test_provenance_names_the_record_of_each_value(tmp_path: Path) -> None:
    (person,) = merged(tmp_path, [HUKOU, SHEBAO])["fact_person"]
    told = json.loads(person["provenance"])
    assert told["name"] == told["birth_date"] == HUKOU.record_id
    assert person["provenance"] == json.dumps(told, sort_keys=True, separators=(",", ":"))
