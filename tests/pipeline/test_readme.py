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
