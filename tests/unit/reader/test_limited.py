"""A consumer's feed is the difference of what its rights let it see: its copy equals its export, and nothing leaks."""

from __future__ import annotations

import copy
import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest

from tests import small_release as small
from tests.unit.reader.conftest import publish_city
from tests.unit.reader.test_export import OTHER_VILLAGE, TODAY
from tests.unit.reader.test_export import city as two_villages
from tests.unit.reader.test_export import package as narrow
from transforms import database, keys, tables
from transforms.errors import GridfactsError
from transforms.reader import asof, audit, export, feed, follow
from transforms.reader.limited import SPAN, Limited
from transforms.reader.package import Package
from transforms.reader.replica import Replica
from transforms.run import Settings

VILLAGE = "445302001001"
PERSON = {"fields": ["person_id", "name", "birth_date"], "minimum_age": 14, "divisions": ["445302000000"],
          "mask": {"person_id": "token", "name": "surname", "birth_date": "year"}}  # fmt: skip


def wide(consumer: str = "wide", **more: Any) -> Package:
    """Everything that is offered of persons, organizations, places and counts, as far as a package may."""
    token = {"mask": {"person_id": "token"}, "minimum_age": 14}
    told = {
        "v1_person": {"fields": ["person_id", "sex", "division_code", "grid_code", "small_code", "grid_reason"],
                      "divisions": ["445302000000"]} | token,
        "rel_person_house": {"fields": ["person_id", "house_id", "role"]} | token,
        "v1_organization": {"fields": ["organization_id", "name", "grid_code", "division_code"],
                            "divisions": [OTHER_VILLAGE, VILLAGE]},
        "v1_facility": {"fields": ["facility_id", "lon", "grid_id", "grid_method", "known_from"]},
        "v1_place": {"fields": ["node_kind", "node_id", "cut", "grid_id"]},
        "v1_grid": {"fields": ["grid_id", "grid_code", "large_code", "micro_code", "cut"]},
        "v1_premises": {"fields": ["name", "grid_code"]},
        "stat_grid": {"fields": ["grid_id", "persons"]},
    }  # fmt: skip
    return narrow(consumer, tables=told | more)


def source(settings: Settings, package: Package, connection: Any) -> Limited:
    found = follow.source(connection, settings, package, lambda rows: None, TODAY)
    assert isinstance(found, Limited)
    return found


def told(settings: Settings, package: Package, after: int = 2 * SPAN, limit: int = 1_000) -> list[feed.Event]:
    """Every event after the first release."""
    with database.reading(database.open_databases(settings).release) as connection:
        return source(settings, package, connection).page(after, limit).events


def followed(settings: Settings, path: Path, package: Package, limit: int = 1_000) -> dict[str, list[feed.Row]]:
    """A copy after pulling and applying everything, by table."""
    with database.reading(database.open_databases(settings).release) as connection:
        one = source(settings, package, connection)
        replica = Replica(path, one.shapes)
        while replica.pull(one, limit):
            pass
    replica.apply()
    found = {name: replica.rows(name) for name in package.tables}
    assert replica.release == database.current_release(database.open_databases(settings))
    replica.close()
    return found


def exported(settings: Settings, package: Package) -> dict[str, list[feed.Row]]:
    """What an export of the newest release holds, as a copy holds it."""
    dbs = database.open_databases(settings)
    night = database.read(dbs.release, "release", ["release", "night"]).to_pylist()[-1]["night"]
    with database.reading(dbs.release) as connection:
        found = {}
        for name in package.tables:
            rows = export.rows_of(connection, package, name, keys.load(settings), night).to_pylist()
            found[name] = [
                {field: value.isoformat() if isinstance(value, dt.date) else value for field, value in row.items()}
                for row in rows
            ]
    return found


def same(copied: dict[str, list[feed.Row]], told: dict[str, list[feed.Row]]) -> bool:
    return {n: sorted(map(str, rows)) for n, rows in copied.items()} == {
        n: sorted(map(str, rows)) for n, rows in told.items()
    }


