"""What tests of several rooms need: a small city, homes in which its nights are run, a real PostgreSQL."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import postgres
from tests.homes import NIGHTS, RESIDENTS, Home

pytest_plugins = ["tests.skips"]

_NUMBER = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    found = postgres.binaries()
    if found is None:
        pytest.skip("no PostgreSQL binaries on this machine (Debian: postgresql)")
    with postgres.server(found) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database of its own."""
    name = f"test_{next(_NUMBER)}"
    engine = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield sa.make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("city")
    Home(tmp_path_factory.mktemp("nowhere")).call(
        "demo", "city", "--residents", str(RESIDENTS), "--nights", "2", "--seed", "5", "--out", str(out)
    )
    assert [p.name for p in sorted((out / "drops").iterdir())] == list(NIGHTS)
    return out


@pytest.fixture(scope="session")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home with demonstration keys; homes copied from it mint the same ids."""
    home = Home(tmp_path_factory.mktemp("keyed") / "home")
    home.call("demo", "keys")
    return home.path


@pytest.fixture
def home(keyed: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(keyed, tmp_path / "home")))


@pytest.fixture(scope="session")
def first_night(keyed: Path, city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after the first night; copy it before changing it."""
    home = Home(Path(shutil.copytree(keyed, tmp_path_factory.mktemp("first") / "home")))
    home.run(NIGHTS[0], city / "drops" / NIGHTS[0])
    return home.path


@pytest.fixture(scope="session")
def undisturbed(first_night: Path, city: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The checksums of both nights, run without disturbance."""
    home = Home(Path(shutil.copytree(first_night, tmp_path_factory.mktemp("both") / "home")))
    first = home.checksum()
    home.run(NIGHTS[1], city / "drops" / NIGHTS[1])
    return first, home.checksum()
