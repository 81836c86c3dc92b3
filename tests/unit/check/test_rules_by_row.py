"""Every rule: a row that breaks it and is named, and sound rows that break nothing."""

from __future__ import annotations

import random
import re

import pytest

from expectations import rules
from tests.unit.check.rows import BREAKS, EXPECTATIONS, FINE, Broken, contract_of, landed, rules_of
from tests.unit.check.sound import SOUND
from transforms import contract as contracts
from transforms import model
from transforms.check import verdict
from transforms.run import REPOSITORY


def judged(source: str, rows: list) -> verdict.Verdicts:
    return verdict.judge(landed(source, rows), rules_of(source), contract_of(source).arrives.null_marks)


def test_every_source_has_a_sound_row_and_a_broken_one() -> None:
    sources = set(contracts.load_all(EXPECTATIONS))
    assert set(SOUND) == sources
    assert {broken.source for broken in BREAKS} == sources


@pytest.mark.parametrize("source", sorted(SOUND))
def test_a_sound_row_is_accepted_without_a_finding(source: str) -> None:
    found = judged(source, [{}])
    assert found.verdict.column("accepted").to_pylist() == [True]
    assert found.finding.num_rows == 0


@pytest.mark.parametrize(("source", "cells"), FINE)
def test_odd_but_right_rows_are_accepted_without_a_finding(source: str, cells: dict[str, str | None]) -> None:
    assert judged(source, [cells]).finding.select(["rule", "field"]).to_pylist() == []


@pytest.mark.parametrize("broken", BREAKS, ids=lambda b: f"{b.source}-{b.rule}-{b.heading}")
def test_a_broken_rule_is_found_on_its_row_with_its_effect(broken: Broken) -> None:
    found = judged(broken.source, [{}, broken, {}])
    here = [row for row in found.finding.to_pylist() if row["rule"] == broken.rule and row["field"] == broken.heading]
    assert [(row["ordinal"], row["line"], row["effect"]) for row in here] == [(2, 3, broken.effect)]
    assert {row["ordinal"] for row in found.finding.to_pylist()} == {2}
    accepted = found.verdict.column("accepted").to_pylist()
    assert accepted == [True, broken.effect != "quarantine", True]
    named = found.verdict.to_pylist()[1]
    assert (named["rule"] is None) == accepted[1]


def test_every_rule_of_the_lookup_is_broken_by_some_row() -> None:
    broken = {"FAULT" if b.rule.startswith("FAULT_") else b.rule for b in BREAKS}
    assert {rule for rule in rules.wordings(EXPECTATIONS) if not rule.startswith("FAULT_")} == broken


def test_every_fault_of_a_line_is_worded_by_itself() -> None:
    """A merged cell is not mended by looking at separators. The faults are those that land's README lists."""
    told = (REPOSITORY / "transforms" / "land" / "README.md").read_text("utf-8")
    listed = re.search(r"\*\*Row set aside\*\* \(`fault`, headings null\): `([A-Z_ \n]+)`", told)
    assert listed is not None
    worded = {rule.removeprefix("FAULT_") for rule in rules.wordings(EXPECTATIONS) if rule.startswith("FAULT_")}
    assert worded == set(listed[1].split())
    assert len({rules.wordings(EXPECTATIONS)[f"FAULT_{fault}"].hint_zh for fault in worded}) > 8


def test_tables_have_the_schemas_of_the_model() -> None:
    found = judged("gongan_hukou", [{}, *[b for b in BREAKS if b.source == "gongan_hukou"]])
    assert found.verdict.schema == model.VERDICT
    assert found.finding.schema == model.FINDING
    assert judged("gongan_hukou", []).verdict.schema == model.VERDICT


def test_a_line_that_could_not_be_split_breaks_nothing_else() -> None:
    fault = next(b for b in BREAKS if b.fault)
    found = judged("gongan_hukou", [fault])
    assert found.finding.select(["rule", "field"]).to_pylist() == [{"rule": "FAULT_FIELD_COUNT", "field": None}]


def test_the_weightiest_rule_names_a_quarantined_row() -> None:
    row = {"姓名": None, "出生日期": "20991231", "户籍地址": "\x01"}
    named = judged("gongan_hukou", [row]).verdict.to_pylist()[0]
    assert (named["rule"], named["field"]) == ("REQUIRED", "姓名")


def test_findings_are_equal_under_any_order_of_the_table() -> None:
    rows = [{}, *[b for b in BREAKS if b.source == "zhujian_fangwu"]] * 3
    table = landed("zhujian_fangwu", rows)
    order = list(range(table.num_rows))
    random.Random(5).shuffle(order)
    marks = contract_of("zhujian_fangwu").arrives.null_marks
    straight = verdict.judge(table, rules_of("zhujian_fangwu"), marks)
    shuffled = verdict.judge(table.take(order), rules_of("zhujian_fangwu"), marks)
    assert straight.finding.num_rows > 0
    assert shuffled.finding.equals(straight.finding)
    assert shuffled.verdict.equals(straight.verdict)