def another(city: small.City, chance: random.Random) -> small.City:
    """The next night: some of what may happen to a row that somebody sees."""
    now = copy.deepcopy(city)
    person = chance.choice(now["fact_person"])
    person["sex"] = chance.choice(["male", "female"])
    person["division_code"] = chance.choice([VILLAGE, OTHER_VILLAGE, None])
    person["birth_date"] = dt.date(2012, 10, chance.randint(1, 6))
    person["birth_precision"] = chance.choice(["day", "year", None])
    now["fact_organization"][0]["division_code"] = chance.choice([VILLAGE, OTHER_VILLAGE, "440000000000"])
    for place in chance.sample(now["place_grid"], 2):
        place["grid_id"] = chance.choice(["g1", "g2", "g3"])
        place["method"], place["reason"] = "polygon", None
    if chance.random() < 0.3:
        now["std_grid"][3]["code"] = f"445302G{chance.randint(10, 99)}"
    if chance.random() < 0.3:
        gone = now["fact_facility"].pop() if now["fact_facility"] else None
        now["rel_facility_house"] = [] if gone else now["rel_facility_house"]
    now["stat_grid"][0]["persons"] = chance.randint(5, 9)
    if chance.random() < 0.5 and len(now["rel_person_house"]) == 1:
        now["rel_person_house"].append({**now["rel_person_house"][0], "person_id": "per2"})
    return now


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_copy_equals_the_export_of_every_release(settings: Settings, tmp_path: Path, seed: int) -> None:
    chance, before, seen = random.Random(seed), {}, 0
    now = two_villages()
    now["fact_person"][0]["birth_date"] = dt.date(2012, 10, 3)  # turns fourteen in the third night
    for number in range(1, 6):
        publish_city(settings, number, before, now)
        before, now = now, another(now, chance)
        for name in ("wide", "late"):
            if name == "wide" or number in (1, 5):  # one follows every night, one comes back after four
                package = wide(name)
                copied = followed(settings, tmp_path / f"{name}.db", package, limit=chance.choice([1, 3, 1_000]))
                assert same(copied, exported(settings, package)), (seed, number, name)
                seen += sum(map(len, copied.values()))
    assert seen > 60


def test_views_as_of_a_release_are_what_they_showed_then(settings: Settings) -> None:
    now_only = ("v1_source", "v1_disputed")
    views = sorted(path.stem for path in (tables.SQL / "views").glob("v1_*.sql") if path.stem not in now_only)

    def shown(release: int | None) -> dict[str, list[str]]:
        found = {}
        with database.reading(database.open_databases(settings).release) as connection:
            for name in views:
                query = f"SELECT * FROM {name}"
                rows = connection.exec_driver_sql(query if release is None else asof.as_of(query, release)).all()
                found[name] = sorted(map(str, rows))
        return found

    chance, before, now, then = random.Random(4), {}, two_villages(), {}
    for number in (1, 2, 3):
        publish_city(settings, number, before, now)
        then[number] = shown(None)
        before, now = now, another(now, chance)
    assert len(views) > 9
    assert all(then[1].values())
    assert then[1] != then[2] != then[3]
    assert {number: shown(number) for number in then} == then


