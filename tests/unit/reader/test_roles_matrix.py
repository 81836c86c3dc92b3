"""Every role against every object of the real catalogue, and a reader who tries to go round its views."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tests.unit.reader.test_export import package
from tests.unit.reader.test_roles import FAR, ROLES, VERBS, served
from transforms import database
from transforms.reader import roles
from transforms.run import Settings

__all__ = ["served"]
pytestmark = pytest.mark.postgres
LOGIN = "gridfacts_probe"
HERE = ("rel_person_house", "stat_grid", "v1_organization", "v1_person")
_OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_CLASS = (
    "SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    f"WHERE {_OURS} AND c.relkind IN ({{}})"
)
_TABLES = _CLASS.format("'r', 'v', 'm', 'p', 'f'")
_FUNCTIONS = (  # our own, and those of the system that reach beyond rows
    "SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace "
    f"WHERE {_OURS} OR p.proname ~ '^pg_(try_)?advisory_|^lo_|^loread|^lowrite|^pg_(read|ls|stat)_(file|dir)$'"
)
_LANGUAGES = "SELECT lanname FROM pg_language WHERE NOT lanpltrusted AND lanname NOT IN ('c', 'internal')"
# what → (the objects, the privileges asked for, the function that tells)
OBJECTS = {
    "relation": (_TABLES, VERBS, "has_table_privilege"),
    "column": (_TABLES, ("SELECT", "INSERT", "UPDATE", "REFERENCES"), "has_any_column_privilege"),
    "sequence": (_CLASS.format("'S'"), ("USAGE", "SELECT", "UPDATE"), "has_sequence_privilege"),
    "function": (_FUNCTIONS, ("EXECUTE",), "has_function_privilege"),
    "schema": (f"SELECT n.nspname FROM pg_namespace AS n WHERE {_OURS}", ("USAGE", "CREATE"), "has_schema_privilege"),
    "database": ("SELECT current_database()", ("CREATE", "TEMPORARY"), "has_database_privilege"),
    "tablespace": ("SELECT spcname FROM pg_tablespace", ("CREATE",), "has_tablespace_privilege"),
    "language": (_LANGUAGES, ("USAGE",), "has_language_privilege"),  # c, internal: only superusers make functions
    "wrapper": ("SELECT fdwname FROM pg_foreign_data_wrapper", ("USAGE",), "has_foreign_data_wrapper_privilege"),
}
SETTINGS = (
    "DateStyle = 'German'", "DateStyle = 'SQL, DMY'", "DateStyle = 'Postgres, MDY'", "TimeZone = 'Etc/GMT+12'",
    "search_path = pg_temp", "enable_hashjoin = off", "IntervalStyle = 'sql_standard'",
)  # fmt: skip


@dataclass(frozen=True)
class Reader:
    """Somebody who logs in as a consumer's own account."""

    url: str

    def say(self, *statements: str) -> str:
        """The sqlstate that refuses the last statement, or what it answers; earlier ones may fail."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            answer = ""
            for statement in statements:
                try:
                    found = connection.execute(statement)
                    answer = str(found.fetchall()) if found.description else "done"
                except psycopg.Error as error:
                    answer = str(error.sqlstate)
            return answer

    def notices(self, statement: str) -> list[str]:
        """What functions of the statement told while it ran."""
        heard: list[str] = []
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.add_notice_handler(lambda told: heard.append(str(told.message_primary)))
            connection.execute(statement)
        return heard


def admin(settings: Settings, *statements: str) -> None:
    with database.writing(database.open_databases(settings).release) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture
def reader(served: Settings) -> Iterator[Reader]:
    admin(served, f"CREATE ROLE {LOGIN} LOGIN IN ROLE reader_here")
    url = sa.make_url(served.database_url).set(drivername="postgresql", username=LOGIN)
    yield Reader(url.render_as_string(hide_password=False))
    admin(served, f"DROP OWNED BY {LOGIN}", f"DROP ROLE {LOGIN}")


def rows(settings: Settings, query: str) -> list[tuple[object, ...]]:
    with database.reading(database.open_databases(settings).release) as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


Held = dict[str, set[tuple[str, str]]]


def held(settings: Settings, role: str) -> Held:
    """What a role may do, object by object, as the server itself tells it."""
    found = {}
    for what, (objects, verbs, asks) in OBJECTS.items():
        asked = [f"SELECT o.name, '{verb}', {asks}('{role}', o.name, '{verb}') FROM ({objects}) AS o (name)"
                 for verb in verbs]  # fmt: skip
        found[what] = {(str(n), str(v)) for n, v, may in rows(settings, " UNION ALL ".join(asked)) if may}
    return found


def test_every_role_object_and_verb(served: Settings, reader: Reader) -> None:
    counts = {what: len(rows(served, objects)) for what, (objects, _, _) in OBJECTS.items()}
    assert counts["relation"] > 40
    assert counts["function"] > 40
    assert counts["schema"] > 4
    views = {f"reader_here.{name}" for name in HERE}
    nothing: Held = {what: set() for what in OBJECTS}
    here = nothing | {
        "relation": {(view, "SELECT") for view in views}, "column": {(view, "SELECT") for view in views},
        "schema": {("reader_here", "USAGE")},
    }  # fmt: skip
    view = {("reader_there.v1_person", "SELECT")}
    there = nothing | {"relation": view, "column": view, "schema": {("reader_there", "USAGE")}}
    assert held(served, "reader_here") == here
    assert held(served, LOGIN) == here, "an account of the consumer has what its role has"
    assert held(served, "reader_there") == there
    assert held(served, "public") == nothing


def test_no_role_is_more_than_a_reader(served: Settings) -> None:
    attributes = "rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls"
    told = rows(served, f"SELECT rolname, {attributes} FROM pg_roles WHERE rolname LIKE 'reader%' ORDER BY 1")
    assert told == [(role, False, True, False, False, False, False, False) for role in ROLES]
    member = (
        "SELECT count(*) FROM pg_auth_members WHERE member IN (SELECT oid FROM pg_roles WHERE rolname LIKE 'reader%')"
    )
    assert rows(served, member) == [(0,)]
    owned = "SELECT count(*) FROM pg_class WHERE relowner IN (SELECT oid FROM pg_roles WHERE rolname LIKE 'reader%')"
    assert rows(served, owned) == [(0,)]
    named = "JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname LIKE 'reader%'"
    views = rows(served, f"SELECT c.relkind, c.reloptions FROM pg_class AS c {named} AND c.relkind NOT IN ('r', 'i')")
    assert len(views) == len(HERE) + 1
    assert all(row == ("v", ["security_barrier=true"]) for row in views)
    assert rows(served, "SELECT count(*) FROM pg_class WHERE relkind = 'm'") == [(0,)], "a copy knows no rights"
    grantable = (
        "SELECT count(*) FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE a.is_grantable AND a.grantee <> c.relowner"
    )
    assert rows(served, grantable) == [(0,)]


DENIED = "42501"
_TRIGGER = (
    "CREATE TRIGGER t INSTEAD OF UPDATE ON reader_here.v1_person FOR EACH ROW "
    "EXECUTE FUNCTION suppress_redundant_updates_trigger()"
)
ATTEMPTS = {
    "another role": ("SET ROLE reader_there",), "the owner": ("SET ROLE postgres",),
    "the owner's session": ("SET SESSION AUTHORIZATION postgres",),
    "no role": ("RESET ROLE", "SELECT count(*) FROM release.fact_person"),
    "row security off": ("SET row_security = off", "SELECT count(*) FROM release.fact_person"),
    "search_path": ("SET search_path = release, reader_there", "SELECT count(*) FROM reader_there.v1_person"),
    "a setting": ("SET gridfacts.district = '445303'", "SELECT count(*) FROM release.v1_person"),
    "copy a table": ("COPY release.fact_person TO STDOUT",),
    "copy a query": ("COPY (SELECT * FROM control.home) TO STDOUT",),
    "copy to a file": ("COPY (SELECT 1) TO '/tmp/gridfacts_probe'",),
    "copy to a program": ("COPY (SELECT 1) TO PROGRAM 'true'",),
    "read a file": ("SELECT pg_read_file('PG_VERSION')",), "list a folder": ("SELECT pg_ls_dir('.')",),
    "read a file as of old": ("SELECT pg_read_file_old('PG_VERSION', 0, 9)",),
    "large object": ("SELECT lo_create(0)",), "large object with bytes": ("SELECT lo_from_bytea(0, 'x')",),
    "import a file": ("SELECT lo_import('/etc/hostname')",),
    "hold the audit's lock": ("SELECT pg_advisory_lock(4443004)",),
    "try the publisher's lock": ("SELECT pg_try_advisory_xact_lock(4443001)",),
    "temporary function": ("CREATE FUNCTION pg_temp.f(text) RETURNS bool LANGUAGE sql AS 'SELECT true'",),
    "temporary view": ("CREATE TEMP VIEW v AS SELECT * FROM reader_here.v1_person",),
    "function in public": ("CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",),
    "operator": ("CREATE OPERATOR public.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",),
    "anonymous block": ("DO $$ BEGIN PERFORM count(*) FROM release.fact_person; END $$",),
    "a query as text": ("SELECT query_to_xml('SELECT * FROM release.fact_person', true, true, '')",),
    "a table as text": ("SELECT table_to_xml('control.home', true, true, '')",),
    "words of a column": ("SELECT ts_stat('SELECT to_tsvector(name) FROM release.fact_person')",),
    "own tokens": ("SELECT count(*) FROM reader_here._token",),
    "lock rows": ("SELECT * FROM reader_here.v1_organization FOR UPDATE",),
    "write through a view": ("UPDATE reader_here.stat_grid SET grid_id = 'x'",),
    "other options": ("ALTER VIEW reader_here.v1_person SET (security_barrier = false)",),
    "another view": ("CREATE OR REPLACE VIEW reader_here.v1_person AS SELECT 1",),
    "drop": ("DROP VIEW reader_here.v1_person",), "a schema": ("CREATE SCHEMA mine",),
    "statistics": ("SELECT count(*) FROM pg_statistic",),
    "a rule": ("CREATE RULE r AS ON SELECT TO reader_here.v1_person DO INSTEAD SELECT 1",),
    "a trigger": (_TRIGGER,),
    "passwords": ("SELECT count(*) FROM pg_authid",), "a server setting": ("ALTER SYSTEM SET log_statement = 'all'",),
}  # fmt: skip


def test_no_way_round(reader: Reader) -> None:
    assert {name: reader.say(*statements) for name, statements in ATTEMPTS.items()} == dict.fromkeys(ATTEMPTS, DENIED)


def test_a_reader_cannot_hand_on_what_it_has(served: Settings, reader: Reader) -> None:
    before = held(served, "reader_there")
    reader.say("GRANT SELECT ON reader_here.v1_person TO reader_there", "GRANT reader_here TO reader_there")
    assert held(served, "reader_there") == before


def test_statistics_and_plans_hold_no_value_of_a_base_table(served: Settings, reader: Reader) -> None:
    admin(served, "ANALYZE release.fact_person", "ANALYZE release.fact_organization")
    assert rows(served, "SELECT count(*) > 5 FROM pg_stats WHERE schemaname = 'release'") == [(True,)]
    assert reader.say("SELECT count(*) FROM pg_stats WHERE schemaname IN ('release', 'control')") == "[(0,)]"


def test_no_setting_of_a_session_changes_what_is_shown(served: Settings, reader: Reader) -> None:
    question = "SELECT * FROM reader_here.v1_person"
    usual = reader.say(question)
    assert "'1990'" in usual
    for setting in SETTINGS:
        assert reader.say(f"SET {setting}", question) == usual, setting


def test_rights_end_by_no_clock_of_the_reader(served: Settings, reader: Reader) -> None:
    """Where the reader's time zone says that it is still yesterday, rights that ended yesterday have ended."""
    text = rows(served, "SELECT pg_get_viewdef('reader_here.v1_organization')")[0][0]
    assert "CURRENT_DATE" not in str(text)
    assert "now() AT TIME ZONE 'UTC'" in str(text)


