"""Rows without history that end and begin again are changed where they lie, and only in the columns that differ."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa

from tests import small_release as small
from transforms import database, publish, tables
from transforms.database import DatabaseError
from transforms.publish import bundle as bundles
from transforms.publish import rewritten
from transforms.run import Run, Settings

_KEY = tables.load_all()["record"].key


@pytest.fixture
def written() -> Iterator[list[tuple[str, str]]]:
    """Which columns of which tables were set where their rows lie, in the order of the statements."""
    found: list[tuple[str, str]] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.extend(re.findall(r'^UPDATE "(\w+)" AS one SET "(\w+)"', statement))

    sa.event.listen(sa.Engine, "after_cursor_execute", hear)
    yield found
    sa.event.remove(sa.Engine, "after_cursor_execute", hear)


def records(settings: Settings, more: str = "") -> list[dict[str, object]]:
    with database.reading(database.open_databases(settings).release) as connection:
        asked = connection.exec_driver_sql(f"SELECT record.*{more} FROM record ORDER BY {', '.join(_KEY)}")
        return [dict(row) for row in asked.mappings()]


def cities() -> tuple[small.City, small.City]:
    """Two nights: of many records two change in one column, one in both, one goes, two are new; others as they were."""
    first = small.first_city()
    lines = (*range(6), *range(100, 160))  # so many that what changes is no new whole
    first["record"] = [small.first_city()["record"][0] | {"line": line, "record_id": f"rec{line}"} for line in lines]
    first["record"][3] |= {"entity_id": None, "state": "withdrawn"}
    second = {name: list(rows) for name, rows in first.items()}
    second["record"] = [dict(row) for row in first["record"] if row["line"] != 2]
    one = {row["line"]: row for row in second["record"]}
    one[1]["state"] = "superseded"
    one[3]["entity_id"] = "per2"
    one[4] |= {"entity_id": None, "state": "withdrawn"}
    one[5]["entity_id"] = "per3"
    before, after = ({**one[0], "line": line, "record_id": "new"} for line in (-1, 200))
    second["record"] = [before, *second["record"], after]
    return first, second


@pytest.mark.parametrize("rows", [1, 3, 200_000])
def test_what_changed_is_there_and_the_rest_as_it_was(
    settings: Settings, written: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(bundles, "ROWS", rows)
    first, second = cities()
    publish.run(small.close(settings, small.NIGHTS[0], {}, first, 0).run)
    place = ", record.rowid AS place" if settings.database_url.startswith("sqlite") else ""
    before = {row["line"]: row.get("place") for row in records(settings, place)}
    assert records(settings) == first["record"]
    assert written == []
    publish.run(small.close(settings, small.NIGHTS[1], first, second, 1).run)
    assert records(settings) == second["record"]
    assert written == [("record", "entity_id"), ("record", "state")]
    after = {row["line"]: row.get("place") for row in records(settings, place)}
    stayed = before.keys() & after.keys()
    assert len(stayed) == 65
    assert all(before[line] == after[line] for line in stayed), "a row lies elsewhere"
    publish.rollback(Run.of("2026-10-03", settings=settings))
    assert records(settings) == first["record"], "a rollback puts back what was"


@pytest.mark.parametrize("size", [0, 7, 200_000])
def test_rows_of_one_key_are_found_in_the_order_of_the_new_ones(size: int) -> None:
    """Many, in another order than those that end: how a join happens to lay its rows down is nobody's order."""
    chance = np.random.default_rng(size)
    gone, opened = (chance.permutation(size * 2)[:size] for _ in range(2))
    was, now = rewritten.matched(pa.table({"line": gone}), pa.table({"line": opened}), ["line"])
    assert list(now) == np.flatnonzero(np.isin(opened, gone)).tolist()
    assert gone[was].tolist() == opened[now].tolist()


def test_a_key_that_begins_twice_is_refused(settings: Settings) -> None:
    first, second = cities()
    publish.run(small.close(settings, small.NIGHTS[0], {}, first, 0).run)
    again = next(row for row in second["record"] if row["line"] == 1)
    second["record"].append({**again, "state": "withdrawn"})
    with pytest.raises(DatabaseError, match=r"UNIQUE|23505"):
        publish.run(small.close(settings, small.NIGHTS[1], first, second, 1).run)
    assert records(settings) == first["record"]
