"""PostgreSQL: a first release is laid down frozen where nobody can see half of it, else as in any night."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests import small_release as small
from tests.unit.publish.conftest import Home
from transforms import checksum, database, publish, tables
from transforms.database import Databases
from transforms.publish import afresh, apply
from transforms.publish import bundle as bundles
from transforms.publish.state import State
from transforms.run import Settings

pytestmark = pytest.mark.postgres


@pytest.fixture
def served(home: Home, migrated_url: str) -> Settings:
    return home(migrated_url)


def visible(dbs: Databases) -> dict[str, int]:
    """Table of the release → pages of which the server knows that everybody sees all their rows."""
    text = sa.text("SELECT relname, relallvisible FROM pg_class WHERE relnamespace = 'release'::regnamespace")
    with database.reading(dbs.release) as connection:
        return {
            row.relname: row.relallvisible for row in connection.execute(text) if row.relname in tables.of("release")
        }


def test_the_rows_of_a_first_release_are_seen_by_all_without_a_look_at_each(served: Settings) -> None:
    dbs = database.open_databases(served)
    closed = small.close(served, "2026-10-01", {}, small.first_city(), 0)
    publish.run(closed.run)
    filled = {name for name, rows in small.first_city().items() if rows}
    assert filled <= {name for name, pages in visible(dbs).items() if pages}
    with database.reading(dbs.release) as connection:
        assert checksum.release_checksum(connection) == closed.checksum


def test_whoever_looked_before_never_sees_half_a_release(served: Settings) -> None:
    dbs = database.open_databases(served)
    closed = small.close(served, "2026-10-01", {}, small.first_city(), 0)
    with database.reading(dbs.release) as early:
        assert early.exec_driver_sql("SELECT count(*) FROM restricted").scalar_one() == 0
        with database.writing(dbs.release) as connection:
            assert not afresh.take(connection, tables.of("release")), "its transaction has looked and goes on"
    publish.run(closed.run)
    assert database.current_release(dbs) == 1


@pytest.mark.parametrize("plain", [True, False])
def test_frozen_only_where_rows_are_all_there_is_to_tell(served: Settings, plain: bool) -> None:
    small.close(served, "2026-10-01", {}, small.first_city(), 0)
    found = bundles.released(served, "2026-10-01", 1)
    with database.writing(database.open_databases(served).release) as connection:
        assert apply.end(connection, found, State(), plain=plain).frozen == plain


def test_tables_with_rows_are_left_as_they_are(served: Settings) -> None:
    dbs = database.open_databases(served)
    with database.writing(dbs.release) as connection:
        assert afresh.take(connection, tables.of("release")), "all are empty"
        connection.exec_driver_sql("INSERT INTO restricted VALUES ('per1', 'new')")
        assert not afresh.take(connection, tables.of("release"))
        assert connection.exec_driver_sql("SELECT count(*) FROM restricted").scalar_one() == 1
