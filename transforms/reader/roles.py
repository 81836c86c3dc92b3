"""PostgreSQL: from every rights package a role, a schema of barrier views and the grants on them; nothing else.

Base tables are granted to no reader, so a view's own WHERE, fixed by the package, is the only way to a row: the role
has no setting, function or table by which it could be widened. Views are barriers, so a cheap function in a reader's
WHERE never meets a hidden row; rights that have expired give no rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import database, keys
from transforms.errors import GridfactsError
from transforms.keys import Keys
from transforms.reader import export, selection
from transforms.reader.package import Package
from transforms.run import Settings

_TODAY = "(now() AT TIME ZONE 'UTC')::date"  # not CURRENT_DATE: a reader may set the session's time zone
_WRITERS = (  # who owns the schemas goes on publishing
    "SELECT DISTINCT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname IN ('release', 'control') ORDER BY 1"
)
_SHARED = r"""
SELECT proc.oid::regprocedure::text FROM pg_proc AS proc
WHERE proc.pronamespace = 'pg_catalog'::regnamespace
AND (proc.proname ~ '^pg_(try_)?advisory_' OR proc.proname ~ '^lo_' OR proc.proname IN ('loread', 'lowrite'))
ORDER BY 1
"""


def role_of(consumer: str) -> str:
    """The role, and the schema of its views."""
    return f"reader_{consumer}"


def apply(settings: Settings, packages: dict[str, Package]) -> list[str]:
    """Make roles, views and grants what the packages say, in one transaction; roles of other packages lose theirs.

    Returns:
        The roles there are now.

    Raises:
        GridfactsError: ``NO_ROLES``: the database is SQLite, where files have no roles.
        DatabaseError: the server refused.
    """
    dbs, known = database.open_databases(settings), keys.load(settings)
    if dbs.dialect != "postgresql":
        raise GridfactsError("NO_ROLES", "SQLite has no roles: give consumers exports")
    with database.writing(dbs.release) as connection:
        _close_doors(connection)
        wanted = {role_of(name): package for name, package in packages.items()}
        for role in _roles(connection):
            connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{role}" CASCADE')
            if role not in wanted:
                connection.exec_driver_sql(f'DROP OWNED BY "{role}"')
                _drop(connection, role)
        for role, package in sorted(wanted.items()):
            _make(connection, role, package, known)
    return sorted(wanted)


def after_release(settings: Settings, packages: dict[str, Package]) -> dict[str, int]:
    """Give the identities of the newest release their tokens in every schema that :func:`apply` made here.

    Rights themselves stay as they were applied: what a package grants is changed by a person. Where the export key
    rotated, every token is made anew.

    Returns:
        Role → tokens made; empty on SQLite, and where no rights were applied.

    Raises:
        DatabaseError: the server refused.
    """
    dbs = database.open_databases(settings)
    if dbs.dialect != "postgresql":
        return {}
    wanted, known = {role_of(name): package for name, package in packages.items()}, keys.load(settings)
    made = {}
    with database.writing(dbs.release) as connection:
        schemas = sa.text(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'reader\_%' ORDER BY 1")
        for role in connection.scalars(schemas).all():
            if role in wanted:
                made[role] = _new_tokens(connection, role, wanted[role], known)
    return made


def _close_doors(connection: Connection) -> None:
    """What PostgreSQL gives to everybody by itself."""
    database_name = connection.scalar(sa.text("SELECT current_database()"))
    for statement in (
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "REVOKE ALL ON SCHEMA release, control FROM PUBLIC",
        "REVOKE ALL ON ALL TABLES IN SCHEMA release, control FROM PUBLIC",
        f'REVOKE TEMPORARY ON DATABASE "{database_name}" FROM PUBLIC',
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    ):
        connection.exec_driver_sql(statement)
    writers = connection.scalars(sa.text(_WRITERS)).all()
    for writer in writers:  # publish stages rows in temporary tables
        connection.exec_driver_sql(f'GRANT TEMPORARY ON DATABASE "{database_name}" TO "{writer}"')
    _close_shared(connection, writers)


def _close_shared(connection: Connection, writers: Sequence[str]) -> None:
    """Advisory locks, by which a reader could stop publish and audit, and large objects, where it could leave things.

    Only a superuser can take them from everybody; a database whose owner is none keeps them (README.md).
    """
    if connection.scalar(sa.text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
        for function in connection.scalars(sa.text(_SHARED)).all():
            connection.exec_driver_sql(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
            for writer in writers:
                connection.exec_driver_sql(f'GRANT EXECUTE ON FUNCTION {function} TO "{writer}"')


def _roles(connection: Connection) -> list[str]:
    return list(connection.scalars(sa.text(r"SELECT rolname FROM pg_roles WHERE rolname LIKE 'reader\_%' ORDER BY 1")))


def _drop(connection: Connection, role: str) -> None:
    """Drop a role that nothing depends on any more; another database of the server may still use it."""
    used = "SELECT count(*) FROM pg_shdepend WHERE refobjid = (SELECT oid FROM pg_roles WHERE rolname = :role)"
    if not connection.scalar(sa.text(used), {"role": role}):
        connection.exec_driver_sql(f'DROP ROLE "{role}"')


def _make(connection: Connection, role: str, package: Package, known: Keys) -> None:
    if role not in _roles(connection):
        connection.exec_driver_sql(f'CREATE ROLE "{role}" NOLOGIN')
    connection.exec_driver_sql(f'CREATE SCHEMA "{role}"')
    _tokens(connection, role, package, known)
    for name, share in sorted(package.tables.items()):
        if "number" in share.fields:
            continue  # deciphered only for an export
        text = selection.query(package, name, token=_token(role), years_before=_years_before, postgres=True)
        still = f"{_TODAY} <= DATE '{package.expires.isoformat()}'"
        glue = "AND" if " WHERE " in text else "WHERE"
        connection.exec_driver_sql(
            f'CREATE VIEW "{role}"."{name}" WITH (security_barrier = true) AS {text} {glue} {still}'
        )
        connection.exec_driver_sql(f'GRANT SELECT ON "{role}"."{name}" TO "{role}"')
    connection.exec_driver_sql(f'GRANT USAGE ON SCHEMA "{role}" TO "{role}"')


def _tokens(connection: Connection, role: str, package: Package, known: Keys) -> None:
    """The consumer's tokens of ids, in a table only its views read; ids published since the last apply come as null."""
    connection.exec_driver_sql(f'CREATE TABLE "{role}"._token (entity_id text PRIMARY KEY, token text NOT NULL)')
    _new_tokens(connection, role, package, known)


