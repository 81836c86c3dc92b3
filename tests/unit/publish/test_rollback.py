"""Back to the release before: its content again, as a release of its own; history, feed and identities go on."""

from __future__ import annotations

import pytest

from tests import small_release as small
from transforms import checksum, database, publish
from transforms.errors import GridfactsError
from transforms.run import Run, Settings


def two_nights(settings: Settings) -> None:
    publish.run(small.close(settings, small.NIGHTS[0], {}, small.first_city(), 0).run)
    publish.run(small.close(settings, small.NIGHTS[1], small.first_city(), small.second_city(), 1).run)


def current(settings: Settings, table: str) -> list[dict[str, object]]:
    found = database.read(database.open_databases(settings).release, table, where={"known_to": None})
    return found.drop_columns(["known_from", "known_to"]).to_pylist()


def test_the_content_of_the_release_before_is_published_again(settings: Settings) -> None:
    publish.run(small.close(settings, small.NIGHTS[0], {}, small.first_city(), 0).run)
    before = {table: current(settings, table) for table in ("fact_person", "rel_person_house", "place_grid")}
    dbs = database.open_databases(settings)
    records = database.read(dbs.release, "record").to_pylist()
    publish.run(small.close(settings, small.NIGHTS[1], small.first_city(), small.second_city(), 1).run)
    assert current(settings, "fact_person") != before["fact_person"]
    report = publish.rollback(Run.of("2026-10-03", settings=settings))[0]
    assert (report.counts["release"], report.part) == (3, small.NIGHTS[0])
    assert {table: current(settings, table) for table in before} == before
    assert database.read(dbs.release, "record").to_pylist() == records
    states = {row["entity_id"]: row["state"] for row in database.read(dbs.release, "identity").to_pylist()}
    assert states == {"per1": "live", "per2": "live", "per3": "live", "per4": "retired"}
    with database.reading(dbs.release) as connection:
        told = connection.exec_driver_sql("SELECT checksum FROM release WHERE release = 3").scalar_one()
        assert checksum.release_checksum(connection) == told
        events = connection.exec_driver_sql("SELECT entity_id, event, fields FROM change WHERE release = 3").all()
    assert [tuple(event) for event in events] == [("per1", "update", "name"), ("per3", "return", None),
                                                  ("per4", "retire", None)]  # fmt: skip
    assert publish.reconcile(Run.of("2026-10-03", settings=settings)) == 3


def test_the_night_can_be_published_again_after_a_rollback(settings: Settings) -> None:
    two_nights(settings)
    publish.rollback(Run.of("2026-10-03", settings=settings))
    back = small.first_city()
    back["identity"] = database.read(database.open_databases(settings).release, "identity").to_pylist()
    again = small.second_city()
    again["identity"][3] |= {"minted_release": 2}
    closed = small.close(settings, small.NIGHTS[1], back, again, 3)
    assert publish.run(closed.run)[0].counts["release"] == 4
    assert [row["person_id"] for row in current(settings, "fact_person")] == ["per1", "per2", "per4"]


def test_a_rollback_is_not_rolled_back_and_the_first_release_has_none_before(settings: Settings) -> None:
    publish.run(small.close(settings, small.NIGHTS[0], {}, small.first_city(), 0).run)
    run = Run.of("2026-10-03", settings=settings)
    with pytest.raises(GridfactsError, match="NOTHING_BEFORE"):
        publish.rollback(run)
    publish.run(small.close(settings, small.NIGHTS[1], small.first_city(), small.second_city(), 1).run)
    publish.rollback(run)
    with pytest.raises(GridfactsError, match="ROLLED_BACK"):
        publish.rollback(run)


def test_control_that_was_lost_takes_in_a_rollback_too(settings: Settings) -> None:
    two_nights(settings)
    run = Run.of("2026-10-03", settings=settings)
    publish.rollback(run)
    with database.writing(database.open_databases(settings).control) as connection:
        connection.exec_driver_sql("DELETE FROM reconciled WHERE release = 3")
    assert publish.reconcile(run) == 3
    held = database.read(database.open_databases(settings).control, "reconciled")["release"].to_pylist()
    assert held == [1, 2, 3]