def test_a_function_in_the_question_meets_no_hidden_row(served: Settings, reader: Reader) -> None:
    """The worst case: somebody has installed a cheap function that tells what it is given, for everybody."""
    admin(
        served,
        "CREATE SCHEMA tools", "GRANT USAGE ON SCHEMA tools TO PUBLIC",
        "CREATE FUNCTION tools.tell(text) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS "
        "$$ BEGIN RAISE NOTICE '%%', $1; RETURN true; END $$",
        "GRANT EXECUTE ON FUNCTION tools.tell(text) TO PUBLIC",
    )  # fmt: skip
    question = "SELECT * FROM {}.v1_person WHERE tools.tell(birth_date) AND tools.tell(division_code)"
    assert sorted(reader.notices(question.format("reader_here"))) == ["1990", "445302001000"]
    text = rows(served, "SELECT pg_get_viewdef('reader_here.v1_person')")[0][0]
    admin(  # the same view without its barrier: the probe sees more, so it can
        served,
        "CREATE SCHEMA reader_bare", "GRANT USAGE ON SCHEMA reader_bare TO PUBLIC",
        f"CREATE VIEW reader_bare.v1_person AS {text}",
        "GRANT SELECT ON reader_bare.v1_person TO PUBLIC",
    )  # fmt: skip
    assert len(reader.notices(question.format("reader_bare"))) > 2


