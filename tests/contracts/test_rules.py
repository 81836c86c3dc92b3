"""The rules derived from the repository's contracts: complete, worded, with the effect the table announces."""

from __future__ import annotations

import pytest

from expectations import rules
from transforms import contract as contracts
from transforms import kinds
from transforms.run import REPOSITORY

EXPECTATIONS = REPOSITORY / "expectations"
SOURCES = sorted(contracts.load_all(EXPECTATIONS))
WORDINGS = rules.wordings(EXPECTATIONS)


def derived(source: str) -> tuple[rules.Rule, ...]:
    return rules.derive(contracts.load_all(EXPECTATIONS)[source], kinds.load_all(EXPECTATIONS), "2026-10-01", {})


@pytest.mark.parametrize("source", SOURCES)
def test_every_rule_is_worded_and_stands_once_per_heading(source: str) -> None:
    found = derived(source)
    assert {rule.id for rule in found} <= set(WORDINGS)
    assert len({(rule.id, rule.heading) for rule in found}) == len(found) > 4


@pytest.mark.parametrize("source", SOURCES)
def test_every_landed_heading_is_under_some_rule(source: str) -> None:
    contract = contracts.load_all(EXPECTATIONS)[source]
    assert {rule.heading for rule in derived(source)} - {None} == set(contract.landed_headings)


SOFTER = {
    "shichang_zhuti": {("CREDIT_CODE_CHECKSUM", "strike", "note")},  # it issues them
    "ziran_zongdi": {("GEOMETRY_INVALID", "quarantine", "strike")},  # a building is one without its outline too
}


@pytest.mark.parametrize("source", SOURCES)
def test_an_effect_differs_from_the_table_only_where_written(source: str) -> None:
    """Harder where a required value would be struck; softer where :data:`SOFTER` says why."""
    differing = {(r.id, WORDINGS[r.id].effect, r.effect) for r in derived(source) if r.effect != WORDINGS[r.id].effect}
    assert {d for d in differing if d[1:] != ("strike", "quarantine")} == SOFTER.get(source, set())


def test_wordings_are_whole_and_severities_follow_effects() -> None:
    assert len(WORDINGS) > 25
    for wording in WORDINGS.values():
        assert wording.severity == rules.SEVERITIES[wording.effect]
        assert all([wording.message_zh, wording.hint_zh, wording.message_en])


def test_the_birth_rules_know_the_day_of_the_delivery() -> None:
    births = [rule for rule in derived("gongan_hukou") if rule.id.startswith("BIRTH_")]
    assert {rule.options["as_of"] for rule in births} == {"2026-10-01"}
