"""What a person attested is left out of the verdicts, and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.check.rows import EXPECTATIONS, contract_of, landed, rules_of
from transforms import attested as words
from transforms import keys
from transforms.attested import Attested
from transforms.check import attested, verdict
from transforms.run import Settings

SOURCE, RULE, FIELD, KEY = "gongan_hukou", "BIRTH_TOO_OLD", "出生日期", "人员编号"
OLD = {FIELD: "19050304", "公民身份号码": None, KEY: "R1"}
ROWS = [
    OLD,
    OLD | {KEY: "R2"},
    OLD | {FIELD: "19040304"},
    OLD | {"姓名": None},
    {KEY: "R3"},
    OLD | {FIELD: "１９０５０３０４"},
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    keys.create(tmp_path / "keys.yml")
    return Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path), "GRIDFACTS_EXPECTATIONS": str(EXPECTATIONS)})


def accepted(settings: Settings, told: Attested) -> list[tuple[bool, str | None]]:
    table = landed(SOURCE, ROWS)
    judged = verdict.judge(table, rules_of(SOURCE), contract_of(SOURCE).arrives.null_marks)
    found = attested.without(settings, contract_of(SOURCE), table, judged, told)
    assert found.verdict.schema == judged.verdict.schema
    assert found.finding.schema == judged.finding.schema
    rows = found.verdict.to_pylist()
    waiting = {row["ordinal"] for row in found.finding.to_pylist() if row["effect"] == "quarantine"}
    assert waiting == {row["ordinal"] for row in rows if not row["accepted"]}, "verdict and findings say the same"
    return [(row["accepted"], row["rule"]) for row in rows]


def test_one_record_one_value_one_rule(settings: Settings) -> None:
    waits = (False, RULE)
    before = accepted(settings, frozenset())
    assert before == [waits, waits, waits, (False, "REQUIRED"), (True, None), waits]
    [token] = words.tokens(settings, contract_of(SOURCE), landed(SOURCE, ROWS[:1]), RULE, FIELD)
    after = accepted(settings, frozenset({(RULE, FIELD, token)}))
    assert after == [(True, None), waits, waits, (False, "REQUIRED"), (True, None), (True, None)]
    other = frozenset({("BIRTH_FUTURE", FIELD, token), (RULE, "姓名", token)})
    assert accepted(settings, other) == before


def test_a_row_without_a_key_is_known_by_what_it_says(settings: Settings) -> None:
    source = "youzheng_toudi"
    assert contract_of(source).key == ()
    heading = contract_of(source).landed_headings[0]
    table = landed(source, [{}, {heading: "x"}])
    one, other = words.tokens(settings, contract_of(source), table, RULE, heading)
    assert one != other
    again = words.tokens(settings, contract_of(source), table.slice(0, 1), RULE, heading)
    assert again == [one]
