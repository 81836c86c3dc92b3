"""What a delta broke is found among the rows that it touched: as many checks as all rows would break, and no other."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import Connection

from tests.broken import breaking
from transforms import bulk, checksum, tables
from transforms.database import Databases
from transforms.publish import checks, touched
from transforms.publish.checks import Check
from transforms.publish.delta import Delta, begun_keys, ended_keys
from transforms.publish.touched import Touched


def found_in_delta(connection: Connection, check: Check, delta: Delta, lost: frozenset[str] = frozenset()) -> int:
    queries = Touched(delta, lost, recut=False).queries(check)
    return sum(checks.offending(connection, query) for query in queries)


def stage(connection: Connection, name: str, table: str) -> None:
    """What checks need of every row of a table, as if all had begun or ended tonight."""
    columns = touched.staged_columns().get(table, tables.load_all()[table].key)
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
            alike = Touched(delta, frozenset(), recut=False).queries(check)[0]
            for part in breaking(check).split(";"):
                connection.exec_driver_sql(part)
            assert checks.offending(connection, alike) == 0, f"{check.table}.{check.name}"
            stage(connection, begun_keys(check.table), check.table)
            assert checks.offending(connection, Touched(delta, frozenset(), recut=False).queries(check)[0]) > 0, (
                f"{check.table}.{check.name}"
            )
            transaction.rollback()


def test_a_row_that_stays_is_found_when_what_it_points_to_is_lost(filled: Databases) -> None:
    asked = [(check, found["other"]) for check in checks.load_all() if (found := checks.EXISTS.search(check.query))]
    assert len(asked) > 40
    for check, other in asked:
        with filled.release.connect() as connection, connection.begin() as transaction:
            delta, lost = Delta(3, False, checksum.EMPTY, {}, ended={other}), frozenset({other})
            stage(connection, ended_keys(other), other)
            assert found_in_delta(connection, check, delta, lost) == 0, f"{check.table}.{check.name}"
            connection.exec_driver_sql(f"DELETE FROM {other}")
            points = f"SELECT count(*) FROM ({check.query}) AS broken"
            whole = int(connection.exec_driver_sql(points).scalar_one())
            assert (found_in_delta(connection, check, delta, lost) > 0) == (whole > 0), f"{check.table}.{check.name}"
            transaction.rollback()


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
        assert Touched(Delta(3, False, checksum.EMPTY, {}), frozenset(), recut=False).queries(check) == []
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


# Of a table, the current rows with this: what is told of them from now on, or None: they end.
Turn = tuple[str, str, dict[str, str] | None]
_GONE: list[Turn] = [("place_grid", f"node_kind = '{kind}'", None) for kind in ("address", "building", "division")]
_LATER = {"cut": "'2027-01-01'"}
_FACTS = {"fact_person", "fact_house", "fact_household", "fact_premises"}


def turn(connection: Connection, turns: list[Turn]) -> Touched:
    """What release 3 ends and begins, written and staged as publish does."""
    laid, delta = touched.staged_columns(), Delta(3, False, checksum.EMPTY, {})
    for table, _, _ in turns:
        for of in (ended_keys(table), begun_keys(table)):
            bulk.stage(connection, of, table, bulk.select(connection, table, laid[table]).slice(0, 0))
    for table, where, new in turns:
        names = tables.load_all()[table].facts.names
        keep = f"FROM {table} WHERE known_to IS NULL AND {where}"
        connection.exec_driver_sql(f"INSERT INTO {ended_keys(table)} SELECT {bulk.listed(laid[table])} {keep}")
        delta.ended.add(table)
        connection.exec_driver_sql(f"CREATE TEMP TABLE went AS SELECT {bulk.listed(names)} {keep}")
        connection.exec_driver_sql(f"UPDATE {table} SET known_to = 3 WHERE known_to IS NULL AND {where}")
        if new is not None:
            told = ", ".join(new.get(name, f'"{name}"') for name in names)
            into = f"{table} ({bulk.listed(names)}, known_from)"
            connection.exec_driver_sql(f"INSERT INTO {into} SELECT {told}, 3 FROM went")
            some = ", ".join(f'{new.get(name, name)} AS "{name}"' for name in laid[table])
            connection.exec_driver_sql(f"INSERT INTO {begun_keys(table)} SELECT {some} FROM went")
            delta.begun.add(table)
        connection.exec_driver_sql("DROP TABLE went")
    return touched.look(connection, delta)


@pytest.mark.parametrize(
    ("turns", "broken", "recut"),
    [
        pytest.param([("place_grid", "node_kind = 'building'", {"grid_id": "'g2'"})], set(), False, id="moved"),
        pytest.param([("place_grid", "node_kind = 'building'", None)], set(), False, id="another place is left"),
        pytest.param(_GONE, _FACTS, False, id="no place is left"),
        pytest.param(
            [("place_grid", "node_kind = 'building'", {"grid_id": "'nowhere'"})],
            {"place_grid", *_FACTS} - {"fact_premises"},
            False,
            id="unknown grid",
        ),
        pytest.param(
            [("std_grid", "grid_id = 'g2'", None)],
            {"fact_facility", "place_grid", "building_grid", "std_grid"},
            False,
            id="grid lost",
        ),
        pytest.param(
            [("std_grid", "grid_id = 'g2'", {"cut": "'2020-01-01'"})],
            {"fact_facility", "place_grid"},
            False,
            id="old grid",
        ),
        pytest.param([("std_grid", "grid_id = 'g2'", {"name": "'x'"})], set(), False, id="grid renamed"),
        pytest.param(
            [("std_grid", "grid_id = 'g0'", _LATER)],
            _FACTS | {"fact_facility", "fact_organization"},
            True,
            id="cut of grids",
        ),
        pytest.param(
            [("place_grid", "node_kind = 'facility'", _LATER)], _FACTS | {"place_grid"}, True, id="cut of places"
        ),
        pytest.param([("place_grid", "true", _LATER), ("std_grid", "true", _LATER)], set(), True, id="cut of both"),
        pytest.param(
            [("place_grid", "node_kind = 'facility'", _LATER), ("std_grid", "true", _LATER)],
            _FACTS,
            True,
            id="cut of both without places",
        ),
        pytest.param(
            [("place_grid", "node_kind <> 'facility'", _LATER), ("std_grid", "true", _LATER)],
            set(),
            True,
            id="cut of both without facilities, which have another reason",
        ),
        pytest.param(
            [
                ("place_grid", "node_kind = 'facility'", _LATER | {"grid_id": "'nowhere'"}),
                ("place_grid", "node_kind <> 'facility'", _LATER),
                ("std_grid", "true", _LATER),
            ],
            {"fact_facility", "place_grid"},
            True,
            id="cut of both with an unknown grid",
        ),
        pytest.param(
            [("std_address", "address_id = 'a2'", None)], _FACTS - {"fact_premises"}, False, id="address lost"
        ),
        pytest.param([("std_address", "address_id = 'a2'", {"name": "'x'"})], set(), False, id="address renamed"),
        pytest.param(
            [
                ("place_grid", "node_kind = 'facility'", {"grid_id": "'g3'"}),
                (
                    "fact_person",
                    "person_id = 'per1'",
                    {"address_id": "NULL", "building_id": "NULL", "division_code": "NULL"},
                ),
            ],
            {"fact_person"},
            False,
            id="fact without a place",
        ),
    ],
)
def test_a_night_breaks_among_touched_rows_what_it_breaks_among_all(
    filled: Databases, turns: list[Turn], broken: set[str], recut: bool
) -> None:
    with filled.release.connect() as connection, connection.begin() as transaction:
        found = turn(connection, turns)
        assert found.recut == recut
        whole = {check for check in checks.load_all() if checks.offending(connection, check.query)}
        some = {
            check for check in checks.load_all() if any(checks.offending(connection, q) for q in found.queries(check))
        }
        assert some <= whole
        assert whole - some == {check for check in whole if checks.viewed(check)} - some
        assert some or not whole
        assert ("place_grid" in {check.table for check in some}) >= bool(whole - some), "which says why they break"
        assert {check.table for check in whole} == broken
        transaction.rollback()


def test_a_cut_that_was_withdrawn_asks_of_those_that_lay_in_none(filled: Databases) -> None:
    """The cut before stays beside the newest: where it is the newest again, places are seen that did not change."""
    with filled.release.connect() as connection, connection.begin() as transaction:
        earlier = "UPDATE place_grid SET cut = '2020-01-01', grid_id = 'gone' WHERE node_kind = 'division'"
        connection.exec_driver_sql(earlier)
        [check] = [check for check in checks.load_all() if "FROM v1_organization AS one" in check.query]
        assert checks.offending(connection, check.query) == 0
        found = turn(connection, [("place_grid", "cut > '2020-01-01'", None)])
        assert found.recut
        assert [checks.offending(connection, query) for query in found.queries(check)] == [1]
        transaction.rollback()


def test_of_a_new_cut_that_has_every_place_no_fact_is_asked(filled: Databases) -> None:
    looks = [check for check in checks.load_all() if checks.viewed(check)]
    assert len(looks) == 6
    with filled.release.connect() as connection, connection.begin() as transaction:
        found = turn(connection, [("place_grid", "true", _LATER), ("std_grid", "true", _LATER)])
        assert (found.recut, found.apart, found.left) == (True, False, False)
        assert [found.queries(check) for check in looks] == [[]] * 6
        whole = {check.table for check in checks.load_all() if found.queries(check) == [check.query]}
        assert {"place_grid", "std_grid"} <= whole, "of the grids themselves all is asked"
        transaction.rollback()


@pytest.mark.parametrize("withdrawn", [False, True])
def test_a_cut_may_begin_beside_the_one_before_or_be_withdrawn(filled: Databases, withdrawn: bool) -> None:
    """As account closes it, places of the cut before go on: what the cut that is the newest now has not is asked."""
    [check] = [check for check in checks.load_all() if "FROM v1_house AS one" in check.query]
    names = bulk.listed(tables.load_all()["place_grid"].facts.names)
    later = names.replace('"cut"', "'2027-01-01'")
    with filled.release.connect() as connection, connection.begin() as transaction:
        begun = f"INSERT INTO place_grid ({names}, known_from) SELECT {later}, {2 if withdrawn else 3} FROM place_grid"
        if withdrawn:
            connection.exec_driver_sql(f"{begun} WHERE known_to IS NULL")
            connection.exec_driver_sql("DELETE FROM place_grid WHERE node_kind <> 'facility' AND cut < '2027-01-01'")
            connection.exec_driver_sql("UPDATE std_grid SET cut = '2027-01-01'")
            earlier: list[Turn] = [("std_grid", "true", {"cut": "'2026-09-30'"})]
            found = turn(connection, [("place_grid", "cut = '2027-01-01'", None), *earlier])
        else:
            connection.exec_driver_sql(f"{begun} WHERE known_to IS NULL AND node_kind = 'facility'")
            found = turn(connection, [("place_grid", "false", None), ("std_grid", "true", _LATER)])
        assert (found.recut, found.apart, found.left) == (True, False, True)
        assert checks.offending(connection, check.query) == 1
        assert [checks.offending(connection, query) for query in found.queries(check)] == [1]
        assert check.query not in found.queries(check)
        transaction.rollback()


def test_where_facts_lie_is_found_in_every_view_that_a_check_asks() -> None:
    views = [told for check in checks.load_all() if (told := checks.viewed(check))]
    assert len(views) == 6
    for told in views:
        assert len(touched._PLACED.findall(told)) == told.count("JOIN v1_place") == 3


def test_of_a_city_in_which_little_moved_little_is_asked(filled: Databases) -> None:
    with filled.release.connect() as connection, connection.begin() as transaction:
        found = turn(
            connection,
            [("place_grid", "node_kind = 'facility'", {"grid_id": "'g3'"}), ("std_address", "true", {"name": "'x'"})],
        )
        whole = [check for check in checks.load_all() if check.query in found.queries(check)]
        assert {check.table for check in whole}.isdisjoint(checksum.counted())
        asked = {check.table for check in checks.load_all() if check not in whole and found.queries(check)}
        assert asked - {"change", "source_state"} == {"std_address", "place_grid"}
        transaction.rollback()
