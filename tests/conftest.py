"""What tests of several rooms need: a small city, homes in which its nights are run, a real PostgreSQL."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck

from tests import postgres
from tests.homes import NIGHTS, RESIDENTS, Home
from transforms import database
from transforms.publish.schema import ensure_schema
from transforms.run import Settings

pytest_plugins = ["tests.skips"]
TOLERATED = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)  # a machine may be busy; examples tidy up
hypothesis.settings.register_profile("gridfacts", deadline=None, suppress_health_check=TOLERATED)
hypothesis.settings.load_profile("gridfacts")

Once = Callable[[str, Callable[[Path], None]], Path]
_NUMBER = itertools.count(1)


_FIRST = ("test_killed_runs.py", "test_publish_killed.py", "test_doors.py", "test_faults.py")
_NEXT = ("test_second_city.py", "test_postgres.py", "test_clerk.py", "test_nightly_merge.py", "test_heard.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Thorough tests wait for ``CI=1``; files that take minutes come first (xdist hands out files in order).

    So no file is left alone at the end, and while the first worker makes the nights that many tests share, the others
    have tests that need none of them.
    """
    if not os.environ.get("CI"):
        left = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
    place = {name: number for number, name in enumerate((*_FIRST, *_NEXT))}
    items.sort(key=lambda item: (place.get(item.path.name, len(place)), item.path.parent.name != "pipeline"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    found = postgres.binaries()
    if found is None:
        pytest.skip("no PostgreSQL binaries on this machine (Debian: postgresql)")
    with postgres.server(found) as url:
        yield url


@contextlib.contextmanager
def made_database(server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a database of its own, gone afterwards."""
    name = f"test_{next(_NUMBER)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database of its own."""
    with made_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def migrated(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with every migration and no row; nobody is connected to it."""
    with made_database(postgres_server) as url:
        told = {"GRIDFACTS_HOME": str(tmp_path_factory.mktemp("migrated")), "GRIDFACTS_DATABASE_URL": url}
        ensure_schema(database.open_databases(Settings.from_environment(told)))
        yield str(sa.make_url(url).database)


@pytest.fixture
def migrated_url(postgres_server: str, migrated: str) -> Iterator[str]:
    """The URL of a database of its own that has its structure: what a test of readers would wait for each time."""
    with made_database(postgres_server, migrated) as url:
        yield url


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make a folder once for all test processes: whoever comes first makes it, the others wait and share it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / f"once-{name}"
        with (shared / f"once-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "made").exists():
                make(folder)
                (folder / "made").touch()
        return folder

    return made


@pytest.fixture(scope="session")
def migrated_home(once: Once) -> Path:
    """A home with both databases as their migrations leave them, and nothing else; copied, not changed."""

    def make(folder: Path) -> None:
        ensure_schema(database.open_databases(Settings.from_environment({"GRIDFACTS_HOME": str(folder / "home")})))

    return once("migrated", make) / "home"


@pytest.fixture(scope="session")
def city(once: Once) -> Path:
    """The drops and the truth of two nights of a small city."""

    def make(folder: Path) -> None:
        size = ("--residents", str(RESIDENTS), "--nights", "2", "--seed", "5")
        Home(folder / "nowhere").call("demo", "city", *size, "--out", str(folder))

    out = once("city", make)
    assert [p.name for p in sorted((out / "drops").iterdir())] == list(NIGHTS)
    return out


@pytest.fixture(scope="session")
def keyed(once: Once) -> Path:
    """An empty home with demonstration keys; homes copied from it mint the same ids."""

    def make(folder: Path) -> None:
        Home(folder / "home").call("demo", "keys")

    return once("keyed", make) / "home"


@pytest.fixture
def home(keyed: Path, tmp_path: Path) -> Home:
    return Home.copy_of(keyed, tmp_path / "home")


@pytest.fixture(scope="session")
def first_night(once: Once, keyed: Path, city: Path) -> Path:
    """A home after the first night; copy it before changing it."""
    return once("first", lambda folder: _next_night(keyed, folder, city, NIGHTS[0])) / "home"


@pytest.fixture(scope="session")
def both_nights(once: Once, first_night: Path, city: Path) -> Path:
    """A home after both nights, ``seconds`` beside it; copy it before changing it."""
    return once("both", lambda folder: _next_night(first_night, folder, city, NIGHTS[1])) / "home"


@pytest.fixture(scope="session")
def undisturbed(first_night: Path, both_nights: Path) -> tuple[str, str]:
    """The checksums of both nights, run without disturbance."""
    return Home(first_night).checksum(), Home(both_nights).checksum()


def _next_night(before: Path, folder: Path, city: Path, night: str) -> None:
    home = Home.copy_of(before, folder / "home")
    start = time.monotonic()
    home.run(night, city / "drops" / night)
    (folder / "seconds").write_text(f"{time.monotonic() - start}")
