"""What several commands share: their options, progress on stderr, and how an answer is shown."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import getpass
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from transforms.run import Run, Settings

Command = TypeVar("Command", bound=Callable[..., Any])


_LANGUAGE = "GRIDFACTS_LANGUAGE"
_NIGHT = "The night's date, YYYY-MM-DD."


def night_option(command: Command) -> Command:
    """``--night``, today unless given."""
    return click.option("--night", default=_today, show_default="today", help=_NIGHT)(command)


def past_night_option(command: Command) -> Command:
    """``--night`` of a question about what was done: the newest night that has begun unless given."""
    return click.option("--night", default=_newest, show_default="the newest", help=_NIGHT)(command)


def located_night_option(command: Command) -> Command:
    """``--night`` of a question about places (:func:`located_run`)."""
    text = f"{_NIGHT[:-1]}; default: the newest located one."
    return click.option("--night", default=None, help=text)(command)


def located_run(night: str | None) -> Run:
    """The night asked for, else the newest whose places are located."""
    from transforms import locate

    return Run.of(night or locate.newest_night(Run.of("1970-01-01")), settings=Settings.from_environment())


def _today() -> str:
    return dt.datetime.now().astimezone().date().isoformat()


def _newest() -> str:
    nights = [path.name for path in (Settings.from_environment().lake / "night").glob("*") if path.is_dir()]
    return max(nights, default=_today())


def drops_option(command: Command) -> Command:
    """``--drops``: another drop box than the home's."""
    text = "Folder with one folder per source; default $GRIDFACTS_HOME/drops."
    return click.option("--drops", type=click.Path(path_type=Path), default=None, help=text)(command)


def json_option(command: Command) -> Command:
    """``--json``: for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def language_option(command: Command) -> Command:
    """``--language``: in which words people are told."""
    choice, text = click.Choice(["en", "zh"]), "Words of the answer."
    return click.option("--language", type=choice, default="en", show_default=True, envvar=_LANGUAGE, help=text)(
        command
    )


def by_option(command: Command) -> Command:
    """``--by``: whose word it is."""
    return click.option("--by", required=True, help="Your name: it stands beside the decision for good.")(command)


def reason_option(text: str) -> Callable[[Command], Command]:
    """``--reason`` of a decision; ``text`` is its help."""
    return click.option("--reason", required=True, help=text)


def progress() -> Callable[[str], None]:
    """A teller of progress that counts seconds from now; it can be sent to another process."""
    return functools.partial(_tell, time.monotonic())


def _tell(start: float, text: str) -> None:
    """One line of progress; the clock is the machine's, so lines of several processes agree."""
    click.echo(f"{time.monotonic() - start:7.1f}s  {text}", err=True)


def show(value: object, text: str, *, as_json: bool) -> None:
    """Print the value as JSON, or the text."""
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=dataclasses.asdict))
    else:
        click.echo(text)


def reader_options(command: Command) -> Command:
    """``--who`` and ``--purpose``: who reads about whom is written down before anything is shown."""
    who = click.option("--who", envvar="GRIDFACTS_WHO", default=getpass.getuser, help="Who reads; this account.")
    purpose = click.option("--purpose", default="operation", show_default=True, help="What for; audited.")
    return who(purpose(command))