def test_what_is_made_later_is_granted_to_nobody(served: Settings, reader: Reader) -> None:
    admin(
        served, "CREATE TABLE release.later (a int)", "CREATE SEQUENCE control.later",
        "CREATE FUNCTION release.later() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    )  # fmt: skip
    found = held(served, LOGIN)
    assert not any("later" in name for told in found.values() for name, _ in told)
    assert reader.say("SELECT * FROM release.later") == DENIED


def test_a_role_of_no_package_loses_everything(served: Settings, reader: Reader, tmp_path: Path) -> None:
    roles.apply(served, {})
    assert held(served, LOGIN) == {what: set() for what in OBJECTS}


def test_who_publishes_keeps_what_publish_needs(served: Settings) -> None:
    """The owner of the schemas need be no superuser: it stages in temporary tables and takes advisory locks."""
    packages = {"here": package("here", expires=FAR)}
    admin(served, "CREATE ROLE gridfacts_writer", "ALTER SCHEMA release OWNER TO gridfacts_writer")
    needed = (
        "SELECT has_function_privilege(:r, 'pg_advisory_xact_lock(bigint)', 'EXECUTE'), "
        "has_database_privilege(:r, current_database(), 'TEMPORARY')"
    )
    before = rows(served, needed.replace(":r", "'gridfacts_writer'"))
    roles.apply(served, packages)
    after = rows(served, needed.replace(":r", "'gridfacts_writer'"))
    none = rows(served, needed.replace(":r", "'reader_here'"))
    admin(
        served, "ALTER SCHEMA release OWNER TO postgres", "DROP OWNED BY gridfacts_writer", "DROP ROLE gridfacts_writer"
    )
    assert (before, after, none) == ([(False, False)], [(True, True)], [(False, False)])
