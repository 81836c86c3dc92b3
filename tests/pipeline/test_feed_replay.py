"""Two real nights followed through the feed, on both homes: the copy ends as the release, and nothing old is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.homes import NIGHTS, Home
from transforms import database, tables
from transforms.database import Databases
from transforms.reader import feed
from transforms.reader.replica import Replica
from transforms.run import Settings

TODAY = (tables.SQL / "queries" / "identity_today.sql").read_text("utf-8")
Nights = Callable[[int], Home]


def settings_of(home: Home) -> Settings:
    return Settings.from_environment(home.settings)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def nights(request: pytest.FixtureRequest, first_night: Path, both_nights: Path, tmp_path: Path) -> Nights:
    """The home of a published city after so many nights."""
    if request.param == "sqlite":
        return lambda number: Home((first_night, both_nights)[number - 1])
    shutil.copytree(both_nights, tmp_path / "home", symlinks=True, ignore=shutil.ignore_patterns("head", "*.db*"))
    there = Home(tmp_path / "home", (("GRIDFACTS_DATABASE_URL", request.getfixturevalue("postgres_url")),))

    def published(number: int) -> Home:
        there.call("room", "publish", "--night", NIGHTS[number - 1])
        return there

    return published


def rows_as_of(dbs: Databases, table: tables.Table, release: int) -> list[feed.Row]:
    with database.reading(dbs.release) as source:
        return sorted(feed.as_of(source, table, release), key=lambda row: str(row[table.key[0]]))


def test_a_copy_follows_and_what_was_known_before_is_still_told(nights: Nights, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy.db")
    home = nights(1)
    followed = feed.followed(settings_of(home))
    assert "release 1" in home.call("feed", "pull", "--replica", copy).stdout
    dbs = database.open_databases(settings_of(home))
    before = {kind: rows_as_of(dbs, table, 1) for kind, table in followed.items()}

    home = nights(2)
    home.call("feed", "pull", "--replica", copy, "--limit", "997")
    assert "stands at release 2" in home.call("feed", "apply", "--replica", copy).stdout
    dbs, replica = database.open_databases(settings_of(home)), Replica(tmp_path / "copy.db", feed.shapes(followed))
    for kind, table in followed.items():
        assert replica.rows(table.table) == rows_as_of(dbs, table, 2), kind
        assert rows_as_of(dbs, table, 1) == before[kind], f"{kind} as of the release before"
    replica.close()

    with database.reading(dbs.release) as source:
        told = set(source.scalars(sa.text("SELECT DISTINCT event FROM change WHERE release = 2")))
        assert {"create", "update", "retire", "split"} <= told
        gone = list(source.execute(sa.text("SELECT entity_id, signpost FROM identity WHERE state = 'retired'")))
        assert gone
        for entity, signpost in gone:
            [(today, state, steps)] = source.execute(sa.text(TODAY), {"entity": entity})
            assert (today, state, steps) == (entity, "retired", 0) if signpost is None else steps > 0