def test_what_the_package_hides_is_no_event_and_leaves_no_gap(settings: Settings, tmp_path: Path) -> None:
    first = two_villages()
    first["fact_person"][2]["birth_date"] = dt.date(2014, 10, 2)
    second = copy.deepcopy(first)
    second["fact_person"][0] |= {"name": "张另名", "life_status": "moved_out", "birth_date": dt.date(1990, 7, 7)}
    second["fact_person"][1] |= {"name": "李外村"}  # lives in another county
    second["fact_person"][2] |= {"sex": "male"}  # a child
    second["fact_organization"][0] |= {"name": "合成二"}
    package = narrow(tables={"v1_person": PERSON})
    for number, (before, now) in enumerate([({}, first), (first, second), (second, first)], 1):
        publish_city(settings, number, before, now)
    assert told(settings, package) == [], "surname and year of birth, all that is told, stayed"
    with database.reading(database.open_databases(settings).release) as connection:
        page = source(settings, package, connection).page(2 * SPAN)
    assert [(mark.release, mark.seq) for mark in page.marks] == [(2, 3 * SPAN), (3, 4 * SPAN)]
    assert page.upto == 4 * SPAN
    named = narrow(tables={"v1_person": PERSON | {"mask": {"person_id": "token"}},
                           "v1_organization": {"fields": ["organization_id", "name"]}})  # fmt: skip
    events = told(settings, named)
    assert [(e.seq, e.kind, e.event, e.fields) for e in events] == [
        (2 * SPAN + 1, "v1_organization", "update", "name"), (2 * SPAN + 2, "v1_person", "update", "name|birth_date"),
        (3 * SPAN + 1, "v1_organization", "update", "name"), (3 * SPAN + 2, "v1_person", "update", "name|birth_date"),
    ]  # fmt: skip
    followed(settings, tmp_path / "copy.db", package)
    raw = (tmp_path / "copy.db").read_bytes() + str(events).encode()
    assert b"per1" not in raw
    assert keys.load(settings).export.identifier("consumer", "one", "per1").encode() in raw


def test_pages_of_any_size_tell_the_same_in_the_same_order(settings: Settings) -> None:
    chance, before, now = random.Random(9), {}, two_villages()
    for number in (1, 2, 3, 4):
        publish_city(settings, number, before, now)
        before, now = now, another(now, chance)
    whole = told(settings, wide())
    assert len(whole) > 8
    for limit in (1, 2, 5):
        paged: list[feed.Event] = []
        while part := told(settings, wide(), paged[-1].seq if paged else 2 * SPAN, limit):
            paged += part
        assert paged == whole
    by_release = {r: [e.seq - r * SPAN for e in whole if e.release == r] for r in (2, 3, 4)}
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in by_release.values())


def test_a_merge_is_told_only_to_who_sees_both(settings: Settings) -> None:
    first, second = small.first_city(), small.second_city()  # per3 goes into per1
    publish_city(settings, 1, {}, first)
    publish_city(settings, 2, first, second)
    dbs = database.open_databases(settings)
    with database.writing(dbs.release) as connection:
        connection.exec_driver_sql("UPDATE change SET event = 'split', other_id = 'per2' WHERE entity_id = 'per4'")
    both = narrow(tables={"v1_person": PERSON})
    token = {one: export.token_of(keys.load(settings), both, one) for one in ("per1", "per2", "per3", "per4")}
    found = {event.key: (event.event, event.other_id) for event in told(settings, both)}
    assert found == {(token["per3"],): ("merge", token["per1"]), (token["per4"],): ("split", token["per2"])}
    with database.writing(dbs.release) as connection:  # the others move out of sight
        connection.exec_driver_sql("UPDATE fact_person SET division_code = NULL WHERE person_id IN ('per1', 'per2')")
    found = {event.key: (event.event, event.other_id) for event in told(settings, both)}
    assert found == {(token["per3"],): ("retire", None), (token["per4"],): ("create", None)}


def test_a_person_who_turns_old_enough_comes_without_an_event_in_the_feed_of_all(settings: Settings) -> None:
    city = two_villages()
    city["fact_person"][2]["birth_date"] = dt.date(2012, 10, 3)
    for number, before in enumerate([{}, city, city], 1):
        publish_city(settings, number, before, city)
    with database.reading(database.open_databases(settings).release) as connection:
        assert [mark.seq for mark in feed.marks(connection)][0::2] == [feed.marks(connection)[0].seq] * 2
    assert [(e.release, e.event, e.row and e.row["birth_date"]) for e in told(settings, narrow(
        tables={"v1_person": PERSON}))] == [(3, "create", "2012")]  # fmt: skip


