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


def test_who_came_to_a_town_and_who_left_it_is_told(settings: Settings) -> None:
    """An organization that moved is new in one town and gone from the other; one that ended is gone."""
    first, here = small.first_city(), "445302001000"
    there: small.Row = {"division_code": "445302002000"}
    [one] = first["fact_organization"]
    stays, comes = one | {"organization_id": "o2"}, one | {"organization_id": "o3"}
    first["fact_organization"] = [one, stays, comes | there, one | {"organization_id": "o4"}]
    second = copy.deepcopy(first)
    second["fact_organization"] = [one | there, stays, comes]
    first["rel_org_premises"] = second["rel_org_premises"] = first["rel_person_org"] = second["rel_person_org"] = []
    publish_city(settings, 1, {}, first)
    publish_city(settings, 2, first, second)
    found = ask(settings, CHANGED, town=here, release="previous").rows
    assert [(row[0], row[-1]) for row in found] == [("o1", "gone"), ("o3", "new"), ("o4", "gone")]


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
        ("PARAMETERS", "organizations_as_of_a_day", {"day": "yesterday"}),
        ("NOT_FOUND", CHANGED, {"town": "没有镇", "release": "1"}),
        ("NOT_FOUND", CHANGED, {"town": "445302001000", "release": "previous"}),
    ):  # fmt: skip
        with pytest.raises(GridfactsError, match=code):
            ask(settings, name, **given)


def test_an_id_that_nothing_ever_had_is_told_from_one_that_has_no_row(settings: Settings) -> None:
    first = small.first_city()
    first["fact_house"].append(first["fact_house"][0] | {"house_id": "empty"})
    first["identity"].append(first["identity"][0] | {"entity_id": "empty", "kind": "house", "founding_record": "rec9"})
    publish_city(settings, 1, {}, first)
    assert ask(settings, "identity_today", entity="per1").rows == [("per1", "live", 0)]
    assert ask(settings, "persons_in_a_house", house="empty").rows == []
    for name, given, what in (
        ("identity_today", {"entity": "nobody"}, "identity"),
        ("persons_in_a_house", {"house": "nowhere"}, "house"),
        ("persons_in_a_house", {"house": "per1"}, "house"),
    ):
        with pytest.raises(GridfactsError, match=f"^NOT_FOUND: no {what} ever had this id$"):
            ask(settings, name, **given)
    rows = database.read(database.open_databases(settings).control, "audit").to_pylist()
    assert [(row["kind"], row["rows"]) for row in rows] == [
        ("identity_today", 1), ("persons_in_a_house", 0), ("identity_today", 0), ("persons_in_a_house", 0),
        ("persons_in_a_house", 0),
    ]  # fmt: skip


def test_a_day_is_asked_for_as_it_is_written(settings: Settings) -> None:
    publish_city(settings, 1, {}, small.first_city())
    assert [row[0] for row in ask(settings, "organizations_as_of_a_day", day="2026-10-01").rows] == ["o1"]
    assert ask(settings, "organizations_as_of_a_day", day="2026-09-01").rows == []


def test_before_the_first_release_it_is_said(settings: Settings) -> None:
    with pytest.raises(GridfactsError, match="NO_RELEASE"):
        ask(settings, "facts_without_a_grid")


def test_who_names_no_town_is_told_the_towns_there_are(settings: Settings) -> None:
    publish_city(settings, 1, {}, small.first_city())
    with pytest.raises(GridfactsError, match="no town of this name; there are town“合成”"):
        ask(settings, CHANGED, town="没有镇", release="1")


def test_towns_of_this_city_are_told_first_and_of_these_the_nearest(settings: Settings) -> None:
    """The table of divisions holds other cities' towns too, with codes before ours and names like ours."""
    first = small.first_city()
    [town] = [row for row in first["std_division"] if row["level"] == "town"]
    named = {"320402001000": "云城街道", "320402002000": "云安镇", "445302002000": "河口街道", "445303001000": "云城镇",
             "445303002000": "都杨镇"}  # fmt: skip
    first["std_division"] += [town | {"code": code, "name": name, "parent_code": None} for code, name in named.items()]
    publish_city(settings, 1, {}, first)
    for given, told in (
        ("云城街道办事处", "云城镇, town“合成”, 河口街道, 都杨镇, 云城街道, 云安镇"),
        ("都扬街道", "都杨镇, town“合成”, 河口街道, 云城镇, 云城街道, 云安镇"),
        ("云浮市云安区都杨", "都杨镇, 云城镇, town“合成”, 河口街道, 云安镇, 云城街道"),
    ):
        with pytest.raises(GridfactsError, match=f"no town of this name; there are {told}$"):
            ask(settings, CHANGED, town=given, release="1")


def test_no_answer_without_its_audit_row(settings: Settings) -> None:
    publish_city(settings, 1, {}, small.first_city())
    with database.writing(database.open_databases(settings).control) as connection:
        connection.exec_driver_sql("DROP TABLE audit")
    with pytest.raises(audit.AuditError):
        ask(settings, "facts_without_a_grid")
