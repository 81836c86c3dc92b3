"""A file that is not what it was: new, missing and renamed columns, new words, other types, each by its contract."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from expectations.lint import lint
from tests.unit.check.lake import Lake
from tests.unit.check.rows import EXPECTATIONS
from tests.unit.land.makers import FORMATS, HEADINGS, ROWS, Office, contract, encode
from transforms import contract as contracts
from transforms import manifest, store

HUKOU = "gongan_hukou"
WITHOUT = ("编号", "姓名", "备注")
SHORT = [(row[0], row[1], row[3]) for row in ROWS]
POLICIES = ("note", "quarantine", "stop")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def landed(office: Office, kind: str, told: dict[str, Any], data: bytes) -> tuple[dict[str, Any], str | None]:
    """What land says of a file under a contract, and why the batch is held."""
    office.promise(told)
    office.drop(kind, data)
    (one,) = office.land(kind)
    if one["batch"] is None:
        return one, None
    facts = manifest.require(office.settings.lake, store.batch_dir(office.settings, "land", one["batch"]), "land").facts
    return one, str(facts["hold"])


@pytest.mark.parametrize("policy", POLICIES)
def test_a_new_column_is_told_held_or_refused(office: Office, policy: str) -> None:
    rows, told = [(*row, "秘密") for row in ROWS], contract("utf", on_new_column=policy)
    one, _ = landed(office, "utf", told, encode("utf", rows, (*HEADINGS, "新列")))
    expected = {"note": ("landed", None), "quarantine": ("held", "NEW_COLUMN"), "stop": ("refused", "NEW_COLUMN")}
    assert (one["state"], one["code"]) == expected[policy]
    assert "新列" in one["message"]
    assert "秘密" not in one["message"]
    if one["batch"]:
        assert "新列" not in office.table(one["batch"]).column_names, "what is not named is not loaded"


@pytest.mark.parametrize("policy", POLICIES)
def test_a_missing_column_is_null_held_or_refused(office: Office, policy: str) -> None:
    one, _ = landed(office, "utf", contract("utf", on_missing_column=policy), encode("utf", SHORT, WITHOUT))
    expected = {"note": ("landed", None), "quarantine": ("held", "MISSING_COLUMN"), "stop": ("refused", "SCHEMA")}
    assert (one["state"], one["code"]) == expected[policy]
    assert "住址" in one["message"]
    if policy != "stop":
        assert office.table(one["batch"])["住址"].null_count == len(ROWS)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_key_and_a_required_column_never_may_be_missing(office: Office, policy: str) -> None:
    for at, gone in enumerate(("编号", "姓名")):
        kept = [n for n, heading in enumerate(HEADINGS) if heading != gone]
        data = encode("utf", [[row[n] for n in kept] for row in ROWS], [HEADINGS[n] for n in kept])
        office.promise(contract("utf", on_missing_column=policy))
        office.drop("utf", data, f"2026090{at + 1}")
    assert [(one["state"], one["code"]) for one in office.land("utf")] == [("refused", "SCHEMA")] * 2


@pytest.mark.parametrize("kind", FORMATS)
def test_an_optional_column_may_be_left_out_of_every_format(office: Office, kind: str) -> None:
    told = contract(kind)
    next(column for column in told["columns"] if column["heading"] == "住址")["optional"] = True
    office.promise(told)
    result, table = office.split(kind, encode(kind, SHORT, WITHOUT))
    assert (result.code, result.rows, result.absent) == (None, len(ROWS), ["住址"])
    assert table is not None
    assert (table["住址"].null_count, table["fault"].null_count) == (len(ROWS), len(ROWS))
    assert table["姓名"].to_pylist() == [row[1] for row in ROWS]
    whole, full = office.split(kind, encode(kind))
    assert (whole.absent, full is not None and full["住址"].to_pylist()) == ([], [row[2] for row in ROWS])
    assert full is not None
    assert set(full["digest"].to_pylist()).isdisjoint(table["digest"].to_pylist()), "a value that is gone is a change"


def test_a_column_left_out_is_told_and_never_holds_where_it_is_optional(office: Office) -> None:
    told = contract("utf", on_missing_column="quarantine")
    told["columns"][1]["optional"] = True
    one, hold = landed(office, "utf", told, encode("utf", SHORT, WITHOUT))
    assert (one["state"], hold) == ("landed", "None")
    assert "columns that are not in the file: 住址" in one["message"]


@pytest.mark.parametrize("aliases", [[], ["地址"]])
def test_a_renamed_column_is_taken_only_by_an_alias_that_is_written_down(office: Office, aliases: list[str]) -> None:
    told = contract("utf")
    told["columns"][1]["aliases"] = aliases
    one, _ = landed(office, "utf", told, encode("utf", ROWS, ("编号", "姓名", "地址", "备注")))
    assert (one["state"], one["code"]) == (("landed", None) if aliases else ("refused", "SCHEMA"))
    assert "住址" in one["message"]
    if aliases:
        assert office.table(one["batch"])["住址"].to_pylist() == [row[2] for row in ROWS]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    mine = tmp_path / "expectations"
    shutil.copytree(EXPECTATIONS, mine, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return Lake(tmp_path / "home", mine)


def judged(lake: Lake, policy: str, rows: list[dict[str, str]]) -> tuple[object, object, object, object]:
    """Rows of the household register under a policy: the file's hold and its heading, rows that wait, values struck."""
    path = lake.expectations / "contracts" / f"{HUKOU}.yml"
    path.write_text(path.read_text("utf-8") + policy + "\n", "utf-8")
    contracts.load_all.cache_clear()
    batch = lake.land(HUKOU, [{"人员编号": f"P{n}", **row} for n, row in enumerate(rows)])
    lake.check(HUKOU)
    facts = lake.facts(batch)
    assert facts["differing"] == 0, "Great Expectations counts the same"
    return facts["hold"], facts["hold_field"], facts["quarantined"], facts["struck"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("note", (None, None, 0, 1)), ("quarantine", (None, None, 1, 0)), ("stop", ("UNKNOWN_CODES", "户口状态", 0, 1))],
)
def test_a_new_word_is_struck_waits_or_holds_the_file(lake: Lake, policy: str, expected: tuple[object, ...]) -> None:
    rows = [{"户口状态": "休眠"}, *({} for _ in range(40))]
    assert judged(lake, f"on_new_code: {policy}", rows) == expected


