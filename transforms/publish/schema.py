"""Structure: the migrations of sql/migrations brought up to date, and the refusal of a database newer than the code."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from transforms import database
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.publish import geometry
from transforms.tables import SQL

_LOCK = 4_443_001  # the advisory lock of structure; the publish lock has another number


class SchemaError(GridfactsError):
    """The database's structure is not one this code knows."""

    exit_code = 2


def ensure_schema(dbs: Databases) -> None:
    """Bring both databases to the newest structure this code knows; harmless when they are there.

    Raises:
        SchemaError: a database was made by newer code (faults.md M7).
        DatabaseError: a migration was refused; it is rolled back whole.
    """
    for name, engine in (("release", dbs.release), ("control", dbs.control)):
        if dbs.dialect == "sqlite":
            Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
        if not _is_head(engine, name):
            migrate(engine, name)
    geometry.ensure(dbs.release)


def migrate(engine: Engine, name: str, target: str = "head") -> None:
    """Move one database (``release`` or ``control``) up or down to a revision, in one transaction.

    Raises:
        SchemaError: the database was made by newer code.
        DatabaseError: a migration was refused; it is rolled back whole.
    """
    with database.writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            connection.execute(sa.schema.CreateSchema(name, if_not_exists=True))
            if name == "release":
                geometry.drop(connection)
        now = _revision(connection, name)
        config = configuration(name)
        config.attributes["connection"] = connection
        known = revisions(name)
        wanted = {"head": known[0], "base": None}.get(target, target)
        if wanted is None or (now is not None and known.index(wanted) > known.index(now)):
            command.downgrade(config, target)
        else:
            command.upgrade(config, target)


def configuration(name: str) -> Config:
    """Alembic's settings for one database's migrations."""
    config = Config()
    config.set_main_option("script_location", str(SQL / "migrations"))
    config.set_main_option("version_locations", str(SQL / "migrations" / name))
    config.set_main_option("path_separator", "os")
    return config


@lru_cache(maxsize=2)
def revisions(name: str) -> tuple[str, ...]:
    """The revisions of one database's migrations, the newest first; a process reads the files once."""
    return tuple(script.revision for script in ScriptDirectory.from_config(configuration(name)).walk_revisions())


def _is_head(engine: Engine, name: str) -> bool:
    if not database.exists(engine):
        return False
    with database.reading(engine) as connection:
        return _revision(connection, name) == revisions(name)[0]


def _revision(connection: Connection, name: str) -> str | None:
    """The revision the database is at, None for an empty one.

    Raises:
        SchemaError: a revision this code does not have.
    """
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in revisions(name):
        raise SchemaError(
            "SCHEMA_NEWER",
            f"database {name}: stored structure {found}; required one of {', '.join(sorted(revisions(name)))}; "
            "remedy: run the gridfacts version that made it, or a newer one",
        )
    return found
