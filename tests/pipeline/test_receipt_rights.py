"""A receipt tells of the entities behind its rows what the department's rights package shows, and nothing else."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from tests.homes import NIGHTS, ROOT, Home
from transforms import contract as contracts
from transforms import store

SOURCE, CONSUMER = "shebao_canbao", "renshe_shebao"
ENTITY, LOST = "统一标识（实有人口）", "以其他单位为准的列（实有人口）"
Change = dict[str, Any]


def deployment(night: Path, folder: Path, **change: object) -> Home:
    """The home of a night, with the package changed."""
    mine = folder / "expectations"
    shutil.copytree(ROOT / "expectations", mine, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = mine / "consumers" / f"{CONSUMER}.yml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text("utf-8")) | change, allow_unicode=True), "utf-8")
    return Home.copy_of(night, folder / "home", ("GRIDFACTS_EXPECTATIONS", str(mine)))


def receipt(home: Home, out: Path) -> list[dict[str, Any]]:
    home.call("receipt", "make", "--night", NIGHTS[0], "--source", SOURCE, "--out", str(out))
    (path,) = (out / SOURCE / NIGHTS[0]).glob("*.回执.xlsx")
    head, *rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(min_row=2, values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def of_night(home: Home, name: str) -> list[dict[str, Any]]:
    return store.read_table(home.path / "lake" / "night" / NIGHTS[0] / f"{name}.parquet").to_pylist()


def shared(**change: object) -> Change:
    told = yaml.safe_load((ROOT / "expectations" / "consumers" / f"{CONSUMER}.yml").read_text("utf-8"))["tables"]
    return {"tables": {"v1_person": told["v1_person"] | change}}


@pytest.fixture(scope="module")
def told(first_night: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("rights")
    home = deployment(first_night, folder)
    return home, receipt(home, folder / "out")


def test_a_row_has_the_token_that_the_export_of_its_department_has(
    told: tuple[Home, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """As many entities as rows name, by the consumer's own tokens; of children nothing."""
    home, rows = told
    home.call("export", CONSUMER, "--out", str(tmp_path / "export"), "--who", "Test", "--format", "csv")
    with (tmp_path / "export" / "v1_person.csv").open(encoding="utf-8-sig", newline="") as file:
        exported = {row["person_id"]: row for row in csv.DictReader(file)}
    tokens = {row[ENTITY] for row in rows if row[ENTITY]}
    assert tokens
    assert tokens <= exported.keys()
    entities = {row["entity_id"] for row in of_night(home, "resolve/person/cluster")}
    assert tokens.isdisjoint(entities), "no id that two consumers could join"
    counting = [row for row in rows if str(row["结论"]).startswith("接收")]
    children = [row for row in counting if row[ENTITY] is None]
    assert len(children) < len(counting)
    mine = of_night(home, "account/live/person")
    records = {row["record_id"] for row in mine if row["source"] == SOURCE}
    cluster = {row["record_id"]: row["entity_id"] for row in of_night(home, "resolve/person/cluster")}
    assert len(tokens) <= len({cluster[record] for record in records})


def test_a_word_that_does_not_stand_is_told_with_the_reason_and_without_the_other_word(
    told: tuple[Home, list[dict[str, Any]]],
) -> None:
    """Rows whose own word of a birth date, sex or name is not the one of the record that won it."""
    home, rows = told
    live = {row["record_id"]: row for row in of_night(home, "account/live/person")}
    line = {row["line"]: row for row in live.values() if row["source"] == SOURCE}
    cluster = {row["record_id"]: row["entity_id"] for row in of_night(home, "resolve/person/cluster")}
    won = {(row["entity_id"], row["property"]): row for row in of_night(home, "merge/person/claim")}
    lost = 0
    for row in rows:
        own = line.get(int(row["行号"]))
        if row[ENTITY] is None or own is None:
            assert row[LOST] is None
            continue
        for heading, name, key in (("出生年月日", "birth_date", "birth_date"), ("参保人姓名", "name", "name_key")):
            claim = won.get((cluster[own["record_id"]], name))
            other = live[claim["record_id"]] if claim else own
            differs = None not in (own[key], other[key]) and own[key] != other[key] and other["source"] != SOURCE
            assert (f"{heading}：以" in str(row[LOST])) == differs, (heading, row["行号"])
            lost += differs
            if differs:
                assert str(other[key]) not in str(row[LOST]), "never what the other department said"
    assert lost, "the city has none: the test proves nothing"