@pytest.mark.parametrize("policy", POLICIES)
def test_known_words_and_sound_values_go_on_under_every_policy(lake: Lake, policy: str) -> None:
    rows: list[dict[str, str]] = [{} for _ in range(20)]
    assert judged(lake, f"on_new_code: {policy}\non_type_change: {policy}", rows) == (None, None, 0, 0)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("note", (None, None, 0, 12)), ("quarantine", ("QUARANTINE_SHARE", None, 12, 0)),
     ("stop", ("TYPE_CHANGED", "出生日期", 0, 12))],
)  # fmt: skip
def test_a_column_of_another_type_is_struck_waits_or_holds_the_file(
    lake: Lake, policy: str, expected: tuple[object, ...]
) -> None:
    """Days that came as 19900105 come as 05.01.1990 from now on."""
    rows = [*({"出生日期": "05.01.1990"} for _ in range(12)), *({} for _ in range(11))]
    assert judged(lake, f"on_type_change: {policy}", rows) == expected


@pytest.mark.parametrize(("unreadable", "sound", "hold"), [(12, 12, None), (13, 12, "TYPE_CHANGED"), (9, 1, None)])
def test_half_of_a_column_is_the_border_and_a_few_rows_are_a_clerks_slips(
    lake: Lake, unreadable: int, sound: int, hold: str | None
) -> None:
    rows = [*({"出生日期": "05.01.1990"} for _ in range(unreadable)), *({} for _ in range(sound))]
    assert judged(lake, "on_type_change: stop", rows)[0] == hold


@pytest.mark.parametrize(
    ("heading", "said"),
    [("编号", "optional"), ("姓名", "optional"), ("住址", None)],
)
def test_what_must_be_there_cannot_be_optional(office: Office, heading: str, said: str | None) -> None:
    told = contract("utf")
    told["columns"].append({"heading": "编号", "to": "person.household_key", "purpose": "P-POPULATION"})
    told["ignored"] = told["ignored"][1:]
    next(column for column in told["columns"] if column["heading"] == heading)["optional"] = True
    office.promise(told)
    problems = lint(office.path / "expectations")
    assert any(said in problem for problem in problems) if said else "optional" not in " ".join(problems)


def test_a_column_that_its_kind_requires_cannot_be_optional(lake: Lake) -> None:
    path = lake.expectations / "contracts" / "shebao_canbao.yml"
    text = path.read_text("utf-8")
    assert "to: person.name, required: true" in text
    path.write_text(text.replace("to: person.name, required: true", "to: person.name, optional: true"), "utf-8")
    assert [problem for problem in lint(lake.expectations) if "every row would wait" in problem]
