"""Every check of every checks.sql passes on a good release and finds the row that breaks it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from transforms import bulk, checksum, database, tables
from transforms.database import Databases
from transforms.publish import checks, joined
from transforms.publish.checks import Check
from transforms.publish.delta import Delta, begun_keys, ended_keys
from transforms.run import Settings

_NO_PLACE = "UPDATE {} SET address_id = NULL, building_id = NULL, division_code = NULL, place_reason = NULL"
_ON_THE_WAY = {  # what a check of one table needs broken in another, or in a way of its own
    "place_grid.grid_of_the_cut_before_is_known": "UPDATE place_grid SET grid_id = 'nowhere'",
    "place_grid.grid_or_reason": "UPDATE place_grid SET reason = 'gap' WHERE grid_id IS NOT NULL",
    "fact_facility.grid_or_reason": "UPDATE fact_facility SET division_code = NULL, place_reason = NULL;"
    "DELETE FROM place_grid WHERE node_kind = 'facility'",
    "record.merged_has_an_entity": "UPDATE record SET entity_id = NULL",
    "record.merged_stands_in_an_entity": "UPDATE identity SET state = 'retired'",
    "identity.retired_says_when": "UPDATE identity SET retired_release = NULL",
    "change.sequence_without_gap": "DELETE FROM change WHERE seq = 2",
    "change.event_is_known": "UPDATE change SET event = 'forgotten' WHERE seq = 1",
    "release.numbers_without_gap": "INSERT INTO release VALUES (4, '2026-10-04', 'x', '{}')",
    "source_state.batch_has_a_day": "UPDATE source_state SET as_of = NULL",
    "stat_grid.small_counts_are_hidden": "UPDATE stat_grid SET houses = 4",
    "disputed.state_is_known": "UPDATE disputed SET state = 'hidden'",
    "restricted.state_is_known": "UPDATE restricted SET state = 'hidden'",
    "std_address.status_is_known": "UPDATE std_address SET status = 'current'",
    "std_grid.level_is_known": "UPDATE std_grid SET level = 'tiny'",
    "std_division.code_has_twelve_digits": "UPDATE std_division SET code = '44' WHERE level = 'province'",
    "grid_crosswalk.weight_is_a_share": "UPDATE grid_crosswalk SET weight = 1.5",
    "building_grid.grid_id_resolves": "UPDATE building_grid SET grid_id = 'nowhere' WHERE assigned",
    "building_grid.share_is_a_share": "UPDATE building_grid SET share = 1.5",
    "building_grid.assigned_once": "UPDATE building_grid SET assigned = (share > 2)",
    "fact_household.size_is_its_members": "UPDATE fact_household SET size = 99",
}


def breaking(check: Check) -> str:
    """The statement after which a check must find a row."""
    name = f"{check.table}.{check.name}"
    if name in _ON_THE_WAY:
        return _ON_THE_WAY[name]
    if check.name == "known_to_after_known_from":
        return f"UPDATE {check.table} SET known_to = known_from"
    if check.name == "address_or_reason":
        return f"UPDATE {check.table} SET address_id = NULL, place_reason = NULL"
    if check.name == "grid_or_reason":
        return _NO_PLACE.format(check.table)
    column = check.name.removesuffix("_resolves")
    assert column in tables.load_all()[check.table].columns, f"say how {name} is broken"
    return f"UPDATE {check.table} SET {column} = 'nowhere'"


def test_every_table_has_rows_and_no_check_finds_one(filled: Databases) -> None:
    found = checks.load_all()
    assert {check.table for check in found} == set(tables.of("release"))
    with database.reading(filled.release) as connection:
        for check in found:
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {check.table}").scalar_one() > 0, check.table
            assert checks.offending(connection, check.query) == 0, f"{check.table}.{check.name}"


def test_every_check_finds_what_breaks_it(filled: Databases) -> None:
    for check in checks.load_all():
        with filled.release.connect() as connection, connection.begin() as transaction:
            for statement in breaking(check).split(";"):
                connection.exec_driver_sql(statement)
            assert checks.offending(connection, check.query) > 0, f"{check.table}.{check.name}"
            transaction.rollback()


def test_a_file_finds_the_same_by_hash_joins(sqlite_template: Path, tmp_path: Path) -> None:
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)})
    whole = (sqlite_template / "release.db").resolve()
    queries = [check.query for check in checks.load_all()]
    assert queries
    with joined.asking(settings, whole, queries) as count:
        assert [check.name for check in checks.load_all() if count(check.query)] == []
    for check in checks.load_all():
        broken = tmp_path / "broken.db"
        shutil.copy(whole, broken)
        engine = database.sqlite_engine(broken, durable=False)
        with database.writing(engine) as connection:
            for statement in breaking(check).split(";"):
                connection.exec_driver_sql(statement)
            rows = checks.offending(connection, check.query)
        with joined.asking(settings, broken, [check.query]) as count:
            assert count(check.query) == rows > 0, f"{check.table}.{check.name}"


def found_in_delta(connection: Connection, check: Check, delta: Delta) -> int:
    return sum(checks.offending(connection, query) for query in checks.changed(check, delta))


def stage(connection: Connection, name: str, table: str) -> None:
    """What checks need of every row of a table, as if all had begun or ended tonight."""
    columns = checks.staged_columns().get(table, tables.load_all()[table].key)
    bulk.stage(connection, name, table, bulk.select(connection, table, columns))


def test_every_check_finds_the_broken_row_among_those_that_began(filled: Databases) -> None:
    for check in checks.load_all():
        with filled.release.connect() as connection, connection.begin() as transaction:
            delta = Delta(1, False, checksum.EMPTY, {}, begun={check.table})  # of release 1 are the rows that break
            stage(connection, begun_keys(check.table), check.table)
            assert found_in_delta(connection, check, delta) == 0, f"{check.table}.{check.name}"
            for statement in breaking(check).split(";"):
                connection.exec_driver_sql(statement)
            stage(connection, begun_keys(check.table), check.table)  # a broken key is another key
            assert found_in_delta(connection, check, delta) > 0, f"{check.table}.{check.name}"
            transaction.rollback()


def test_of_an_appended_table_only_tonights_rows_are_asked(filled: Databases) -> None:
    asked = {f"{check.table}.{check.name}": check for check in checks.load_all()}
    check, tonight = asked["change.event_is_known"], [Delta(number, False, checksum.EMPTY, {}) for number in (1, 2)]
    with filled.release.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql(breaking(check))
        assert [found_in_delta(connection, check, delta) for delta in tonight] == [1, 0]
        transaction.rollback()
    with filled.release.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql("UPDATE change SET release = 2 WHERE seq > 2")
        connection.exec_driver_sql(breaking(asked["change.sequence_without_gap"]))
        gap = [
            found_in_delta(connection, asked["change.sequence_without_gap"], Delta(n, False, "", {})) for n in (1, 2)
        ]
        assert gap == [0, 1]
        transaction.rollback()


def test_a_row_that_began_as_its_like_ended_is_not_asked_and_any_other_is(filled: Databases) -> None:
    asked = [
        check
        for check in checks.load_all()
        if check.table in checksum.counted() and checks.asks(check)
        if breaking(check).startswith(f"UPDATE {check.table} ")
    ]
    assert len(asked) > 30
    for check in asked:
        with filled.release.connect() as connection, connection.begin() as transaction:
            delta = Delta(1, False, checksum.EMPTY, {}, begun={check.table}, ended={check.table})
            stage(connection, ended_keys(check.table), check.table)
            stage(connection, begun_keys(check.table), check.table)
            alike = checks.changed(check, delta)[0]
            for part in breaking(check).split(";"):
                connection.exec_driver_sql(part)
            assert checks.offending(connection, alike) == 0, f"{check.table}.{check.name}"
            stage(connection, begun_keys(check.table), check.table)
            assert checks.offending(connection, checks.changed(check, delta)[0]) > 0, f"{check.table}.{check.name}"
            transaction.rollback()


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("fact_person.house_id_resolves", {"house_id"}),
        ("fact_person.grid_or_reason", {"address_id", "building_id", "division_code", "place_reason"}),
        ("rel_person_house.house_id_resolves", set()),
        ("fact_person.known_to_after_known_from", None),
        ("building_grid.assigned_once", None),
        ("place_grid.grid_id_resolves", None),
    ],
)
def test_what_a_check_looks_at(name: str, columns: set[str] | None) -> None:
    """Not known where it asks of versions, of several rows together, or of its table a second time."""
    [check] = [check for check in checks.load_all() if f"{check.table}.{check.name}" == name]
    assert checks.asks(check) == columns


def test_a_row_that_stays_is_found_when_what_it_points_to_ended(filled: Databases) -> None:
    asked = [(check, found["other"]) for check in checks.load_all() if (found := checks.EXISTS.search(check.query))]
    assert len(asked) > 40
    for check, other in asked:
        with filled.release.connect() as connection, connection.begin() as transaction:
            delta = Delta(3, False, checksum.EMPTY, {}, ended={other})
            stage(connection, ended_keys(other), other)
            assert found_in_delta(connection, check, delta) == 0, f"{check.table}.{check.name}"
            connection.exec_driver_sql(f"DELETE FROM {other}")
            points = f"SELECT count(*) FROM ({check.query}) AS broken"
            whole = int(connection.exec_driver_sql(points).scalar_one())
            assert (found_in_delta(connection, check, delta) > 0) == (whole > 0), f"{check.table}.{check.name}"
            transaction.rollback()


def test_a_change_elsewhere_that_may_break_a_row_asks_all_rows() -> None:
    asked = {f"{check.table}.{check.name}": check for check in checks.load_all()}
    grid, nothing = Delta(3, False, checksum.EMPTY, {}, begun={"std_grid"}), Delta(3, False, checksum.EMPTY, {})
    check = asked["fact_person.grid_or_reason"]
    assert checks.changed(check, grid) == [check.query]
    assert checks.changed(check, nothing) == []


@pytest.mark.parametrize(
    ("what", "statement"),
    [
        ("ended", "UPDATE fact_person SET known_to = 3 WHERE person_id = 'per1' AND known_to IS NULL"),
        ("ended", "UPDATE fact_person SET household_id = NULL WHERE person_id = 'per1' AND known_to IS NULL"),
        ("begun", "UPDATE fact_person SET household_id = 'hh1' WHERE person_id = 'per4'"),
    ],
)
def test_a_row_is_asked_whose_members_left_or_came(filled: Databases, what: str, statement: str) -> None:
    [check] = [check for check in checks.load_all() if checks.MEMBER.search(check.query)]
    with filled.release.connect() as connection, connection.begin() as transaction:
        one_side = Delta(3, False, checksum.EMPTY, {}, **{what: {"fact_person"}})
        both = Delta(3, False, checksum.EMPTY, {}, begun={"fact_person"}, ended={"fact_person"})
        assert checks.changed(check, Delta(3, False, checksum.EMPTY, {})) == []
        stage(connection, ended_keys("fact_person"), "fact_person")
        stage(connection, begun_keys("fact_person"), "fact_person")
        assert [found_in_delta(connection, check, delta) for delta in (one_side, both)] == [0, 0]
        connection.exec_driver_sql(statement)
        assert found_in_delta(connection, check, both) == 0, "who is on both sides neither left nor came"
        if what == "begun":
            stage(connection, begun_keys("fact_person"), "fact_person")
        else:
            connection.exec_driver_sql(f"DELETE FROM {begun_keys('fact_person')} WHERE person_id = 'per1'")
        told = [found_in_delta(connection, check, delta) for delta in (one_side, both)]
        assert told == [1, 1], "counted once, though several versions name it"
        transaction.rollback()


def test_no_two_checks_share_a_name() -> None:
    names = [(check.table, check.name) for check in checks.load_all()]
    assert len(names) > len(tables.of("release"))
    assert len(set(names)) == len(names)
