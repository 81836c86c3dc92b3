"""An erased person leaves history, vault and relations, and the files behind them; others keep theirs."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from tests import small_release as small
from tests.unit.publish.test_vault_keys import rotate
from transforms import database, keys, publish, subjects
from transforms.errors import GridfactsError
from transforms.prove import Hit, prove
from transforms.publish.schema import ensure_schema
from transforms.run import Settings

NAMES = ("张合成1", "张合成一")  # of per1: as it was, and as it is since the second release


def third_city() -> small.City:
    """The second without per1 and the records that stood in it."""
    city = copy.deepcopy(small.second_city())
    for table, column in (
        ("fact_person", "person_id"), ("rel_person_house", "person_id"), ("rel_person_org", "person_id"),
        ("vault_identifier", "entity_id"), ("record", "entity_id"),
    ):  # fmt: skip
        city[table] = [row for row in city[table] if row[column] != "per1"]
    city["fact_household"][0]["size"] = 1
    city["identity"][0] |= {"state": "retired", "retired_release": 3}
    return city


def names(settings: Settings) -> set[str]:
    """Every name that any version of any person has."""
    with database.reading(database.open_databases(settings).release) as connection:
        return set(connection.exec_driver_sql("SELECT name FROM fact_person").scalars())


def rows(settings: Settings, table: str, where: str = "1 = 1") -> int:
    with database.reading(database.open_databases(settings).release) as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table} WHERE {where}").scalar_one())


def erase(settings: Settings) -> int:
    dbs = database.open_databases(settings)
    ensure_schema(dbs)
    return subjects.grant(dbs, "erase", "per1", {"record": ["rec1", "rec3"]}, "Chen", "a request")


def done(settings: Settings) -> list[int | None]:
    return [row["done_release"] for row in subjects.requests(database.open_databases(settings), "erase")]


@pytest.fixture
def two_releases(settings: Settings) -> Settings:
    keys.create(settings.home / "keys.yml")
    publish.run(small.close(settings, "2026-10-01", {}, small.first_city(), 0).run)
    publish.run(small.close(settings, "2026-10-02", small.first_city(), small.second_city(), 1).run)
    return settings


def test_an_erased_person_leaves_history_and_the_files_behind_it(two_releases: Settings) -> None:
    settings = two_releases
    assert set(NAMES) < names(settings)
    assert prove(settings, NAMES).hits
    erase(settings)
    now = small.close(settings, "2026-10-03", small.second_city(), third_city(), 2)
    publish.run(now.run)
    assert done(settings) == [3]
    assert not set(NAMES) & names(settings)
    assert names(settings) == {"张合成2", "李合成4"}
    for table, column in (("rel_person_house", "person_id"), ("vault_identifier", "entity_id")):
        assert rows(settings, table, f"{column} = 'per1'") == 0
    assert rows(settings, "fact_person", "person_id = 'per3'") == 0  # its record went to per1 in the second release
    assert rows(settings, "identity", "entity_id = 'per1' AND state = 'retired'") == 1
    assert prove(settings, NAMES).hits == ()
    remedy = r"UNDO_LOST: .* release 3 removed: it erased somebody.*remedy: .*drop recall"
    with pytest.raises(GridfactsError, match=remedy):
        publish.rollback(now.run)


def test_a_version_of_somebody_else_that_stood_on_the_record_goes_too(settings: Settings) -> None:
    """Before two people were told apart one of them bore the other's values; what is its own stays."""
    keys.create(settings.home / "keys.yml")
    told = [{}, small.first_city(), small.second_city(), third_city()]
    for city, name, record in zip(told[1:], ("甲合成", "乙合成", "丙合成"), ("rec3", "rec2", "rec2"), strict=True):
        [person] = [row for row in city["fact_person"] if row["person_id"] == "per2"]
        person |= {"name": name, "provenance": f'{{"name": "{record}"}}'}
    for number in (1, 2):
        publish.run(small.close(settings, f"2026-10-0{number}", told[number - 1], told[number], number - 1).run)
    assert {"甲合成", "乙合成"} < names(settings)
    erase(settings)
    publish.run(small.close(settings, "2026-10-03", told[2], told[3], 2).run)
    assert {"乙合成", "丙合成"} < names(settings)
    assert "甲合成" not in names(settings)


def test_nobody_is_forgotten_while_the_rows_still_stand(two_releases: Settings) -> None:
    """A request granted after land was done waits for the next night: its records are in tonight's release."""
    settings = two_releases
    erase(settings)
    publish.run(small.close(settings, "2026-10-03", small.second_city(), small.second_city(), 2).run)
    assert done(settings) == [None]
    assert set(NAMES) < names(settings)
    publish.run(small.close(settings, "2026-10-04", small.second_city(), third_city(), 3).run)
    assert done(settings) == [4]
    assert not set(NAMES) & names(settings)


def test_a_sweep_that_was_stopped_is_done_by_the_next_publish(
    two_releases: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = two_releases
    erase(settings)
    now = small.close(settings, "2026-10-03", small.second_city(), third_city(), 2)
    with monkeypatch.context() as patch:
        patch.setattr("transforms.publish.erased.sweep", _stopped)
        with pytest.raises(KeyboardInterrupt):
            publish.run(now.run)
    assert done(settings) == [None]
    assert not set(NAMES) & names(settings)
    publish.run(now.run)
    assert done(settings) == [3]
    assert not list(Path(settings.lake).glob("night/2026-10-01/account"))


def _stopped(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_number_under_a_vault_key_of_before_is_found_too(settings: Settings) -> None:
    number = "44999119900101001X"
    keys.create(settings.home / "keys.yml")
    ensure_schema(database.open_databases(settings))
    (settings.home / "kept").write_bytes(b"..." + keys.load(settings).seal(number))
    assert prove(settings, [number]).hits == (Hit(1, "kept"),)
    rotate(settings, "vault-2")
    assert keys.load(settings).vault.key_id == "vault-2"
    assert prove(settings, [number]).hits == (Hit(1, "kept"),)
    assert prove(settings, [number.replace("1990", "1991")]).hits == ()