def _new_tokens(connection: Connection, role: str, package: Package, known: Keys) -> int:
    """Tokens of ids that have none; all of them where those that are there are of another key."""
    if not any("token" in share.mask.values() for share in package.tables.values()):
        return 0
    held = f'"{role}"._token'
    first = connection.execute(sa.text(f"SELECT entity_id, token FROM {held} LIMIT 1")).one_or_none()  # noqa: S608
    if first is not None and first.token != export.token_of(known, package, first.entity_id):
        connection.exec_driver_sql(f"DELETE FROM {held}")  # noqa: S608
    missing = f"SELECT i.entity_id FROM identity AS i LEFT JOIN {held} AS t ON t.entity_id = i.entity_id"  # noqa: S608
    ids = connection.scalars(sa.text(f"{missing} WHERE t.entity_id IS NULL ORDER BY 1")).all()
    rows = [{"entity_id": one, "token": export.token_of(known, package, one)} for one in ids]
    if rows:
        connection.execute(sa.text(f"INSERT INTO {held} VALUES (:entity_id, :token)"), rows)  # noqa: S608
    return len(rows)


def _token(role: str) -> Callable[[str], str]:
    return lambda column: f'(SELECT held.token FROM "{role}"._token AS held WHERE held.entity_id = {column})'  # noqa: S608


def _years_before(years: int) -> str:
    return f"((SELECT MAX(night) FROM release.release)::date - INTERVAL '{years} years')::date"  # noqa: S608
