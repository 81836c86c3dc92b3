"""The named questions are asked by their names on either database, and every look is written down."""

from __future__ import annotations

import copy

import pytest

from tests import small_release as small
from tests.unit.reader.conftest import publish_city
from transforms import database, tables
from transforms.errors import GridfactsError
from transforms.reader import audit, questions
from transforms.run import Settings

CHANGED = "organizations_changed_in_a_town"


def two_nights(settings: Settings) -> None:
    second = copy.deepcopy(small.first_city())
    second["fact_organization"][0]["name"] = "改名公司"
    publish_city(settings, 1, {}, small.first_city())
    publish_city(settings, 2, small.first_city(), second)


def ask(settings: Settings, name: str, **given: str) -> questions.Answer:
    return questions.ask(settings, name, given, "王查询", "测试")


def test_what_changed_in_a_town_since_the_release_before(settings: Settings) -> None:
    two_nights(settings)
    found = ask(settings, CHANGED, town="town“合成”", release="previous")
    assert found.columns[:2] == ("organization_id", "name")
    assert [row[:2] for row in found.rows] == [("o1", "改名公司")]
    assert ask(settings, CHANGED, town="445302001000", release="1").rows == found.rows
    assert ask(settings, CHANGED, town="445302001000", release="newest").rows == []
    rows = database.read(database.open_databases(settings).control, "audit").to_pylist()
    assert [(row["action"], row["kind"], row["rows"]) for row in rows] == [
        ("query", CHANGED, 1), ("query", CHANGED, 1), ("query", CHANGED, 0),
    ]  # fmt: skip


def test_every_question_says_what_it_asks_and_needs() -> None:
    assert sorted(questions.known()) == sorted(path.stem for path in (tables.SQL / "queries").glob("*.sql"))
    assert questions.known()[CHANGED].parameters == ("release", "town")
    assert all(one.asks for one in questions.known().values())
    assert questions.known()["facts_without_a_grid"].parameters == ()


def test_what_cannot_be_answered_is_said(settings: Settings) -> None:
    publish_city(settings, 1, {}, small.first_city())
    for code, name, given in (
        ("NO_QUESTION", "nothing", {}), ("PARAMETERS", CHANGED, {"town": "445302001000"}),
        ("PARAMETERS", CHANGED, {"town": "445302001000", "release": "one"}),
        ("NOT_FOUND", CHANGED, {"town": "没有镇", "release": "1"}),
        ("NOT_FOUND", CHANGED, {"town": "445302001000", "release": "previous"}),
    ):  # fmt: skip
        with pytest.raises(GridfactsError, match=code):
            ask(settings, name, **given)


def test_no_answer_without_its_audit_row(settings: Settings) -> None:
    publish_city(settings, 1, {}, small.first_city())
    with database.writing(database.open_databases(settings).control) as connection:
        connection.exec_driver_sql("DROP TABLE audit")
    with pytest.raises(audit.AuditError):
        ask(settings, "facts_without_a_grid")
