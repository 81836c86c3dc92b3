"""The reader's commands, as a person types them, on either database: from a release to a copy, an export, the audit."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner

from tests import small_release as small
from tests.unit.reader.conftest import publish_city
from transforms import database
from transforms.commands import reader
from transforms.errors import GridfactsError
from transforms.run import Settings


@pytest.fixture
def home(settings: Settings) -> Settings:
    publish_city(settings, 1, {}, small.first_city())
    return settings


def call(settings: Settings, command: Command, *words: str, code: int = 0) -> str:
    told = {"GRIDFACTS_HOME": str(settings.home), "GRIDFACTS_DATABASE_URL": settings.database_url}
    result = CliRunner(env=told).invoke(command, words, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_from_a_release_to_a_copy_that_follows(home: Settings, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy.db")
    assert "release 1" in call(home, reader.feed_group, "pull", "--replica", copy)
    publish_city(home, 2, small.first_city(), small.second_city())
    call(home, reader.feed_group, "pull", "--replica", copy, "--limit", "1")
    assert "1 releases applied; the copy stands at release 2" in call(
        home, reader.feed_group, "apply", "--replica", copy
    )
    with sqlite3.connect(copy) as connection:
        found = connection.execute("SELECT person_id FROM fact_person ORDER BY 1").fetchall()
    assert found == [("per1",), ("per2",), ("per4",)]
    assert call(home, reader.release_group, "list").count("2026-10-") == 2
    assert "release 3" in call(home, reader.release_group, "rollback", "--yes")


def test_before_the_first_release_there_is_nothing_to_follow(tmp_path: Path) -> None:
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path / "home")})
    with pytest.raises(GridfactsError, match="NO_RELEASE"):
        call(settings, reader.feed_group, "pull", "--replica", str(tmp_path / "copy.db"))
    assert not (tmp_path / "copy.db").exists()


def test_a_consumer_follows_what_its_rights_let_it_see(home: Settings, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy.db")
    words = ("pull", "--replica", copy, "--consumer", "yuncheng_wangge", "--who", "网格中心")
    call(home, reader.feed_group, *words)
    second = small.second_city()
    second["fact_premises"][0]["name"] = "改名店"
    publish_city(home, 2, small.first_city(), second)
    assert "2 events taken" in call(home, reader.feed_group, *words)  # the premises, and the counts as a whole
    assert "1 releases applied" in call(home, reader.feed_group, "apply", "--replica", copy)
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT name FROM v1_premises").fetchall() == [("改名店",)]
    assert "no rights package" in call(home, reader.feed_group, *words[:4], "nobody", code=2)
    assert "the chain is whole" in call(home, reader.audit_group, "verify")


def test_an_export_is_told_and_the_chain_is_whole(home: Settings, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("yuncheng_wangge", "--out", str(out), "--format", "csv", "--who", "网格中心")
    assert "v1_premises: 1 rows" in call(home, reader.export, *words)
    assert (out / "v1_premises.csv").exists()
    assert "the chain is whole" in call(home, reader.audit_group, "verify")
    assert "packages are good" in call(home, reader.rights_group, "lint")
    assert "no rights package" in call(home, reader.export, "nobody", *words[1:], code=2)


def test_a_question_is_answered_with_tabs_or_as_json_and_written_down(home: Settings) -> None:
    words = ("organizations_changed_in_a_town", "town=town“合成”", "release=newest", "--who", "王查询")
    assert call(home, reader.ask_query, *words) == "organization_id\tname\tstatus\tgrid_code\tlast_changed\twhat\n"
    second = small.second_city()
    second["fact_organization"][0]["name"] = "改名公司"
    publish_city(home, 2, small.first_city(), second)
    asked = (*words[:2], "release=previous", *words[3:])
    [_, line] = call(home, reader.ask_query, *asked).splitlines()
    assert (line.split("\t")[:2], line.split("\t")[-1]) == (["o1", "改名公司"], "changed")
    [row] = json.loads(call(home, reader.ask_query, *asked, "--json"))
    assert (row["organization_id"], row["what"]) == ("o1", "changed")
    assert "per1\tlive\t0" in call(home, reader.ask_query, "identity_today", "entity=per1", *words[3:])
    with pytest.raises(GridfactsError, match="NOT_FOUND"):
        call(home, reader.ask_query, "identity_today", "entity=nobody", *words[3:])
    rows = database.read(database.open_databases(home).control, "audit", ["who", "kind", "rows"]).to_pylist()
    assert [(row["kind"], row["rows"]) for row in rows if row["who"] == "王查询"] == [
        (words[0], 0), (words[0], 1), (words[0], 1), ("identity_today", 1), ("identity_today", 0),
    ]  # fmt: skip
    assert "the chain is whole" in call(home, reader.audit_group, "verify")


def test_the_dictionary_is_written_and_checked(tmp_path: Path) -> None:
    home, folder = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)}), str(tmp_path / "pages")
    assert "stale" in call(home, reader.dictionary, "--out", folder, "--check", code=1)
    call(home, reader.dictionary, "--out", folder)
    assert "as the catalogue says" in call(home, reader.dictionary, "--out", folder, "--check")
