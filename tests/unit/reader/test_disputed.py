"""A disputed value is under review at once, for whom it concerns, until its department answers; the feed tells it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests import small_release as small
from tests.unit.reader.conftest import publish_city
from tests.unit.reader.test_export import city as persons
from tests.unit.reader.test_export import package, parquet
from tests.unit.reader.test_restricted import last, restrict, told
from transforms import database, decisions, keys
from transforms.publish import disputed
from transforms.reader.export import export, token_of
from transforms.run import Settings

BATCH = f"src-20261001-0-{'a' * 64}"
VIEW = {"fields": ["kind", "entity_id", "property", "department", "since", "due"], "mask": {"entity_id": "token"}}


def city() -> small.City:
    """The persons, and an organization that has an identity."""
    found = persons()
    told = {"entity_id": "o1", "kind": "organization", "minted_release": 1, "state": "live", "founding_record": "rec9"}
    return found | {"identity": [*found["identity"], told]}


@pytest.fixture
def published(settings: Settings) -> Settings:
    publish_city(settings, 1, {}, city())
    return settings


def doubt(settings: Settings, number: int, field: str = "name", kind: str = "person") -> int:
    """A grid worker doubts what a record says of the entity it stands in."""
    dbs = database.open_databases(settings)
    entity = f"per{number}" if kind == "person" else "o1"
    what = {"kind": kind, "entity_id": entity, "field": field, "source": "src", "record_id": f"rec{number}",
            "version": BATCH, "line": number + 1, "batch": BATCH, "due": "2026-10-05"}  # fmt: skip
    raised = decisions.decide(dbs, "dispute", what, "Wu", "nobody of that name lives there")
    disputed.obey(settings, dbs)
    return raised


def withdraw(settings: Settings, number: int) -> None:
    dbs = database.open_databases(settings)
    decisions.retire(dbs, "dispute", number, "Wu")
    disputed.obey(settings, dbs)


def shown(settings: Settings) -> list[tuple[str, ...]]:
    with database.reading(database.open_databases(settings).release) as connection:
        text = "SELECT kind, entity_id, property, department, due FROM v1_disputed ORDER BY entity_id, property"
        return [tuple(row) for row in connection.exec_driver_sql(text)]


def test_a_disputed_value_is_under_review_at_once_until_it_is_taken_back(published: Settings) -> None:
    assert shown(published) == []
    number = doubt(published, 1)
    doubt(published, 2, "birth_date")
    assert shown(published) == [
        ("person", "per1", "name", "src", "2026-10-05"), ("person", "per2", "birth_date", "src", "2026-10-05"),
    ]  # fmt: skip
    with database.reading(database.open_databases(published).release) as connection:
        [since] = connection.exec_driver_sql("SELECT since FROM v1_disputed WHERE entity_id = 'per1'").scalars()
    assert dt.date.fromisoformat(since) <= dt.datetime.now(dt.UTC).date()
    withdraw(published, number)
    assert [row[1] for row in shown(published)] == ["per2"]


def test_two_doubts_of_one_value_are_one_and_end_with_the_second(published: Settings) -> None:
    first, second = doubt(published, 1), 0
    dbs = database.open_databases(published)
    [row] = decisions.decisions(dbs, "dispute")
    what = {k: row[k] for k in ("kind", "entity_id", "field", "source", "record_id", "version", "line", "batch")}
    second = decisions.decide(dbs, "dispute", what | {"due": "2026-10-09"}, "Li", "so do I")
    disputed.obey(published, dbs)
    assert [row[-1] for row in shown(published)] == ["2026-10-05"]
    withdraw(published, first)
    assert [row[-1] for row in shown(published)] == ["2026-10-09"]
    withdraw(published, second)
    assert shown(published) == []


def test_the_feed_tells_with_the_next_release_and_again_when_it_ends(published: Settings) -> None:
    before = last(published)
    number = doubt(published, 1)
    assert told(published, before) == []
    publish_city(published, 2, city(), city())
    assert told(published, before) == [("per1", "update", "disputed", True, False)]
    after = last(published)
    publish_city(published, 3, city(), city())
    assert told(published, after) == []
    withdraw(published, number)
    publish_city(published, 4, city(), city())
    assert told(published, after) == [("per1", "update", "disputed", True, False)]
    assert shown(published) == []
    unheard = doubt(published, 2)
    withdraw(published, unheard)
    last_told = last(published)
    publish_city(published, 5, city(), city())
    assert told(published, last_told) == []


def test_a_doubt_follows_its_record_into_another_entity_and_hides_with_a_restricted_one(published: Settings) -> None:
    doubt(published, 1)
    moved = city()
    moved["record"][0]["entity_id"] = "per2"
    publish_city(published, 2, city(), moved)
    assert [row[1] for row in shown(published)] == ["per2"]
    restrict(published, "rec2")
    assert shown(published) == []


def test_a_consumer_is_told_of_entities_and_properties_that_it_sees(published: Settings, tmp_path: Path) -> None:
    for number, field in ((1, "name"), (1, "sex"), (2, "name"), (3, "name")):  # per2 lives elsewhere, per3 is a child
        doubt(published, number, field)
    doubt(published, 9, "name", kind="organization")
    told = package()
    rights = told.model_validate(told.model_dump() | {"tables": told.model_dump()["tables"] | {"v1_disputed": VIEW}})
    export(published, rights, tmp_path / "out", ("parquet",), "张审计", dt.date(2026, 10, 2))
    rows = {(row["entity_id"], row["property"]) for row in parquet(tmp_path / "out", "v1_disputed")}
    known = keys.load(published)
    assert rows == {(token_of(known, rights, "per1"), "name"), (token_of(known, rights, "o1"), "name")}
    [person] = parquet(tmp_path / "out", "v1_person")
    assert (person["person_id"], "name") in rows


@pytest.mark.parametrize(
    ("tables", "code"),
    [
        ({"v1_person": {"fields": ["name"], "minimum_age": 14}, "v1_disputed": {"fields": ["entity_id"]}}, "JOINABLE"),
        ({"stat_grid": {"fields": ["persons"]}, "v1_disputed": {"fields": ["property"]}}, "NOT_SHARED"),
        ({"v1_person": {"fields": ["name"], "minimum_age": 14}, "v1_disputed": VIEW}, None),
        ({"v1_organization": {"fields": ["name"]}, "v1_disputed": {"fields": ["entity_id"]}}, None),
    ],
)
def test_a_package_that_would_leak_by_it_is_refused(tables: dict[str, object], code: str | None) -> None:
    if code is None:
        assert package(tables=tables).tables.keys() == tables.keys()
        return
    with pytest.raises(ValueError, match=f"v1_disputed: {code}"):
        package(tables=tables)
