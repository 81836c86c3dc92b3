"""A filled database of either kind: two small nights, published once, and a copy of its own for each test."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa

from tests import small_release as small
from transforms import bulk, database, publish, tables
from transforms.database import Databases
from transforms.run import Settings

_TEMPLATE = "filled_template"
_ANY: dict[str, object] = {
    "text": "合成, “x”", "integer": 7, "number": 0.5, "day": dt.date(2026, 10, 1), "boolean": True, "binary": b"\x00x",
}  # fmt: skip


def _settings(home: Path, url: str | None = None) -> Settings:
    return Settings.from_environment({"GRIDFACTS_HOME": str(home)} | ({"GRIDFACTS_DATABASE_URL": url} if url else {}))


def _publish(settings: Settings) -> None:
    publish.run(small.close(settings, small.NIGHTS[0], {}, small.first_city(), 0).run)
    publish.run(small.close(settings, small.NIGHTS[1], small.first_city(), small.second_city(), 1).run)
    with database.writing(database.open_databases(settings).release) as connection:  # shown again: it hides nobody
        connection.exec_driver_sql("INSERT INTO restricted VALUES ('per3', 'lifted')")
        connection.exec_driver_sql(
            "INSERT INTO disputed VALUES ('per1', 'name', 'person', 'src', '局', '2026-10-01', '2026-10-05', 'told')"
        )
    with database.writing(database.open_databases(settings).control) as connection:  # a row where no night leaves one
        for name, table in tables.of("control").items():
            if not bulk.select(connection, name).num_rows:
                row = {column: _ANY[told.type] for column, told in table.columns.items()}
                bulk.insert(connection, name, pa.Table.from_pylist([row], table.schema))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("filled")
    _publish(_settings(home))
    return home


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    admin = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {_TEMPLATE}"))
    url = admin.url.set(database=_TEMPLATE).render_as_string(hide_password=False)
    _publish(_settings(tmp_path_factory.mktemp("filled_pg"), url))
    yield admin
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {_TEMPLATE} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("sqlite_template"), tmp_path / "home", symlinks=True)
        yield database.open_databases(_settings(tmp_path / "home"))
        return
    admin: sa.Engine = request.getfixturevalue("postgres_template")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE filled_copy TEMPLATE {_TEMPLATE}"))
    url = admin.url.set(database="filled_copy").render_as_string(hide_password=False)
    yield database.open_databases(_settings(tmp_path, url))
    with admin.connect() as connection:
        connection.execute(sa.text("DROP DATABASE filled_copy WITH (FORCE)"))
