"""Migrations make what the catalogue tells, go up, down and up again, and refuse what newer code made."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from transforms import checksum, database, tables
from transforms.database import Databases
from transforms.publish.schema import SchemaError, configuration, ensure_schema, migrate

_TYPES = {
    "TEXT": "text", "BIGINT": "integer", "DOUBLE": "number", "DOUBLE PRECISION": "number", "DATE": "day",
    "BOOLEAN": "boolean", "BLOB": "binary", "BYTEA": "binary",
}  # fmt: skip


def structure(engine: Engine) -> dict[str, object]:
    """Everything the catalogue tells, as the database itself tells it."""
    looked = sa.inspect(engine)
    return {
        name: {
            "columns": [(c["name"], _TYPES[str(c["type"])], not c["nullable"]) for c in looked.get_columns(name)],
            "key": looked.get_pk_constraint(name)["constrained_columns"],
        }
        for name in looked.get_table_names()
        if name != "alembic_version"
    }


def told(name: str) -> dict[str, object]:
    return {
        table.table: {
            "columns": [(column, c.type, c.required) for column, c in table.columns.items()],
            "key": [*table.key, *(["known_from"] if table.history else [])],
        }
        for table in tables.of(name).values()
    }


def test_the_catalogue_is_what_the_migrations_make(filled: Databases) -> None:
    assert structure(filled.release) == told("release")
    assert structure(filled.control) == told("control")


def test_every_view_has_its_file_and_the_other_way_round(filled: Databases) -> None:
    files = {path.stem: path.read_text("utf-8") for path in (tables.SQL / "views").glob("*.sql")}
    assert sorted(sa.inspect(filled.release).get_view_names()) == sorted(files)
    if filled.dialect == "sqlite":
        with database.reading(filled.release) as connection:
            stored = dict(connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'view'").all())
        assert {name: text[text.index("CREATE") :].strip() for name, text in files.items()} == stored


def twice(dbs: Databases) -> None:
    listed = ", ".join(tables.load_all()["std_grid"].facts.names)
    copy = f"INSERT INTO std_grid ({listed}, known_from) SELECT {listed}, 2 FROM std_grid WHERE grid_id = 'g1'"
    with database.writing(dbs.release) as connection:
        connection.exec_driver_sql(copy)


def test_one_current_row_per_key(filled: Databases) -> None:
    with pytest.raises(database.DatabaseError, match="std_grid"):
        twice(filled)


def test_up_down_up_keeps_a_filled_release(filled: Databases) -> None:
    def now() -> str:
        with database.reading(filled.release) as connection:
            return checksum.release_checksum(connection)

    with database.writing(filled.release) as connection:  # a table that came later takes its rows along
        for name in ("building_outline", "building_grid"):
            connection.exec_driver_sql(f"DELETE FROM {name}")
    before = now()
    migrate(filled.release, "release", "release_0001")
    assert sa.inspect(filled.release).get_view_names() == []
    assert now() == before
    migrate(filled.release, "release")
    assert now() == before
    assert sa.inspect(filled.release).get_view_names() != []


def test_down_to_nothing_and_up_again_makes_the_same(filled: Databases) -> None:
    for name, engine in (("release", filled.release), ("control", filled.control)):
        before = structure(engine)
        migrate(engine, name, "base")
        assert structure(engine) == {}
        migrate(engine, name)
        assert structure(engine) == before


def contents(engine: Engine) -> dict[str, list[dict[str, object]]]:
    """Every row of every table."""
    found = {}
    with database.reading(engine) as connection:
        for name in sa.inspect(connection).get_table_names():
            rows = connection.exec_driver_sql(f'SELECT * FROM "{name}"').mappings()
            found[name] = sorted((dict(row) for row in rows), key=lambda row: str(sorted(row.items())))
    found.pop("alembic_version")
    return found


def test_every_step_down_and_up_keeps_what_the_older_structure_has_a_place_for(filled: Databases) -> None:
    for name, engine in (("release", filled.release), ("control", filled.control)):
        at_head, shape = contents(engine), structure(engine)
        assert [table for table, rows in at_head.items() if not rows] == [], "every table is filled"
        steps = [one.revision for one in ScriptDirectory.from_config(configuration(name)).walk_revisions()]
        assert len(steps) > 1
        for step in steps[1:]:
            migrate(engine, name, step)
            for table, rows in contents(engine).items():
                held = [{column: row[column] for column in rows[0]} for row in at_head[table]] if rows else []
                assert sorted(map(str, held)) == sorted(map(str, rows)), f"{table} at {step}"
        oldest = contents(engine)
        for step in reversed(steps[:-1]):
            migrate(engine, name, step)
        assert structure(engine) == shape
        assert {table: rows for table, rows in contents(engine).items() if table in oldest and rows} == {
            table: at_head[table] for table, rows in oldest.items() if rows
        }


@pytest.mark.parametrize("step", ["release_0002", "release_0004"])
def test_what_readers_hung_on_the_views_stays_when_they_are_made_anew(filled: Databases, step: str) -> None:
    migrate(filled.release, "release", step)
    with database.writing(filled.release) as connection:
        connection.exec_driver_sql("CREATE VIEW theirs AS SELECT person_id, grid_id FROM v1_person")
    migrate(filled.release, "release")
    with database.reading(filled.release) as connection:
        found = connection.exec_driver_sql("SELECT person_id FROM theirs").all()
        assert len(found) == connection.exec_driver_sql("SELECT COUNT(*) FROM v1_person").scalar_one() > 0


def test_a_database_made_by_newer_code_is_refused(filled: Databases) -> None:
    with database.writing(filled.control) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'control_9999'")
    with pytest.raises(SchemaError, match=r"stored structure control_9999; required one of control_0001"):
        ensure_schema(filled)