def test_other_rights_start_the_copy_anew_and_take_what_is_no_longer_shared(settings: Settings, tmp_path: Path) -> None:
    publish_city(settings, 1, {}, two_villages())
    wide_copy, path = wide("one"), tmp_path / "copy.db"
    assert followed(settings, path, wide_copy)["v1_organization"] == exported(settings, wide_copy)["v1_organization"]
    assert "合成店".encode() in path.read_bytes()
    less = narrow("one", tables={"v1_person": PERSON, "stat_grid": {"fields": ["grid_id", "persons"]}})
    assert same(followed(settings, path, less), exported(settings, less))
    assert "合成店".encode() not in path.read_bytes(), "not even in a free page"
    fewer = narrow("one", tables=less.model_dump()["tables"], threshold=8)
    assert followed(settings, path, fewer)["stat_grid"] == [{"grid_id": "g3", "persons": None}]
    assert same(followed(settings, path, narrow("two", tables=less.model_dump()["tables"])), exported(
        settings, narrow("two", tables=less.model_dump()["tables"])))  # fmt: skip


def test_numbers_are_told_as_an_export_tells_them(settings: Settings, tmp_path: Path) -> None:
    city = two_villages()
    city["vault_identifier"][0]["ciphertext"] = keys.load(settings).seal("SYNTHETIC-NUMBER-1")
    publish_city(settings, 1, {}, city)
    told = {"fields": ["entity_id", "number"], "mask": {"entity_id": "token"}, "minimum_age": 14}
    package = narrow(tables={"vault_identifier": told})
    assert [row["number"] for row in followed(settings, tmp_path / "copy.db", package)["vault_identifier"]] == [
        "SYNTHETIC-NUMBER-1"
    ]


def test_every_look_is_written_down_before_anything_is_told(settings: Settings, tmp_path: Path) -> None:
    first = two_villages()
    publish_city(settings, 1, {}, first)
    second = copy.deepcopy(first)
    second["fact_organization"][0]["name"] = "合成二"
    package = narrow(tables={"v1_organization": {"fields": ["organization_id", "name"]}})
    dbs = database.open_databases(settings)

    def looked(rows: int) -> None:
        audit.record_read(settings, who="李", action="feed", kind="one", purpose=package.purpose, rows=rows)

    def pulled() -> int:
        with database.reading(dbs.release) as connection:
            one = follow.source(connection, settings, package, looked, TODAY)
            replica = Replica(tmp_path / "copy.db", one.shapes)
            return sum(replica.pull(one) for _ in range(3))

    pulled()
    publish_city(settings, 2, first, second)
    assert pulled() == 1
    rows = database.read(dbs.control, "audit").to_pylist()
    assert [(row["action"], row["kind"], row["rows"]) for row in rows] == [("feed", "one", 1), ("feed", "one", 1)]
    publish_city(settings, 3, second, first)
    with database.writing(dbs.control) as connection:
        connection.exec_driver_sql("DROP TABLE audit")
    with pytest.raises(audit.AuditError):
        pulled()
    copied = Replica.held(tmp_path / "copy.db")
    assert copied._connection.execute("SELECT COUNT(*) FROM _inbox WHERE release = 3").fetchone()[0] == 0


def test_rights_that_expired_tell_nothing(settings: Settings) -> None:
    publish_city(settings, 1, {}, two_villages())
    with (
        database.reading(database.open_databases(settings).release) as connection,
        pytest.raises(GridfactsError, match="EXPIRED"),
    ):
        source(settings, narrow(expires="2026-10-01"), connection)


def test_a_file_that_is_no_copy_is_named(tmp_path: Path) -> None:
    with pytest.raises(GridfactsError, match="NO_COPY"):
        Replica.held(tmp_path / "nothing.db")
