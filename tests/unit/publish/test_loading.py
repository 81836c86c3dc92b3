"""A file that nobody has open takes the same rows as a transaction, and says as little where it refuses them."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import pyarrow as pa
import pytest

from transforms import bulk, database, tables
from transforms.database import DatabaseError
from transforms.errors import GridfactsError
from transforms.publish import loading
from transforms.publish.schema import migrate

VALUES: dict[str, list[object]] = {
    "text": ["a", "合成, \"x\" 'y'\r\n", ""],
    "integer": [1, -(2**62), 0],
    "number": [0.1, -0.0, 1e300],
    "day": [dt.date(2026, 10, 1), dt.date(1, 1, 1), dt.date(9999, 12, 31)],
    "boolean": [True, False, True],
    "binary": [b"\0x", b"", b"\xff"],
}


def rows_of(name: str) -> pa.Table:
    """Three rows; what may be null is null in the last."""
    table = tables.load_all()[name]
    columns = {
        column: [*VALUES[told.type][:2], VALUES[told.type][2] if told.required else None]
        for column, told in table.columns.items()
    }
    return pa.table(columns, table.schema)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "一 #1%.db"
    migrate(database.sqlite_engine(path, durable=False), "release")
    return path


def test_every_table_takes_the_same_rows_either_way(file: Path) -> None:
    names = [name for name, table in tables.of("release").items() if table.checksum]
    assert {told.type for name in names for told in tables.load_all()[name].columns.values()} == set(VALUES)
    engine, found = database.sqlite_engine(file, durable=False), {}
    for name in names:
        query = f'SELECT {", ".join(f"{c}, typeof({c})" for c in tables.load_all()[name].columns)} FROM "{name}"'
        with database.writing(engine) as connection:
            loading.InTransaction(connection).insert(name, [rows_of(name)])
            found[name] = connection.exec_driver_sql(query).all()
            connection.exec_driver_sql(f'DELETE FROM "{name}"')
        with loading.into(file) as loader:
            loader.insert(name, [rows_of(name)])
        with database.reading(engine) as connection:
            assert connection.exec_driver_sql(query).all() == found[name], name
            assert bulk.select(connection, name).num_rows == 3


def test_what_is_refused_is_told_without_a_value(file: Path) -> None:
    with loading.into(file) as loader:
        loader.insert("identity", [rows_of("identity")])
    with pytest.raises(DatabaseError) as refused, loading.into(file) as loader:
        loader.insert("identity", [rows_of("identity")])
    assert "UNIQUE constraint failed: identity.entity_id" in str(refused.value)
    assert "INSERT" not in str(refused.value)
    with pytest.raises(DatabaseError, match="ProgrammingError"), loading.into(file) as loader:
        loader.execute("SELECT '某人' FROM nowhere")


def test_a_number_that_is_none_is_refused(file: Path) -> None:
    rows = pa.table({"source": ["s"], "old_code": ["o"], "grid_id": ["g"], "weight": [math.nan]})
    with pytest.raises(GridfactsError, match="table grid_crosswalk, column weight"), loading.into(file) as loader:
        loader.insert("grid_crosswalk", [rows])
