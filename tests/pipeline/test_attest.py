"""A person attests that an odd row is right: one rule stops firing for it, and for nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openpyxl
import pytest

from tests.homes import NIGHTS, Home
from tests.pipeline.test_clerk import SHEET, SOUND, SOURCE, drop

FILE, LATER = "参保人员名单20261001.xlsx", "参保人员名单20261002.xlsx"
RULE, FIELD = "BIRTH_TOO_OLD", "出生年月日"
OLD = SOUND | {"个人编号": "GR1", "参保人姓名": "赵长寿", "证件号码": "", FIELD: "1905/03/04"}
OLDER = OLD | {"个人编号": "GR2", "参保人姓名": "钱长寿"}
WITNESS = ("--by", "Lin", "--reason", "identity card seen at her home")


def workbook(home: Home, path: Path, rows: list[dict[str, str]]) -> None:
    home.call("contract", "template", SOURCE, "--out", str(path))
    book = openpyxl.load_workbook(path)
    headings = [cell.value for cell in book[SHEET][2]]
    for number, row in enumerate(rows, 3):
        for heading, value in row.items():
            cell = book[SHEET].cell(number, headings.index(heading) + 1)
            cell.value, cell.data_type = value, "s"
    book.save(path)


def waiting(home: Home) -> list[tuple[str, int]]:
    found = json.loads(home.call("quarantine", "list", "--source", SOURCE, "--json").stdout)
    return [(group["rule"], group["rows"]) for group in found]


def accepted(home: Home) -> list[int]:
    """Rows that check accepted, a number for each delivery."""
    manifests = sorted((home.path / "lake" / "check" / SOURCE).glob("*/manifest.json"))
    return [json.loads(path.read_text("utf-8"))["facts"]["accepted"] for path in manifests]


@pytest.fixture
def odd(home: Home, city: Path, tmp_path: Path) -> tuple[Home, Path]:
    box = drop(city, tmp_path / "drops")
    others = [SOUND | {"个人编号": f"GR{n}", "参保人姓名": f"孙示例{n}"} for n in range(3, 9)]
    workbook(home, box / SOURCE / FILE, [OLD, OLDER, *others])
    home.run(NIGHTS[0], box)
    return home, box


def test_the_rule_stops_for_exactly_that_record_and_value(odd: tuple[Home, Path], tmp_path: Path) -> None:
    home, box = odd
    assert waiting(home) == [(RULE, 2)]
    row = f"{SOURCE}:{FILE}:3"
    refused = home.call("quarantine", "attest", row, "--rule", "REQUIRED", *WITNESS, check=False)
    assert (refused.returncode, "NOT_ATTESTABLE" in refused.stderr) == (1, True)
    nobody = home.call("quarantine", "attest", row, "--rule", RULE, "--by", "", "--reason", "x", check=False)
    assert "NOBODY" in nobody.stderr

    said = home.call("quarantine", "attest", row, "--rule", RULE, *WITNESS).stdout
    told = json.loads(home.call("quarantine", "attested", "--json").stdout)
    assert [(one["decided_by"], one["rule"], one["field"]) for one in told] == [("Lin", RULE, FIELD)]
    assert [text for text in (said, json.dumps(told, ensure_ascii=False)) if "1905" in text or "赵" in text] == []

    home.run(NIGHTS[0], box)
    assert waiting(home) == [(RULE, 1)], "the other record of that age waits on"
    out = tmp_path / "out"
    home.call("receipt", "make", "--night", NIGHTS[0], "--source", SOURCE, "--out", str(out))
    receipt = json.loads((out / SOURCE / NIGHTS[0] / f"{FILE}.回执.json").read_text("utf-8"))
    assert receipt["counts"] == {"accepted": 7, "quarantined": 1}
    assert home.call("balance", "--night", NIGHTS[0]).stdout.strip() == "balanced"

    shutil.rmtree(box)
    (box / SOURCE).mkdir(parents=True)
    others = [SOUND | {"个人编号": f"GR{n}", "参保人姓名": f"孙示例{n}"} for n in range(3, 9)]
    workbook(home, box / SOURCE / LATER, [OLD | {FIELD: "1904/03/04"}, OLDER | {FIELD: "1965/03/04"}, *others])
    home.run(NIGHTS[1], box)
    assert waiting(home) == [(RULE, 1)], "another value of the record is another matter; the right row closed the old"
    [group] = json.loads(home.call("quarantine", "list", "--json").stdout)
    assert group["since"] == NIGHTS[1]

    assert accepted(home) == [7, 7]
    home.call("quarantine", "retract", "1", "--by", "Lin")
    home.call("room", "check", "--night", NIGHTS[1], "--source", SOURCE)
    assert accepted(home) == [6, 7], "taken back, the rule fires again"
    assert json.loads(home.call("quarantine", "attested", "--json").stdout) == []
