"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from transforms.commands.options import night_option, past_night_option


@click.command()
@past_night_option
def ask(night: str) -> None:
    click.echo(night)


@click.command()
@night_option
def do(night: str) -> None:
    click.echo(night)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRIDFACTS_HOME", str(tmp_path))
    return tmp_path / "lake" / "night"


def said(command: click.Command, *words: str) -> str:
    return CliRunner().invoke(command, words, catch_exceptions=False).output.strip()


def test_a_question_is_about_the_newest_night_unless_another_is_named(home: Path) -> None:
    for night in ("2026-10-02", "2026-10-10", "2026-10-01"):
        (home / night).mkdir(parents=True)
    (home / "2026-10-11.tmp").touch()
    assert said(ask) == "2026-10-10"
    assert said(ask, "--night", "2026-10-01") == "2026-10-01"
    assert said(do) not in ("2026-10-10", "")


def test_before_the_first_night_a_question_is_about_today(home: Path) -> None:
    assert not home.exists()
    assert said(ask) == said(do)
