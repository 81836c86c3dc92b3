"""What README.md tells a newcomer to type is what there is."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from tests.homes import ROOT, Home

README = (ROOT / "README.md").read_text("utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
COMMANDS = sorted(set(re.findall(r"gridfacts ((?:[a-z]+ ?){1,2})", README)))


def test_the_queries_answer(first_night: Path) -> None:
    assert QUERIES
    with sqlite3.connect(first_night / "release.db") as release:
        for query in QUERIES:
            assert release.execute(query).fetchall(), query


def test_there_are_commands_to_look_for() -> None:
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_there(words: str, tmp_path: Path) -> None:
    done = Home(tmp_path).call(*words.split(), "--help", check=False)
    assert done.returncode == 0, done.stderr


def test_three_commands_tell_what_changed_in_a_town(both_nights: Path, tmp_path: Path) -> None:
    """The last of them, on two nights as the first leaves them, beside the feed and the facts read by hand."""
    section = README[README.index("## Three commands") :]
    commands = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert commands is not None
    first, activate, last = commands[1].splitlines()
    assert (first, activate) == ("make nightly", ". .venv/bin/activate")
    assert "nightly: " in (ROOT / "Makefile").read_text("utf-8")
    home = Home.copy_of(both_nights, tmp_path / "home")
    told = [line.split("\t") for line in home.call(*last.split()[1:]).stdout.splitlines()]
    with sqlite3.connect(home.path / "release.db") as release:
        (town,) = release.execute("SELECT code FROM std_division WHERE name = '云城街道' AND level = 'town'").fetchone()
        moved = {row[0] for row in release.execute("SELECT entity_id FROM change WHERE release = 2").fetchall()}
        either = "known_to IS NULL OR known_to = 2"
        facts = f"SELECT organization_id, division_code, known_to FROM fact_organization WHERE {either}"
        here = [(o, to) for o, code, to in release.execute(facts) if o in moved and (code or "")[:9] == town[:9]]
    now, then = ({o for o, to in here if to == known_to} for known_to in (None, 2))
    assert (told[0][0], told[0][-1]) == ("organization_id", "what")
    assert len(now) > 3
    wanted = {o: "gone" if o not in now else "changed" if o in then else "new" for o in now | then}
    assert {row[0]: row[-1] for row in told[1:]} == wanted
