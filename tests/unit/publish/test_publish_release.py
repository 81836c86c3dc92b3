"""A night becomes a release: whole, once, the same on both databases."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pyarrow as pa
import pytest

from tests import small_release as small
from tests.small_release import NIGHTS
from tests.unit.publish.conftest import Home
from transforms import checksum, database, manifest, publish, store
from transforms.errors import GridfactsError, StaleInputError
from transforms.publish.checks import CheckError
from transforms.publish.state import HeadError
from transforms.run import Run, Settings


def two_nights(settings: Settings) -> list[small.Closed]:
    first = small.close(settings, NIGHTS[0], {}, small.first_city(), 0)
    publish.run(first.run)
    second = small.close(settings, NIGHTS[1], small.first_city(), small.second_city(), 1)
    publish.run(second.run)
    return [first, second]


def stored_checksum(settings: Settings) -> str:
    with database.reading(database.open_databases(settings).release) as connection:
        return checksum.release_checksum(connection)


def test_two_nights_are_two_releases(settings: Settings) -> None:
    closed = two_nights(settings)
    dbs = database.open_databases(settings)
    assert database.current_release(dbs) == 2
    releases = database.read(dbs.release, "release")
    assert releases["checksum"].to_pylist() == [one.checksum for one in closed]
    assert stored_checksum(settings) == closed[1].checksum != closed[0].checksum
    person = database.read(dbs.release, "fact_person", ["person_id", "name", "known_from", "known_to"]).to_pylist()
    assert [tuple(row.values()) for row in person] == [
        ("per1", "张合成1", 1, 2), ("per1", "张合成一", 2, None), ("per2", "张合成2", 1, None),
        ("per3", "张合成3", 1, 2), ("per4", "李合成4", 2, None),
    ]  # fmt: skip
    assert database.read(dbs.release, "change", ["seq", "release"]).to_pydict() == {
        "seq": [1, 2, 3, 4, 5],
        "release": [1, 1, 1, 2, 2],
    }
    home = database.read(dbs.control, "home", ["record_id", "homed_release"])
    assert home.to_pydict() == {"record_id": ["rec1", "rec2", "rec3", "rec4"], "homed_release": [1, 1, 1, 2]}
    outcome = database.read(dbs.control, "outcome", ["landed", "merged", "superseded"])
    assert outcome.to_pylist() == [{"landed": 2, "merged": 0, "superseded": 1}]
    assert database.read(dbs.control, "reconciled", ["release"])["release"].to_pylist() == [1, 2]


def test_every_value_comes_back_as_it_was(settings: Settings) -> None:
    publish.run(small.close(settings, NIGHTS[0], {}, small.first_city(), 0).run)
    dbs = database.open_databases(settings)
    given = small.arrow(small.first_city())
    assert given
    for name, table in given.items():
        found = database.read(dbs.release, name, table.column_names)
        keys = [(key, "ascending") for key in small.tables.load_all()[name].key]
        assert found.to_pylist() == table.sort_by(keys).to_pylist(), name


def test_the_same_release_on_both_databases(home: Home, postgres_url: str) -> None:
    for settings in (home(name="lite"), home(postgres_url, name="pg")):
        two_nights(settings)
    assert stored_checksum(home(name="lite")) == stored_checksum(home(postgres_url, name="pg"))


def test_publishing_twice_does_nothing_the_second_time(settings: Settings) -> None:
    closed = two_nights(settings)[1]
    said: list[str] = []
    publish.run(Run.of(NIGHTS[1], settings=settings, say=said.append))
    dbs = database.open_databases(settings)
    assert "already published as release 2" in said[-1]
    assert database.current_release(dbs) == 2
    again = small.close(settings, NIGHTS[1], small.second_city(), small.second_city(), 2)
    assert again.checksum == closed.checksum
    assert publish.run(again.run)[0].counts == {"release": 2, "rows": 0}


def test_an_unchanged_night_adds_no_row_versions(settings: Settings) -> None:
    publish.run(small.close(settings, NIGHTS[0], {}, small.first_city(), 0).run)
    publish.run(small.close(settings, NIGHTS[1], small.first_city(), small.first_city(), 1).run)
    dbs = database.open_databases(settings)
    assert database.current_release(dbs) == 2
    for name in small.first_city():
        if small.tables.load_all()[name].history:
            assert set(database.read(dbs.release, name, ["known_from"])["known_from"].to_pylist()) == {1}, name


def test_a_delta_against_another_release_is_refused(settings: Settings) -> None:
    two_nights(settings)
    late = small.close(settings, "2026-10-03", small.first_city(), small.second_city(), 1)
    with pytest.raises(StaleInputError, match="stored made against release 1; required made against release 2"):
        publish.run(late.run)
    assert database.current_release(database.open_databases(settings)) == 2


@pytest.mark.parametrize(
    ("wrong", "code"), [({"checksum": "0" * 64}, "CHECKSUM"), ({"counts": {"fact_person": 4}}, "COUNTS")]
)
def test_what_is_written_must_be_what_account_said(settings: Settings, wrong: dict[str, object], code: str) -> None:
    two_nights(settings)
    bad = small.close(settings, "2026-10-03", small.second_city(), small.first_city(), 2, **wrong)
    with pytest.raises(GridfactsError) as error:
        publish.run(bad.run)
    assert error.value.code == code
    assert database.current_release(database.open_databases(settings)) == 2
    publish.run(small.close(settings, "2026-10-03", small.second_city(), small.first_city(), 2).run)
    assert database.current_release(database.open_databases(settings)) == 3


def test_a_broken_check_rolls_the_release_back_and_is_named(settings: Settings) -> None:
    two_nights(settings)
    before = stored_checksum(settings)
    city = small.second_city()
    city["fact_house"][0]["building_id"] = "nowhere"
    with pytest.raises(CheckError, match=r"fact_house\.building_id_resolves: 1 rows"):
        publish.run(small.close(settings, "2026-10-03", small.second_city(), city, 2).run)
    assert stored_checksum(settings) == before


def test_a_row_that_should_end_and_is_not_there_stops_the_release(settings: Settings) -> None:
    two_nights(settings)
    stranger = small.second_city()
    stranger["fact_person"].append({**stranger["fact_person"][0], "person_id": "nobody"})
    with pytest.raises(GridfactsError, match="fact_person: 1 rows should end, 0 were there"):
        publish.run(small.close(settings, "2026-10-03", stranger, small.second_city(), 2).run)


def test_a_value_never_reaches_the_message_of_a_refusal(settings: Settings) -> None:
    two_nights(settings)
    city = small.second_city()
    city["fact_person"].append({**city["fact_person"][1], "name": "王泄漏"})
    with pytest.raises(database.DatabaseError) as error:
        publish.run(small.close(settings, "2026-10-03", small.second_city(), city, 2).run)
    assert "fact_person" in str(error.value)
    assert not any(value in str(error.value) for value in ("王泄漏", "per2"))


def test_head_stops_a_database_that_lost_a_release(settings: Settings) -> None:
    two_nights(settings)
    with database.writing(database.open_databases(settings).release) as connection:
        connection.exec_driver_sql("DELETE FROM change WHERE release = 2")
        connection.exec_driver_sql("DELETE FROM source_state WHERE release = 2")
        connection.exec_driver_sql("DELETE FROM release WHERE release = 2")
    with pytest.raises(HeadError, match=r"stored release 1 .* required release 2"):
        publish.run(Run.of(NIGHTS[1], settings=settings))


def test_no_night_begins_beside_a_database_that_head_does_not_know(settings: Settings) -> None:
    run = Run.of(NIGHTS[1], settings=settings)
    publish.require_head(run)
    two_nights(settings)
    publish.require_head(run)
    with database.writing(database.open_databases(settings).release) as connection:
        connection.exec_driver_sql("UPDATE release SET checksum = 'of another' WHERE release = 2")
    with pytest.raises(HeadError, match=r"stored release 2 with checksum of another; required release 2 .* restore"):
        publish.require_head(run)


def test_a_new_home_beside_a_filled_database_is_told_what_it_needs(settings: Settings) -> None:
    two_nights(settings)
    (settings.home / "head" / "HEAD.json").unlink()
    for ask in (publish.require_head, publish.reconcile):
        with pytest.raises(HeadError, match=r"this home has no HEAD; remedy: bring back .* or, .* an empty database"):
            ask(Run.of(NIGHTS[1], settings=settings))


def test_head_stops_a_database_that_lost_rows(settings: Settings) -> None:
    two_nights(settings)
    with database.writing(database.open_databases(settings).release) as connection:
        connection.exec_driver_sql("DELETE FROM rel_person_org")
    with pytest.raises(HeadError, match="other row counts in rel_person_org"):
        publish.reconcile(Run.of(NIGHTS[1], settings=settings))


def test_head_that_is_gone_or_broken_stops_publish(settings: Settings) -> None:
    two_nights(settings)
    head = settings.home / "head" / "HEAD.json"
    assert json.loads(head.read_text("utf-8"))["now"]["release"] == 2
    for change in (lambda: head.write_text("{"), head.unlink):
        change()
        with pytest.raises(HeadError):
            publish.reconcile(Run.of(NIGHTS[1], settings=settings))


def test_control_that_was_left_behind_is_reconciled_from_the_lake(settings: Settings) -> None:
    two_nights(settings)
    dbs = database.open_databases(settings)
    before = {name: database.read(dbs.control, name) for name in ("home", "outcome", "delivery", "quarantine")}
    with database.writing(dbs.control) as connection:
        for name in (*before, "reconciled"):
            connection.exec_driver_sql(f"DELETE FROM {name}")
    assert publish.reconcile(Run.of(NIGHTS[1], settings=settings)) == 2
    assert {name: database.read(dbs.control, name) for name in before} == before


def test_control_is_reconciled_though_earlier_rooms_ran_again_but_not_from_damaged_files(settings: Settings) -> None:
    two_nights(settings)
    folder = store.night_dir(Run.of(NIGHTS[1], settings=settings), "account", "release")
    manifest.write(folder, "account", {"check/src/manifest.json": "made anew since"})
    with database.writing(database.open_databases(settings).control) as connection:
        connection.exec_driver_sql("DELETE FROM reconciled WHERE release = 2")
    assert publish.reconcile(Run.of(NIGHTS[1], settings=settings)) == 2
    with database.writing(database.open_databases(settings).control) as connection:
        connection.exec_driver_sql("DELETE FROM reconciled WHERE release = 2")
    (folder / "home.parquet").write_bytes(b"bad")
    with pytest.raises(StaleInputError, match=r"home\.parquet not as its manifest says"):
        publish.reconcile(Run.of(NIGHTS[1], settings=settings))


def test_control_ahead_of_the_release_database_stops_publish(settings: Settings) -> None:
    two_nights(settings)
    dbs = database.open_databases(settings)
    with database.writing(dbs.control) as connection:
        connection.exec_driver_sql("INSERT INTO reconciled VALUES (3, 'x')")
    with pytest.raises(GridfactsError, match="CONTROL_AHEAD"):
        publish.reconcile(Run.of(NIGHTS[1], settings=settings))


def test_a_night_that_account_has_not_closed_is_refused(settings: Settings) -> None:
    with pytest.raises(StaleInputError, match="no manifest"):
        publish.run(Run.of(NIGHTS[0], settings=settings))
    assert database.current_release(database.open_databases(settings)) == 0


def test_reading_before_the_first_release_finds_typed_nothing(nothing: Settings) -> None:
    dbs = database.open_databases(nothing)
    found = database.read(dbs.release, "fact_person", ["person_id", "birth_date"])
    assert (found.num_rows, found.schema.field("birth_date").type) == (0, pa.date32())
    if dbs.release_file:
        assert not dbs.release_file.exists()


def other_code(closed: small.Closed) -> Path:
    """The night as another version of account would have closed it."""
    folder = store.night_dir(closed.run, "account", "release")
    told = json.loads((folder / manifest.NAME).read_text("utf-8"))
    (folder / manifest.NAME).write_text(json.dumps(told | {"code": "0" * 64}), "utf-8")
    small.braked(closed.run)
    return folder


@pytest.mark.parametrize("wrong", [{"checksum": "0" * 64}, {"counts": {"fact_person": 4}}])
def test_a_night_that_other_code_closed_is_published_or_says_to_close_it_anew(
    settings: Settings, wrong: dict[str, object]
) -> None:
    remedy = "close it anew ('gridfacts run --night 2026-10-01'"
    closed = small.close(settings, NIGHTS[0], {}, small.first_city(), 0, **wrong)
    with pytest.raises(GridfactsError) as error:
        publish.run(closed.run)
    assert remedy not in str(error.value), "this code closed it: a defect"
    other_code(closed)
    with pytest.raises(GridfactsError) as error:
        publish.run(closed.run)
    assert remedy in str(error.value)
    closed = small.close(settings, NIGHTS[0], {}, small.first_city(), 0)
    other_code(closed)
    assert publish.run(closed.run)[0].counts["release"] == 1


@pytest.mark.parametrize("stem", ["fact_person.open", "home", "source_state"])
def test_a_column_that_other_code_did_not_know_says_to_close_the_night_anew(settings: Settings, stem: str) -> None:
    closed = small.close(settings, NIGHTS[0], {}, small.first_city(), 0)
    folder = store.night_dir(closed.run, "account", "release")
    table = store.read_table(folder / f"{stem}.parquet")
    last = table.column_names[-1]
    store.write_table(folder / f"{stem}.parquet", table.drop_columns([last]))
    manifest.write(folder, "account", {})
    small.braked(closed.run)
    with pytest.raises(
        StaleInputError, match=rf"closed by other code: {stem}\.parquet without {last}; .*remedy: close"
    ):
        publish.run(closed.run)
    small.close(settings, NIGHTS[0], {}, small.first_city(), 0)
    assert publish.run(closed.run)[0].counts["release"] == 1


def without_a_day(closed: small.Closed) -> small.Closed:
    """The same night, of whose source nobody knows the day."""
    folder = store.night_dir(closed.run, "account", "release")
    told = store.read_table(folder / "source_state.parquet")
    at = told.schema.get_field_index("as_of")
    store.write_table(
        folder / "source_state.parquet", told.set_column(at, "as_of", pa.nulls(told.num_rows, pa.string()))
    )
    base = json.loads((folder / "release.json").read_text("utf-8"))["base_release"]
    manifest.write(folder, "account", {"base_release": str(base)})
    small.braked(closed.run)
    return closed


def test_a_warning_is_told_and_the_release_is_published(settings: Settings) -> None:
    """In a first release and in a small one after it; of a row that stands it is told once."""
    first, second = small.first_city(), small.first_city()
    first["fact_house"][0]["division_code"] = second["fact_house"][0]["division_code"] = "445391001001"
    second["fact_organization"][0]["division_code"] = "445391001001"
    told: list[str] = []
    nights = [
        without_a_day(small.close(settings, NIGHTS[0], {}, first, 0)),
        small.close(settings, NIGHTS[1], first, second, 1),
    ]
    counts = [publish.run(dataclasses.replace(one.run, say=told.append))[0].counts["warnings"] for one in nights]
    assert [line for line in told if "warning" in line] == [
        "publish: warning fact_house.division_code_resolves: 1 rows",
        "publish: warning source_state.batch_has_a_day: 1 rows",
        "publish: warning fact_organization.division_code_resolves: 1 rows",
    ]
    assert counts == [2, 1]
    assert (database.current_release(database.open_databases(settings)), stored_checksum(settings)) == (
        2, nights[1].checksum,
    )  # fmt: skip
