"""What readers see: the grid of every fact, the grids above it, how it was found, or why there is none."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from transforms import database, tables
from transforms.database import Databases

_PARAMETERS = {
    "release": 1, "town": "445302001000", "code": "445302001000", "house": "h1", "seq": 3, "record": "rec3",
    "day": "2026-10-01", "cut": "2026-09-30", "grid": "445302G1", "entity": "per3",
}  # fmt: skip


def rows(dbs: Databases, query: str, **bound: object) -> list[tuple[object, ...]]:
    with database.reading(dbs.release) as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), bound)]


def named(dbs: Databases, name: str) -> list[tuple[object, ...]]:
    query = (tables.SQL / "queries" / f"{name}.sql").read_text("utf-8")
    return rows(dbs, query, **{key: value for key, value in _PARAMETERS.items() if f":{key}" in query})


def placed(dbs: Databases, view: str, key: str) -> list[tuple[object, ...]]:
    return rows(dbs, f"SELECT {key}, grid_id, grid_method, grid_reason FROM {view} ORDER BY {key}")


def test_a_fact_takes_its_grid_from_the_finest_node_that_has_one(filled: Databases) -> None:
    assert placed(filled, "v1_premises", "premises_id") == [("p1", "g3", "polygon", None)]
    assert placed(filled, "v1_house", "house_id") == [("h1", "g3", "building", None)]
    assert placed(filled, "v1_organization", "organization_id") == [("o1", "g1", "village", None)]
    assert placed(filled, "v1_facility", "facility_id") == [("f1", "g2", "polygon", None)]
    assert [row[0] for row in placed(filled, "v1_person", "person_id")] == ["per1", "per2", "per4"]


def test_a_fact_without_a_grid_says_why(filled: Databases) -> None:
    with database.writing(filled.release) as connection:
        connection.exec_driver_sql("UPDATE place_grid SET grid_id = NULL, method = NULL, reason = 'gap'")
    assert placed(filled, "v1_house", "house_id") == [("h1", None, None, "gap")]


VIEWS = sorted(path.stem for path in (tables.SQL / "views").glob("v1_*.sql"))


def test_the_chain_holds_the_codes_of_every_level_above(filled: Databases) -> None:
    chain = "SELECT large_code, medium_code, small_code, micro_code FROM "
    assert rows(filled, f"{chain} v1_premises") == [("445302G0", "445302G1", "445302G2", "445302G3")]
    assert rows(filled, f"{chain} v1_organization") == [("445302G0", "445302G1", None, None)]


def test_another_cut_is_not_shown_as_the_current_one(filled: Databases) -> None:
    with database.writing(filled.release) as connection:
        listed = "node_kind, node_id, valid_from, provenance, method, known_from, grid_id"
        connection.exec_driver_sql(
            f"INSERT INTO place_grid ({listed}, cut) SELECT {listed.replace('grid_id', '')} 'g0', '2020-01-01' "
            "FROM place_grid WHERE node_id = 'a1'"
        )
    assert placed(filled, "v1_premises", "premises_id") == [("p1", "g3", "polygon", None)]


@pytest.mark.parametrize("view", [v for v in VIEWS if v != "v1_source"])  # a row a source, all of them wanted
def test_one_entity_is_found_without_reading_a_table_or_view_whole(filled: Databases, view: str) -> None:
    own = {"v1_division": "code", "v1_place": "node_kind = 'address' AND node_id", "v1_disputed": "entity_id"}
    key = own.get(view, f"{view[3:]}_id")
    with database.reading(filled.release) as connection:
        if filled.dialect == "sqlite":
            plan = list(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE {key} = 'x'"))
            whole = [row[3] for row in plan if row[3].startswith(("SCAN", "MATERIALIZE"))]
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = list(connection.exec_driver_sql(f"EXPLAIN SELECT * FROM {view} WHERE {key} = 'x'"))
            whole = [row[0] for row in plan if "Seq Scan" in row[0]]
    assert plan
    assert whole == []


def test_the_named_questions_have_their_answers(filled: Databases) -> None:
    asked = {path.stem: named(filled, path.stem) for path in sorted((tables.SQL / "queries").glob("*.sql"))}
    assert asked == {
        "buildings_in_a_cut": [("b1", "445302G3", "building", None)],
        "buildings_in_several_grids": [("b1", "B1", "445302G2", 0.75, 1), ("b1", "B1", "445302G3", 0.25, 0)],
        "changes_after": [
            (4, 2, "person", "per1", "update", "name", None),
            (5, 2, "person", "per3", "merge", None, "per1"),
        ],
        "division_today": [("445302001000", "town“合成”", "current")],
        "entity_of_a_record": [("src", "person", "merged", "per1", "live", None)],
        "facts_without_a_grid": [],
        "identity_today": [("per1", "live", 1)],
        "organizations_as_of_a_day": [("o1", "合成公司", None)],
        "organizations_changed_in_a_town": [],
        "persons_as_of_a_release": [
            ("per1", "张合成1", "a2", "number"),
            ("per2", "张合成2", "a2", "number"),
            ("per3", "张合成3", "a2", "number"),
        ],
        "persons_in_a_grid_on_a_day": [("per1", "g3"), ("per2", "g3"), ("per3", "g3")],
        "persons_in_a_house": [("actual", 1)],
        "persons_per_small_grid": [("445302G2", 3)],
        "registered_here_living_elsewhere": [],
    }


def test_a_retired_id_of_an_address_keeps_resolving_to_its_successor_or_to_itself(filled: Databases) -> None:
    told = [
        ("a0", "retired", 2, "a9"),
        ("a9", "retired", 3, "a1"),
        ("a1", "live", None, None),
        ("gone", "retired", 2, None),
    ]
    with database.writing(filled.release) as connection:
        connection.exec_driver_sql("DELETE FROM identity WHERE kind = 'address'")
        for entity, state, retired, signpost in told:
            connection.execute(
                sa.text("INSERT INTO identity VALUES (:entity, 'address', 1, :state, :retired, :signpost, 'r')"),
                {"entity": entity, "state": state, "retired": retired, "signpost": signpost},
            )
    question = (tables.SQL / "queries" / "identity_today.sql").read_text("utf-8")
    found = {entity: rows(filled, question, entity=entity) for entity, *_ in told}
    assert found == {
        "a0": [("a1", "live", 2)],
        "a9": [("a1", "live", 1)],
        "a1": [("a1", "live", 0)],
        "gone": [("gone", "retired", 0)],
    }


def test_persons_of_a_grid_are_found_under_the_old_cut_and_the_new_one(filled: Databases) -> None:
    question = (tables.SQL / "queries" / "persons_in_a_grid_on_a_day.sql").read_text("utf-8")

    def asked(cut: str, grid: str, day: str = "2026-10-02") -> list[str]:
        return [str(row[0]) for row in rows(filled, question, cut=cut, grid=grid, day=day)]

    before = asked("2026-09-30", "445302G3")
    assert before == ["per1", "per2", "per4"]
    moved = {  # a new cut: everything stands in another grid, and the old rows end
        "std_grid": {"grid_id": "'n' || grid_id", "code": "'new-' || code", "parent_id": "'n' || parent_id"},
        "place_grid": {"grid_id": "'n' || grid_id"},
    }
    with database.writing(filled.release) as connection:
        for table, changed in moved.items():
            names = [field.name for field in tables.load_all()[table].schema if field.name != "known_to"]
            values = {name: name for name in names} | changed | {"cut": "'2026-10-02'", "known_from": "3"}
            connection.exec_driver_sql(f"UPDATE {table} SET known_to = 3 WHERE known_to IS NULL")
            connection.exec_driver_sql(
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values[n] for n in names)} FROM {table}"
            )
    assert asked("2026-09-30", "445302G3") == before
    assert asked("2026-10-02", "new-445302G3") == before
    assert asked("2026-10-02", "445302G3") == []
    assert asked("2026-09-30", "445302G3", day="2026-10-01") == ["per1", "per2", "per3"]


def test_who_is_registered_here_and_lives_elsewhere_and_since_when(filled: Databases) -> None:
    ties = [  # person, house, role, record, valid_from, known_from, known_to
        ("per1", "h1", "registered", "r1", "2026-09-01", 1, 2),
        ("per1", "h1", "registered", "r2", "2026-09-30", 2, None),  # another record says the same
        ("per1", "h2", "actual", "r3", "2026-08-01", 1, 2),  # lived there, came home, went again
        ("per1", "h1", "actual", "r4", "2026-10-02", 2, 3),
        ("per1", "h2", "actual", "r5", "2026-10-03", 3, None),
        ("per2", "h1", "registered", "r6", "2026-09-01", 1, None),  # shut away below
        ("per2", "h2", "actual", "r7", "2026-09-01", 1, None),
        ("per3", "h1", "registered", "r8", "2026-09-01", 1, None),  # nobody says where he lives
        ("per4", "h1", "registered", "r9", "2026-09-01", 1, None),  # at home
        ("per4", "h1", "actual", "ra", "2026-09-01", 1, None),
        ("per5", "h1", "registered", "rb", "2026-10-02", 2, None),  # registered here when he lived there already
        ("per5", "h2", "actual", "rc", "2026-09-05", 1, None),
        ("per6", "h2", "registered", "rd", "2026-09-01", 1, None),  # the other way round: of the other house
        ("per6", "h1", "actual", "re", "2026-09-01", 1, None),
        ("per8", "h1", "actual", "rh", "2026-08-01", 1, 2),  # came to be registered where he lived, and moved
        ("per8", "h1", "registered", "ri", "2026-09-29", 2, None),
        ("per8", "h2", "actual", "rj", "2026-09-30", 2, None),
        ("per7", "h1", "registered", "rf", "2026-09-01", 1, 3),  # is so no longer
        ("per7", "h2", "actual", "rg", "2026-09-01", 1, None),
    ]
    names = ("person_id", "house_id", "role", "record_id", "valid_from", "known_from", "known_to")
    with database.writing(filled.release) as connection:
        connection.exec_driver_sql("DELETE FROM rel_person_house")
        connection.exec_driver_sql("INSERT INTO restricted VALUES ('per2', 'restricted')")
        insert = f"INSERT INTO rel_person_house ({', '.join(names)}, provenance) VALUES (:{', :'.join(names)}, '{{}}')"
        days = sa.bindparam("valid_from", type_=sa.Date())
        told = [dict(zip(names, tie, strict=True)) for tie in ties]
        told = [tie | {"valid_from": dt.date.fromisoformat(str(tie["valid_from"]))} for tie in told]
        connection.execute(sa.text(insert).bindparams(days), told)
    question = (tables.SQL / "queries" / "registered_here_living_elsewhere.sql").read_text("utf-8")

    def asked(house: str) -> list[tuple[object, ...]]:
        return [tuple(str(value) for value in row) for row in rows(filled, question, house=house)]

    assert asked("h1") == [
        ("per1", "h2", "2026-09-01", "2026-10-03", "2026-10-03", "r2", "r5"),
        ("per5", "h2", "2026-10-02", "2026-09-05", "2026-10-02", "rb", "rc"),
        ("per8", "h2", "2026-09-29", "2026-09-30", "2026-09-30", "ri", "rj"),
    ]
    assert asked("h2") == [("per6", "h1", "2026-09-01", "2026-09-01", "2026-09-01", "rd", "re")]


def test_a_retired_division_code_leads_to_todays_with_a_note(filled: Databases) -> None:
    ended = "DATE '1994-04-05'" if filled.dialect == "postgresql" else "'1994-04-05'"
    names = [f.name for f in tables.load_all()["std_division"].schema]
    changed = {"code": "'441228000000'", "valid_to": ended, "successor_code": "'445302000000'"}
    told = ", ".join(changed.get(name, name) for name in names)
    with database.writing(filled.release) as connection:
        connection.exec_driver_sql(
            f"INSERT INTO std_division ({', '.join(names)}) SELECT {told} FROM std_division WHERE code = '445302000000'"
        )
    question = (tables.SQL / "queries" / "division_today.sql").read_text("utf-8")
    assert [row[::2] for row in rows(filled, question, code="441228000000")] == [
        ("441228000000", "ended 1994-04-05, succeeded by 445302000000"), ("445302000000", "current"),
    ]  # fmt: skip
    assert rows(filled, question, code="999999000000") == []


def test_organizations_that_changed_are_found_by_town(filled: Databases) -> None:
    with database.writing(filled.release) as connection:
        connection.exec_driver_sql("INSERT INTO change VALUES (6, 2, 'organization', 'o1', 'update', 'name', NULL)")
    assert named(filled, "organizations_changed_in_a_town") == [("o1", "合成公司", None, "445302G1", 2, "changed")]


def test_a_fact_as_of_a_day_is_the_version_that_held_then_as_far_as_is_known_now(filled: Databases) -> None:
    question = (tables.SQL / "queries" / "organizations_as_of_a_day.sql").read_text("utf-8")
    names = [f.name for f in tables.load_all()["fact_organization"].schema]
    later = {
        "name": "'后来公司'",
        "valid_from": "DATE '2026-10-20'" if filled.dialect == "postgresql" else "'2026-10-20'",
        "known_from": "2",
        "known_to": "NULL",
    }
    gone = {"organization_id": "'o2'", "name": "'注销公司'", "known_to": "2"}
    copy = "INSERT INTO fact_organization ({}) SELECT {} FROM fact_organization WHERE organization_id = 'o1'"
    with database.writing(filled.release) as connection:
        for changed in (gone, later):
            if changed is later:
                connection.exec_driver_sql("UPDATE fact_organization SET known_to = 2 WHERE organization_id = 'o1'")
            values = ", ".join(changed.get(name, name) for name in names)
            connection.exec_driver_sql(copy.format(", ".join(names), values))

    def asked(day: str) -> list[tuple[object, ...]]:
        return [row[:2] for row in rows(filled, question, day=day)]

    assert asked("2026-09-01") == []
    assert asked("2026-10-01") == [("o1", "合成公司"), ("o2", "注销公司")]
    assert asked("2026-10-19") == [("o1", "合成公司")]
    assert asked("2026-10-20") == [("o1", "后来公司")]
