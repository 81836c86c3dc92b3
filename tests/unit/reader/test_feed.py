"""The reference consumer ends with the tables of the release it follows, whatever happens to it on the way."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests import small_release as small
from tests.unit.reader.conftest import publish_city
from transforms import database
from transforms.errors import GridfactsError
from transforms.publish.schema import ensure_schema
from transforms.reader import feed
from transforms.reader.replica import Replica
from transforms.run import Settings


def third_city() -> small.City:
    """After the second: one more change, one return, one retired."""
    city = small.second_city()
    city["fact_person"] = [*city["fact_person"][:2], small.first_city()["fact_person"][2]]
    city["fact_facility"][0]["name"] = "合成路灯"
    return city


def three_nights(settings: Settings) -> None:
    cities: list[small.City] = [{}, small.first_city(), small.second_city(), third_city()]
    for number in (1, 2, 3):
        publish_city(settings, number, cities[number - 1], cities[number])


def same_tables(settings: Settings, replica: Replica) -> bool:
    dbs = database.open_databases(settings)
    found = []
    with database.reading(dbs.release) as source:
        for table in feed.followed(settings).values():
            rows = sorted(feed.as_of(source, table, replica.release), key=lambda row: str(row[table.key[0]]))
            found.append(rows == replica.rows(table.table))
    assert len(found) > 5
    return all(found)


def pull(settings: Settings, replica: Replica, limit: int = feed.PAGE) -> int:
    with database.reading(database.open_databases(settings).release) as source:
        return replica.pull(feed.Whole(source, feed.followed(settings)), limit)


@pytest.fixture
def replica(settings: Settings, tmp_path: Path) -> Replica:
    return Replica(tmp_path / "replica.db", feed.shapes(feed.followed(settings)))


def test_nothing_to_follow_before_the_first_release(settings: Settings, replica: Replica) -> None:
    ensure_schema(database.open_databases(settings))
    with pytest.raises(GridfactsError, match="NO_RELEASE"):
        pull(settings, replica)


def test_snapshot_and_tail_join_up(settings: Settings, replica: Replica) -> None:
    publish_city(settings, 1, {}, small.first_city())
    assert pull(settings, replica) == 0
    assert replica.release == 1
    assert same_tables(settings, replica)
    publish_city(settings, 2, small.first_city(), small.second_city())
    publish_city(settings, 3, small.second_city(), third_city())
    assert pull(settings, replica) > 3
    assert replica.apply() == 2
    assert replica.release == 3
    assert same_tables(settings, replica)
    assert [row["person_id"] for row in replica.rows("fact_person")] == ["per1", "per2", "per3"]


def test_pages_of_one_event_restarts_and_duplicates_end_the_same(settings: Settings, tmp_path: Path) -> None:
    publish_city(settings, 1, {}, small.first_city())
    shapes, chance = feed.shapes(feed.followed(settings)), random.Random(7)
    first = Replica(tmp_path / "one.db", shapes)
    pull(settings, first)
    first.close()
    publish_city(settings, 2, small.first_city(), small.second_city())
    publish_city(settings, 3, small.second_city(), third_city())
    seen = set()
    for _ in range(40):
        again = Replica(tmp_path / "one.db", shapes)  # a restart before every step
        if chance.random() < 0.3:  # the answer was lost: the same page comes again
            again._connection.execute("UPDATE _state SET pulled = MAX(seq, pulled - 1)")
        pull(settings, again, limit=1)
        again.apply()
        assert same_tables(settings, again), "a copy stands at a release, never between two"
        seen.add(again.release)
        again.close()
    assert seen == {1, 2, 3}


def test_a_source_restored_from_a_backup_starts_the_copy_anew(settings: Settings, replica: Replica) -> None:
    three_nights(settings)
    pull(settings, replica)
    assert replica.release == 3
    with database.writing(database.open_databases(settings).release) as connection:
        connection.exec_driver_sql("UPDATE release SET checksum = 'other' WHERE release = 3")
    assert pull(settings, replica) == 0
    assert replica.apply() == 0
    assert same_tables(settings, replica)


def test_a_retired_row_is_still_there_as_of_its_release(settings: Settings) -> None:
    three_nights(settings)
    with database.reading(database.open_databases(settings).release) as source:
        table = feed.followed(settings)["person"]
        asked = {r: sorted(row["person_id"] for row in feed.as_of(source, table, r)) for r in (1, 2, 3)}
    assert asked == {1: ["per1", "per2", "per3"], 2: ["per1", "per2", "per4"], 3: ["per1", "per2", "per3"]}


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_the_page_that_tells_the_last_event_of_a_release_tells_that_it_ends(settings: Settings, limit: int) -> None:
    three_nights(settings)
    ends: list[int] = []
    with database.reading(database.open_databases(settings).release) as source:
        every = {mark.seq: mark.release for mark in feed.marks(source)}
        whole, after = feed.Whole(source, feed.followed(settings)), 0
        while (page := whole.page(after, limit)).events:
            assert [event.seq for event in page.events] == list(range(after + 1, page.upto + 1))
            assert all(mark.seq <= page.upto for mark in page.marks)
            told = {mark.seq: mark.release for mark in page.marks if mark.seq > after}
            assert told == {seq: release for seq, release in every.items() if after < seq <= page.upto}
            ends += told.values()
            after = page.upto
        assert [mark.release for mark in page.marks] == [3], "and so does the empty page after it"
    assert ends == [1, 2, 3]


def test_who_is_restricted_has_no_row_in_any_release_and_whose_restriction_was_lifted_has(settings: Settings) -> None:
    three_nights(settings)
    dbs = database.open_databases(settings)
    with database.writing(dbs.release) as connection:
        connection.exec_driver_sql("INSERT INTO restricted VALUES ('per1', 'told'), ('per2', 'lifted')")
    with database.reading(dbs.release) as source:
        events = feed.Whole(source, feed.followed(settings)).page(0).events
    told = {event.key[0]: (event.restricted, event.row is None) for event in events if event.event == "create"}
    assert (told["per1"], told["per2"]) == ((True, True), (False, False))