def test_of_persons_only_the_register_in_authority_is_named(told: tuple[Home, list[dict[str, Any]]]) -> None:
    home, rows = told
    known = contracts.load_all(home.path.parent / "expectations")
    said = " ".join(str(row[LOST]) for row in rows if row[LOST])
    persons = {source: contract for source, contract in known.items() if "person" in contract.feeds}
    quiet = {s for s, c in persons.items() if "document" not in c.registers.authority_for}
    assert len(quiet) == len(persons) - 1
    assert "其他单位" in said, "the city has none: the test proves nothing"
    allowed = {contract.owner.department for source, contract in persons.items() if source not in quiet}
    words = {persons[s].label for s in quiet} | {persons[s].owner.department for s in quiet} - allowed
    assert [word for word in sorted(words) if word in said] == []


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ({"receipts_of": []}, ()), ({"expires": "2026-09-30"}, ()),
        (shared(mask={"person_id": "token", "birth_date": "year", "name": "surname"}), (ENTITY, LOST)),
        (shared(fields=["sex"], mask={}), (LOST,)),
        (shared(divisions=["110000000000"]), ()),
    ],
)  # fmt: skip
def test_without_rights_nothing_is_said(
    first_night: Path, tmp_path: Path, change: Change, columns: tuple[str, ...]
) -> None:
    rows = receipt(deployment(first_night, tmp_path, **change), tmp_path / "out")
    assert set(rows[0]) & {ENTITY, LOST} <= set(columns)
    assert (ENTITY in rows[0]) == (ENTITY in columns)
    for heading in ("出生年月日", "参保人姓名"):
        assert not [row for row in rows if f"{heading}：以" in str(row.get(LOST))], "masked, or not shared"


def test_one_source_has_the_receipts_of_one_package(first_night: Path, tmp_path: Path) -> None:
    home = deployment(first_night, tmp_path)
    folder = tmp_path / "expectations" / "consumers"
    text = (folder / f"{CONSUMER}.yml").read_text("utf-8").replace(CONSUMER, "another_one")
    (folder / "another_one.yml").write_text(text, "utf-8")
    done = home.call(
        "receipt", "make", "--night", NIGHTS[0], "--source", SOURCE, "--out", str(tmp_path / "out"), check=False
    )
    assert (done.returncode, SOURCE in done.stderr) == (2, True)


def test_of_a_restricted_person_nothing_is_said(
    told: tuple[Home, list[dict[str, Any]]], first_night: Path, tmp_path: Path
) -> None:
    _, before = told
    home = deployment(first_night, tmp_path)
    entity_of = {row["record_id"]: row["entity_id"] for row in of_night(home, "resolve/person/cluster")}
    live = [row for row in of_night(home, "account/live/person") if row["source"] == SOURCE]
    entities = {row["line"]: entity_of[row["record_id"]] for row in live}
    chosen = next(entities[int(row["行号"])] for row in before if row[ENTITY] and row[LOST])
    home.call("subject", "restrict", chosen, "--by", "Test", "--reason", "asked for")
    after = {int(row["行号"]): (row[ENTITY], row[LOST]) for row in receipt(home, tmp_path / "out")}
    quiet = {line for line, entity in entities.items() if entity == chosen}
    assert {line for line in after if after[line] == (None, None)} >= quiet
    shown = {int(row["行号"]): (row[ENTITY], row[LOST]) for row in before if int(row["行号"]) not in quiet}
    assert shown == {line: said for line, said in after.items() if line not in quiet}
