"""SQLite: a large release is a new file behind the link, a small one a transaction; readers keep what they opened."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from tests import small_release as small
from tests.unit.publish.conftest import Home
from transforms import database, publish
from transforms.publish.schema import ensure_schema
from transforms.run import Settings


def publish_night(settings: Settings, number: int, before: small.City, now: small.City) -> Path:
    publish.run(small.close(settings, f"2026-10-{number:02d}", before, now, number - 1).run)
    return (settings.home / "release.db").resolve()


def test_a_large_release_is_a_new_file_and_a_small_one_is_not(home: Home) -> None:
    settings, first, second = home(), small.first_city(), small.second_city()
    files = [publish_night(settings, 1, {}, first), publish_night(settings, 2, first, second)]
    assert [path.name for path in files] == ["release.g000001.db", "release.g000002.db"]
    third = small.second_city()
    third["fact_person"][1]["name"] = "张改名"
    assert publish_night(settings, 3, second, third) == files[1]
    assert publish_night(settings, 4, third, first).name == "release.g000004.db"
    kept = sorted(path.name for path in settings.home.glob("release*.db*") if not path.name.endswith(("-wal", "-shm")))
    assert kept == ["release.db", "release.db.lock", "release.g000002.db", "release.g000004.db"]


def test_a_reader_keeps_its_file_while_the_next_release_appears(home: Home) -> None:
    settings, first, second = home(), small.first_city(), small.second_city()
    publish_night(settings, 1, {}, first)
    release = database.open_databases(settings).release
    count = "SELECT (SELECT max(release) FROM release), (SELECT count(*) FROM fact_person)"
    with database.reading(release) as connection:
        assert connection.exec_driver_sql(count).one() == (1, 3)
        publish_night(settings, 2, first, second)
        assert connection.exec_driver_sql(count).one() == (1, 3)
    with database.reading(release) as connection:
        assert connection.exec_driver_sql(count).one() == (2, 5)


def test_a_first_release_has_every_index_that_the_migrations_make(settings: Settings, home: Home) -> None:
    def indexes(one: Settings) -> set[tuple[str, str]]:
        dbs = database.open_databases(one)
        looked = [sa.inspect(engine) for engine in (dbs.release, dbs.control)]
        return {(t, str(i["name"])) for each in looked for t in each.get_table_names() for i in each.get_indexes(t)}

    empty = home(name="empty")
    ensure_schema(database.open_databases(empty))
    publish.run(small.close(settings, "2026-10-01", {}, small.first_city(), 0).run)
    assert len(indexes(empty)) > 20
    assert ("home", "home_entity_id_idx") in indexes(empty)
    assert indexes(settings) == indexes(empty)


def test_a_plain_file_put_back_from_a_backup_is_taken_on(home: Home) -> None:
    settings, first, second = home(), small.first_city(), small.second_city()
    link = settings.home / "release.db"
    held = publish_night(settings, 1, {}, first).read_bytes()
    link.unlink()
    link.write_bytes(held)
    assert publish_night(settings, 2, first, second).name == "release.g000002.db"
    assert link.is_symlink()
