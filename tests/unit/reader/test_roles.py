"""The real catalogue of a real server says what each role may do: role × relation × verb, and nothing beside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.unit.reader.conftest import publish_city
from tests.unit.reader.test_export import OTHER_VILLAGE, city, package
from transforms import database, keys
from transforms.commands.night import published
from transforms.database import DatabaseError
from transforms.errors import GridfactsError
from transforms.reader import export, roles
from transforms.reader.package import load_all
from transforms.run import Run, Settings

ROLES = ("reader_here", "reader_there")
VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
FAR = (dt.date.today() + dt.timedelta(days=400)).isoformat()  # noqa: DTZ011 - rights end by the server's calendar
RELATIONS = (
    "SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'v', 'm', 'p') AND (n.nspname IN ('release', 'control') OR n.nspname LIKE 'reader%') "
    "ORDER BY 1"
)


@pytest.fixture
def served(migrated_url: str, tmp_path: Path) -> Iterator[Settings]:
    """A published city with two consumers; their roles, which belong to the server, are gone afterwards."""
    told = {"GRIDFACTS_HOME": str(tmp_path / "home"), "GRIDFACTS_DATABASE_URL": migrated_url}
    settings = Settings.from_environment(told)
    keys.create(settings.home / "keys.yml")
    publish_city(settings, 1, {}, city())
    there = package("there", expires=FAR)
    share = there.tables["v1_person"].model_copy(update={"divisions": (OTHER_VILLAGE,)})
    there = there.model_copy(update={"tables": {"v1_person": share}})
    assert roles.apply(settings, {"here": package("here", expires=FAR), "there": there}) == [
        "reader_here",
        "reader_there",
    ]
    yield settings
    roles.apply(settings, {})


def asked(settings: Settings, role: str, *statements: str) -> list[tuple[object, ...]]:
    """The last answer, as a session of the role would get it."""
    with database.writing(database.open_databases(settings).release) as connection:
        connection.exec_driver_sql(f'SET LOCAL ROLE "{role}"')
        for statement in statements:
            found = connection.exec_driver_sql(statement)
        return [tuple(row) for row in found] if found.returns_rows else []


@pytest.mark.postgres
def test_every_role_relation_and_verb(served: Settings) -> None:
    with database.reading(database.open_databases(served).release) as connection:
        relations = list(connection.scalars(sa.text(RELATIONS)))
        held = {
            (role, relation, verb)
            for role in ROLES
            for relation in relations
            for verb in VERBS
            if connection.scalar(
                sa.text("SELECT has_table_privilege(:r, :t, :v)"), {"r": role, "t": relation, "v": verb}
            )
        }
        doors = [
            connection.scalar(sa.text(f"SELECT has_schema_privilege('reader_here', '{schema}', '{what}')"))
            for schema in ("release", "control", "public", "reader_there")
            for what in ("USAGE", "CREATE")
        ]
    assert len(relations) > 40
    here = ("rel_person_house", "stat_grid", "v1_organization", "v1_person")
    assert held == {("reader_here", f"reader_here.{name}", "SELECT") for name in here} | {
        ("reader_there", "reader_there.v1_person", "SELECT")
    }
    assert doors == [False] * 8


@pytest.mark.postgres
def test_a_role_sees_its_rows_masked_and_no_other(served: Settings) -> None:
    token = export.token_of(keys.load(served), package("here"), "per1")
    assert asked(served, "reader_here", "SELECT * FROM reader_here.v1_person") == [
        (token, "张", "1990", "445302001000")
    ]
    assert len(asked(served, "reader_there", "SELECT * FROM reader_there.v1_person")) == 1
    assert asked(served, "reader_here", "SELECT person_id FROM reader_here.rel_person_house") == [(token,)]


@pytest.mark.postgres
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM release.fact_person", "SELECT count(*) FROM control.home",
        "SELECT count(*) FROM reader_there.v1_person", "SELECT count(*) FROM reader_here._token",
        "DELETE FROM reader_here.stat_grid", "CREATE TABLE reader_here.mine (a int)",
        "CREATE FUNCTION reader_here.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE TEMP TABLE t (a int)",
        "SELECT pg_read_file('PG_VERSION')",
    ],
)  # fmt: skip
def test_a_role_cannot_do_anything_else(served: Settings, statement: str) -> None:
    with pytest.raises(DatabaseError, match="InsufficientPrivilege"):
        asked(served, "reader_here", statement)


@pytest.mark.postgres
def test_rights_that_end_give_no_rows_and_packages_that_go_take_their_role(served: Settings) -> None:
    past = package("here", expires="2026-01-01")
    assert roles.apply(served, {"here": past}) == ["reader_here"]
    assert asked(served, "reader_here", "SELECT * FROM reader_here.v1_person") == []
    with database.reading(database.open_databases(served).release) as connection:
        found = connection.scalars(sa.text(r"SELECT rolname FROM pg_roles WHERE rolname LIKE 'reader\_%'")).all()
        left = connection.scalars(sa.text(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'reader\_%'")).all()
    assert (list(found), list(left)) == (["reader_here"], ["reader_here"])


def test_a_file_has_no_roles(tmp_path: Path) -> None:
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)})
    keys.create(tmp_path / "keys.yml")
    with pytest.raises(GridfactsError, match="NO_ROLES"):
        roles.apply(settings, {})


@pytest.mark.postgres
def test_identities_of_the_next_release_get_their_tokens_and_nothing_else_changes(served: Settings) -> None:
    packages = {name: package(name, expires=FAR) for name in ("here", "elsewhere")}
    assert roles.after_release(served, packages) == {"reader_here": 0}
    query = "SELECT person_id FROM reader_here.v1_person ORDER BY 1"
    before = asked(served, "reader_here", query)
    assert before
    with database.writing(database.open_databases(served).release) as connection:
        gone = connection.exec_driver_sql(
            "DELETE FROM reader_here._token WHERE entity_id IN (SELECT person_id FROM fact_person LIMIT 1)"
        ).rowcount
    assert gone == 1, "as if that person had come with the newest release"
    assert asked(served, "reader_here", query) != before
    assert roles.after_release(served, packages) == {"reader_here": 1}
    assert asked(served, "reader_here", query) == before
    with database.writing(database.open_databases(served).release) as connection:
        connection.exec_driver_sql("UPDATE reader_here._token SET token = 'of another key'")
    assert roles.after_release(served, packages)["reader_here"] > 1
    assert asked(served, "reader_here", query) == before


@pytest.mark.postgres
def test_every_command_that_publishes_leaves_no_identity_without_its_token(served: Settings) -> None:
    roles.apply(served, load_all(served.expectations))

    def tokens() -> int:
        return int(str(asked(served, "postgres", "SELECT count(*) FROM reader_renshe_shebao._token")[0][0]))

    before = tokens()
    assert before > 0
    with database.writing(database.open_databases(served).release) as connection:
        connection.exec_driver_sql("DELETE FROM reader_renshe_shebao._token")
    assert tokens() == 0
    said: list[str] = []
    published(Run.of("2026-10-01", settings=served, say=said.append))
    assert tokens() == before
    assert f"rights: reader_renshe_shebao: {before} new tokens" in said
