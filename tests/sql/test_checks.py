"""Every check of every checks.sql passes on a good release and finds the row that breaks it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.broken import breaking
from transforms import database, tables
from transforms.database import Databases
from transforms.publish import checks, joined
from transforms.run import Settings


def test_every_table_has_rows_and_no_check_finds_one(filled: Databases) -> None:
    found = checks.load_all()
    assert {check.table for check in found} == set(tables.of("release"))
    with database.reading(filled.release) as connection:
        for check in found:
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {check.table}").scalar_one() > 0, check.table
            assert checks.offending(connection, check.query) == 0, f"{check.table}.{check.name}"


def test_every_check_finds_what_breaks_it(filled: Databases) -> None:
    for check in checks.load_all():
        with filled.release.connect() as connection, connection.begin() as transaction:
            for statement in breaking(check).split(";"):
                connection.exec_driver_sql(statement)
            assert checks.offending(connection, check.query) > 0, f"{check.table}.{check.name}"
            transaction.rollback()


def test_a_file_finds_the_same_by_hash_joins(sqlite_template: Path, tmp_path: Path) -> None:
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)})
    whole = tmp_path / "whole.db"
    shutil.copy(sqlite_template / "release.db", whole)
    with database.writing(database.sqlite_engine(whole, durable=False)):
        pass  # as a file that nobody sees yet: without a log, whose last reader shuts others out while it removes it
    queries = [check.query for check in checks.load_all()]
    assert queries
    with joined.asking(settings, whole, queries) as count:
        assert [check.name for check in checks.load_all() if count(check.query)] == []
    for check in checks.load_all():
        broken = tmp_path / "broken.db"
        shutil.copy(whole, broken)
        engine = database.sqlite_engine(broken, durable=False)
        with database.writing(engine) as connection:
            for statement in breaking(check).split(";"):
                connection.exec_driver_sql(statement)
            rows = checks.offending(connection, check.query)
        with joined.asking(settings, broken, [check.query]) as count:
            assert count(check.query) == rows > 0, f"{check.table}.{check.name}"


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("fact_person.house_id_resolves", {"house_id"}),
        ("fact_person.grid_or_reason", {"address_id", "building_id", "division_code", "place_reason"}),
        ("rel_person_house.house_id_resolves", set()),
        ("fact_person.known_to_after_known_from", None),
        ("building_grid.assigned_once", None),
        ("place_grid.grid_id_resolves", None),
    ],
)
def test_what_a_check_looks_at(name: str, columns: set[str] | None) -> None:
    """Not known where it asks of versions, of several rows together, or of its table a second time."""
    [check] = [check for check in checks.load_all() if f"{check.table}.{check.name}" == name]
    assert checks.asks(check) == columns


def test_no_two_checks_share_a_name() -> None:
    names = [(check.table, check.name) for check in checks.load_all()]
    assert len(names) > len(tables.of("release"))
    assert len(set(names)) == len(names)
