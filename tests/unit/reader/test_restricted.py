"""A restricted person is shown to nobody, at once; the feed tells it with the next release, and when it is lifted."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests import small_release as small
from tests.unit.reader.conftest import publish_city
from tests.unit.reader.test_export import package, parquet
from tests.unit.reader.test_limited import exported, followed, same, wide
from transforms import database, decisions, publish, subjects
from transforms.cli import main
from transforms.errors import GridfactsError
from transforms.publish import restricted
from transforms.reader import feed
from transforms.reader.export import export
from transforms.reader.replica import Replica
from transforms.run import Settings

BY = ("Chen", "the person asked for it")
SHOWN = {"person_id": "per1", "known_from": 1, "grid_reason": "restricted", "restricted": True}


def shown(settings: Settings, person: str) -> dict[str, object]:
    """What v1_person says of a person, nulls left out."""
    with database.reading(database.open_databases(settings).release) as connection:
        text = f"SELECT * FROM v1_person WHERE person_id = '{person}'"
        [row] = connection.exec_driver_sql(text).mappings()
        return {name: value for name, value in row.items() if value is not None}


def restrict(settings: Settings, record: str = "rec1") -> int:
    dbs = database.open_databases(settings)
    number = subjects.grant(dbs, "restrict", None, {"record": [record]}, *BY)
    restricted.obey(dbs)
    return number


def lift(settings: Settings, number: int) -> None:
    dbs = database.open_databases(settings)
    decisions.retire(dbs, "subject", number, BY[0])
    restricted.obey(dbs)


def told(settings: Settings, after: int) -> list[tuple[str, str, str | None, bool, bool]]:
    """Events after a number: entity, event, fields, whether the page brings a row and says restricted."""
    with database.reading(database.open_databases(settings).release) as connection:
        page = feed.Whole(connection, feed.followed(settings)).page(after)
    return [(one.key[0], one.event, one.fields, one.row is not None, one.restricted) for one in page.events]


def last(settings: Settings) -> int:
    with database.reading(database.open_databases(settings).release) as connection:
        return feed.marks(connection)[-1].seq


@pytest.fixture
def published(settings: Settings) -> Settings:
    publish_city(settings, 1, {}, small.first_city())
    return settings


def test_a_restricted_person_is_shown_to_nobody_at_once(published: Settings, tmp_path: Path) -> None:
    before = shown(published, "per1")
    assert (before["name"], bool(before["restricted"]), before["grid_id"]) == ("张合成1", False, "g3")
    number = restrict(published)
    assert shown(published, "per1") == SHOWN
    assert shown(published, "per2")["name"] == "张合成2"
    assert [row[3:] for row in told(published, 0) if row[0] == "per1"] == [(False, True)]
    assert [row[3:] for row in told(published, 0) if row[0] == "per2"] == [(True, False)]
    export(published, package(), tmp_path / "out", ("parquet",), "张审计", dt.date(2026, 10, 2))
    assert parquet(tmp_path / "out", "rel_person_house") == [] != parquet(tmp_path / "out", "v1_person")
    lift(published, number)
    assert shown(published, "per1") == before


def test_the_next_release_tells_it_and_a_copy_lets_the_person_go(published: Settings, tmp_path: Path) -> None:
    replica = Replica(tmp_path / "replica.db", feed.shapes(feed.followed(published)))

    def follow() -> set[object]:
        with database.reading(database.open_databases(published).release) as source:
            while replica.pull(feed.Whole(source, feed.followed(published))):
                pass
        replica.apply()
        return {row["person_id"] for row in replica.rows("fact_person")}

    assert follow() == {"per1", "per2", "per3"}
    number, seq = restrict(published), last(published)
    publish_city(published, 2, small.first_city(), small.second_city())
    assert ("per1", "restrict", None, False, True) in told(published, seq)
    assert shown(published, "per1") == SHOWN | {"known_from": 2}
    assert follow() == {"per2", "per4"}
    lift(published, number)
    seq = last(published)
    publish_city(published, 3, small.second_city(), small.second_city())
    assert told(published, seq) == [("per1", "update", "restricted", True, False)]
    assert follow() == {"per1", "per2", "per4"}
    seq = last(published)
    publish_city(published, 4, small.second_city(), small.first_city())
    assert "restrict" not in [event for _, event, *_ in told(published, seq)]


def test_a_restriction_follows_its_record_into_another_entity(published: Settings) -> None:
    restrict(published, "rec3")
    assert shown(published, "per3")["restricted"]
    publish_city(published, 2, small.first_city(), small.second_city())  # rec3 goes to per1
    assert shown(published, "per1") == SHOWN | {"known_from": 2}


def test_what_was_never_told_leaves_no_event(published: Settings) -> None:
    lift(published, restrict(published))
    seq = last(published)
    publish_city(published, 2, small.first_city(), small.first_city())
    assert told(published, seq) == []


def test_a_rollback_brings_no_restricted_person_back(published: Settings) -> None:
    publish_city(published, 2, small.first_city(), small.second_city())
    restrict(published)
    publish.rollback(small.close(published, "2026-10-03", small.second_city(), small.second_city(), 2).run)
    assert shown(published, "per1") == SHOWN | {"known_from": 3}


def test_a_request_needs_a_name_a_row_and_stands_once(published: Settings) -> None:
    dbs = database.open_databases(published)
    for words, code in ((("", "why"), "NOBODY"), (("who", " "), "NOBODY")):
        with pytest.raises(GridfactsError, match=code):
            subjects.grant(dbs, "restrict", None, {"record": ["rec1"]}, *words)
    with pytest.raises(GridfactsError, match="NOT_FOUND"):
        subjects.grant(dbs, "restrict", None, {"record": []}, *BY)
    assert subjects.grant(dbs, "restrict", None, {"record": ["rec1"]}, *BY) == 1
    with pytest.raises(GridfactsError, match="DECIDED"):
        subjects.grant(dbs, "restrict", None, {"record": ["rec1"]}, *BY)
    assert subjects.grant(dbs, "erase", None, {"record": ["rec1"]}, *BY) == 2
    assert [row["action"] for row in subjects.requests(dbs)] == ["restrict", "erase"]


def test_a_consumers_copy_lets_a_restricted_person_go_at_once(published: Settings, tmp_path: Path) -> None:
    everyone = exported(published, wide())["v1_person"]
    copied = followed(published, tmp_path / "copy.db", wide())
    assert same(copied, exported(published, wide()))
    number = restrict(published)
    copied = followed(published, tmp_path / "copy.db", wide())
    assert same(copied, exported(published, wide()))
    assert len(copied["v1_person"]) == len(everyone) - 1
    lift(published, number)
    assert followed(published, tmp_path / "copy.db", wide())["v1_person"] == everyone


def test_a_request_is_lifted_by_its_own_command_and_number(published: Settings) -> None:
    number = restrict(published)
    environment = {"GRIDFACTS_HOME": str(published.home), "GRIDFACTS_DATABASE_URL": published.database_url}

    def said(*words: str) -> tuple[int, str]:
        done = CliRunner(env=environment).invoke(main, ["subject", *words, "--by", "Chen"])
        return done.exit_code, done.output

    for words in (("admit", str(number)), ("unrestrict", str(number + 1))):
        code, told = said(*words)
        assert (code, "NOT_FOUND" in told) == (1, True)
        assert shown(published, "per1") == SHOWN
    assert said("unrestrict", str(number)) == (0, f"request {number} is lifted: 0 entities are restricted now\n")
    assert shown(published, "per1")["name"] == "张合成1"
    subjects.grant(database.open_databases(published), "erase", None, {"record": ["rec1"]}, *BY)
    assert said("admit", str(number + 1))[0] == 0
    assert subjects.requests(database.open_databases(published)) == []
