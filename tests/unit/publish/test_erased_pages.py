"""What was erased is on no page of the databases' files, where no query finds it and who has the disk does."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import small_release as small
from tests.unit.publish.test_erased import done, erase, third_city
from transforms import database, keys, publish, tables
from transforms.publish import erased, wiped
from transforms.run import Settings

TOKEN, SEALED = "token-of-nobody", b"sealed-of-nobody"
NAMES = ("甲合成一", "乙合成一", "丙合成一", "丁合成一")
VALUES = {name.encode() for name in NAMES} | {TOKEN.encode(), SEALED}
OTHERS = 3_000  # persons: some pages of every table, of which the erased leave one here and one there


def crowded(city: small.City, name: str) -> small.City:
    """The city with many others, and per1 (if it is there) under this name."""
    city = copy.deepcopy(city)
    for person in city["fact_person"]:
        if person["person_id"] == "per1":
            person["name"] = name
    for row in city["vault_identifier"]:
        row |= {"token": TOKEN, "ciphertext": SEALED}
    [person] = [row for row in city["fact_person"] if row["person_id"] == "per2"]
    [identity] = [row for row in city["identity"] if row["entity_id"] == "per2"]
    others = [f"other{number:04}" for number in range(OTHERS)]
    city["fact_person"] += [person | {"person_id": one, "name": f"众{one}"} for one in others]
    city["identity"] += [identity | {"entity_id": one, "founding_record": one} for one in others]
    return city


def files(settings: Settings) -> list[Path]:
    """Everything in which the databases keep their rows."""
    dbs = database.open_databases(settings)
    if dbs.dialect == "sqlite":
        return [path for path in settings.home.iterdir() if ".db" in path.name]
    with dbs.release.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("CHECKPOINT")
        told = connection.exec_driver_sql(
            "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
        ).one()
    return list((Path(told[0]) / "base" / str(told[1])).iterdir())


def held(settings: Settings) -> set[bytes]:
    """Which of the values stand in a file."""
    texts = [path.read_bytes() for path in files(settings) if path.is_file()]
    return {value for value in VALUES if any(value in text for text in texts)}


@pytest.fixture
def nights(settings: Settings) -> tuple[Settings, list[small.City]]:
    """A person under four names in as many releases, among many others, and the city without it."""
    keys.create(settings.home / "keys.yml")
    cities = [small.first_city(), *[small.second_city()] * (len(NAMES) - 1), third_city()]
    told: list[small.City] = [{}, *(crowded(city, name) for city, name in zip(cities, (*NAMES, ""), strict=True))]
    told[-1]["identity"][0]["retired_release"] = len(NAMES) + 1
    for number in range(1, len(NAMES) + 1):
        publish.run(small.close(settings, f"2026-10-0{number}", told[number - 1], told[number], number - 1).run)
    return settings, told


def last_night(settings: Settings, told: list[small.City]) -> small.Closed:
    erase(settings)
    return small.close(settings, "2026-10-09", told[-2], told[-1], len(NAMES))


def test_what_was_erased_is_on_no_page(nights: tuple[Settings, list[small.City]]) -> None:
    settings, told = nights
    assert held(settings) == VALUES
    publish.run(last_night(settings, told).run)
    assert done(settings) == [len(NAMES) + 1]
    assert held(settings) == set()


def test_while_a_reader_sees_it_nothing_is_said_to_be_done(
    nights: tuple[Settings, list[small.City]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that a snapshot sees stays where it is; the reader reads on, and the next publish carries it out."""
    settings, told = nights
    monkeypatch.setattr(wiped, "_SECONDS", 0)
    last = last_night(settings, told)
    with database.reading(database.open_databases(settings).release) as reader:
        reader.exec_driver_sql("SELECT COUNT(*) FROM identity").scalar_one()
        publish.run(last.run)
        assert done(settings) == [None]
        [name] = reader.exec_driver_sql("SELECT name FROM v1_person WHERE person_id = 'per1'").scalars()
        assert name == NAMES[-1]
    publish.run(last.run)
    assert done(settings) == [len(NAMES) + 1]
    assert held(settings) == set()


@pytest.mark.postgres
def test_who_waits_behind_a_lock_waits_for_the_next_publish(
    home: Callable[..., Settings], migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home(migrated_url)
    keys.create(settings.home / "keys.yml")
    monkeypatch.setattr(wiped, "_LOCK", "100ms")
    dbs = database.open_databases(settings)
    with dbs.release.begin() as reader:  # READ COMMITTED: its lock stays, its snapshot does not
        reader.exec_driver_sql("SELECT COUNT(*) FROM fact_person")
        assert not wiped.wipe(dbs, erased.of_persons())
    assert wiped.wipe(dbs, erased.of_persons())
    with dbs.release.connect() as connection:  # of a table that is written anew no VACUUM is told
        text = "SELECT relname, last_vacuum IS NULL FROM pg_stat_user_tables WHERE schemaname IN ('release', 'control')"
        told = {str(row[0]): row[1] for row in connection.exec_driver_sql(text)}
    assert {*tables.of("release"), *tables.of("control")} <= told.keys()
    assert {name for name in told if told[name]} - set(erased.of_persons()) <= {"alembic_version"}


def test_tables_with_old_rows_of_persons_are_found_by_their_columns() -> None:
    found = {"fact_person": "person_id", "rel_person_house": "person_id", "rel_person_org": "person_id"}
    assert erased.of_persons() == found | {"vault_identifier": "entity_id"}
