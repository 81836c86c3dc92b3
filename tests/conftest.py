"""What tests of several rooms need: a real PostgreSQL, started only when a test asks for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests import postgres

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
