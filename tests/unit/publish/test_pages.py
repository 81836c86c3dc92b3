"""Where many rows change, every index is looked through in its order, at every place that a row has in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from tests import small_release as small
from transforms import checksum, database, publish, tables
from transforms.publish import apply, checks, pages
from transforms.publish import bundle as bundles
from transforms.run import Settings


def second_closed(settings: Settings) -> Settings:
    """A city of which the first night is published and the second one closed."""
    publish.run(small.close(settings, small.NIGHTS[0], {}, small.first_city(), 0).run)
    small.close(settings, small.NIGHTS[1], small.first_city(), small.second_city(), 1)
    return settings


@pytest.fixture
def closed(tmp_path: Path) -> Settings:
    return second_closed(Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)}))


@pytest.fixture
def asked() -> Iterator[list[tuple[str, Any]]]:
    """Each statement on any database, and what it counted."""
    found: list[tuple[str, Any]] = []

    def hear(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        found.append(
            (statement, cursor.connection.execute(statement).fetchone()[0] if "INDEXED BY" in statement else None)
        )

    sa.event.listen(sa.Engine, "after_cursor_execute", hear)
    yield found
    sa.event.remove(sa.Engine, "after_cursor_execute", hear)


def test_each_index_of_each_table_that_changes_is_asked_for_what_changes(
    closed: Settings, asked: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_MANY", 1)
    dbs, found = database.open_databases(closed), bundles.released(closed, small.NIGHTS[1], 2)
    pages.read(dbs, found)
    told: dict[str, int] = {}
    for statement, count in asked:
        if count is not None:
            name = statement.partition('INDEXED BY "')[2].partition('"')[0]
            told[name] = told.get(name, 0) + count
    changed = [
        name for name in checksum.counted() if {f"{name}.close.parquet", f"{name}.open.parquet"} & found.rows.keys()
    ]
    assert len(changed) > 2
    with database.reading(dbs.release) as connection:
        every = {
            row.name
            for name in changed
            for row in connection.execute(sa.text("SELECT name FROM pragma_index_list(:table)"), {"table": name})
        }
    assert told.keys() == every
    # per1 and per3 end; per1 begins again, per4 is new; both live in h1, in hh1 or none
    assert {name: count for name, count in told.items() if "person" in name} == {
        "fact_person_current_idx": 2,
        "fact_person_house_id_idx": 1,
        "fact_person_household_id_idx": 1,
        "sqlite_autoindex_fact_person_1": 2,
    }


@pytest.mark.postgres
def test_postgresql_is_asked_nothing(
    home: Callable[[str], Settings], migrated_url: str, asked: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_MANY", 1)
    settings = second_closed(home(migrated_url))
    asked.clear()
    pages.read(database.open_databases(settings), bundles.released(settings, small.NIGHTS[1], 2))
    assert asked == []


def test_readers_share_the_places_in_their_order() -> None:
    places = pa.table({"a": ["y", "x", None, "y", "x"] * 9, "b": list(range(45))})
    parts = pages._slices(places, ["a", "b"])
    assert len(parts) == pages._READERS
    assert pa.concat_tables(parts).equals(places.sort_by([("a", "ascending"), ("b", "ascending")]))
    assert pages._slices(places.slice(0, 0), ["a"]) == []


def test_a_night_that_changes_little_asks_no_view_of_all_rows(
    closed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "LARGE", 2)  # however much of this city that is
    said: list[str] = []
    count = checks.offending
    monkeypatch.setattr(checks, "offending", lambda connection, query: said.append(query) or count(connection, query))
    publish.run(small.close(closed, small.NIGHTS[1], small.first_city(), small.second_city(), 1).run)
    views = {check.query for check in checks.load_all() if checks.viewed(check)}
    assert said
    assert views
    assert views.isdisjoint(said)


def test_where_little_changes_nothing_is_asked(closed: Settings, asked: list[tuple[str, Any]]) -> None:
    pages.read(database.open_databases(closed), bundles.released(closed, small.NIGHTS[1], 2))
    assert asked == []


def test_the_release_is_the_same(
    closed: Settings, asked: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_MANY", 1)
    monkeypatch.setattr(apply, "LARGE", 2)
    told = small.close(closed, small.NIGHTS[1], small.first_city(), small.second_city(), 1)
    publish.run(told.run)
    assert any("INDEXED BY" in statement for statement, _ in asked)
    dbs = database.open_databases(closed)
    rows = {name: database.read(dbs.release, name).num_rows for name in tables.of("release")}
    assert rows["fact_person"] == 5
    assert database.read(dbs.release, "release", ["checksum"])["checksum"].to_pylist()[1] == told.checksum
