"""The command line ``gridfacts``: every room alone, all of them in order, and the questions people ask afterwards.

Exit codes: 0 well; 1 a night, door or check failed; 2 a setting, contract or argument is wrong.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import itertools
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import click

from transforms import bundles, contract, keys, kinds
from transforms.errors import GridfactsError
from transforms.model import Report
from transforms.run import Run, Settings

Command = TypeVar("Command", bound=Callable[..., Any])
SOURCE_ROOMS = ("land", "check", "standardise")
STAGE_ROOMS = ("locate", "link", "resolve", "merge")
NIGHT_ROOMS = ("apply", "close", "publish")


class _Errors(click.Group):
    """Show our own errors as one clear line and exit with their code."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 (click's own signature)
        try:
            return super().invoke(ctx)
        except GridfactsError as error:
            click.secho(f"gridfacts: {error}", fg="red", err=True)
            sys.exit(error.exit_code)


def _night_option(command: Command) -> Command:
    today = dt.datetime.now().astimezone().date().isoformat()
    option = click.option("--night", default=today, show_default="today", help="The night's date, YYYY-MM-DD.")
    return option(command)


def _drops_option(command: Command) -> Command:
    text = "Folder with one folder per source; default $GRIDFACTS_HOME/drops."
    return click.option("--drops", type=click.Path(path_type=Path), default=None, help=text)(command)


def _json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def _progress() -> Callable[[str], None]:
    return functools.partial(_tell, time.monotonic())


def _tell(start: float, text: str) -> None:
    """One line of progress; the clock is the machine's, so lines of several processes agree."""
    click.echo(f"{time.monotonic() - start:7.1f}s  {text}", err=True)


def _show(value: object, text: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=dataclasses.asdict))
    else:
        click.echo(text)


@click.group(cls=_Errors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="gridfacts")
def main() -> None:
    """One database of the 四标四实 from a city's departments: every record resolved, traceable, in a grid.

    Settings come from the environment (README, "Settings"): GRIDFACTS_HOME, GRIDFACTS_DATABASE_URL, GRIDFACTS_KEYS ...
    """


@main.command()
@_night_option
@_drops_option
@click.option("--dry-run", is_flag=True, help="Everything up to the balanced delta; the release stays as it is.")
@_json_option
def run(night: str, drops: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Run all rooms of a night in order and publish one release (what the DAG nightly_merge does, without Airflow)."""
    from transforms import publish

    this = Run.of(night, drops=drops, say=_progress())
    reports = _source_rooms(this)
    reports += [report for step in _steps(this) for report in step()]
    if not dry_run:
        reports += publish.run(this)
    lines = [f"{r.room:12} {r.part:28} " + "  ".join(f"{k} {v}" for k, v in r.counts.items()) for r in reports]
    _show(reports, "\n".join(lines[-6:]), as_json=as_json)


def _steps(this: Run) -> list[Callable[[], list[Report]]]:
    """The rooms after standardise, up to the delta, as calls in order."""
    steps = [functools.partial(_room, this, "apply", [], None)]
    for stage in kinds.STAGES:
        steps += [functools.partial(_room, this, room, [], stage) for room in kinds.rooms_of(stage)]
    return [*steps, functools.partial(_room, this, "close", [], None)]


def _source_rooms(this: Run) -> list[Report]:
    """Land, check and standardise, a process a bundle: a source fails, and is fast, on its own."""
    spread = bundles.bundles(bundles.sources_with_work(this), this.settings.threads)
    if len(spread) <= 1:
        return [report for sources in spread for report in _bundle(this, sources)]
    # spawned, not forked: the engines' threads do not survive a fork
    with ProcessPoolExecutor(len(spread), multiprocessing.get_context("spawn")) as pool:
        done = pool.map(_bundle, itertools.repeat(this), spread)
        return [report for reports in done for report in reports]


def _bundle(this: Run, sources: list[str]) -> list[Report]:
    return [report for room in SOURCE_ROOMS for report in _room(this, room, sources, None)]


def _room(this: Run, name: str, sources: list[str], stage: str | None) -> list[Report]:
    """Call one room's entry point (docs/rooms.md). Rooms are imported here, when they are needed."""
    from transforms import account, check, land, link, locate, merge, publish, resolve, standardise

    this.say(f"{name} {stage or ''}".rstrip())
    if name in SOURCE_ROOMS:
        return {"land": land.run, "check": check.run, "standardise": standardise.run}[name](this, sources)
    if name in STAGE_ROOMS and stage is not None:
        return {"locate": locate.run, "link": link.run, "resolve": resolve.run, "merge": merge.run}[name](this, stage)
    if name == "apply":
        return account.apply(this)
    if name == "close":
        return account.close(this, land.reread)
    return publish.run(this)


@main.command()
@click.argument("name", type=click.Choice([*SOURCE_ROOMS, *STAGE_ROOMS, *NIGHT_ROOMS]))
@_night_option
@_drops_option
@click.option("--source", "sources", multiple=True, help="Only these sources (land, check, standardise).")
@click.option("--stage", "stages", multiple=True, type=click.Choice(kinds.STAGES), help="Only these stages.")
@_json_option
def room(
    name: str, night: str, drops: Path | None, sources: tuple[str, ...], stages: tuple[str, ...], *, as_json: bool
) -> None:
    """Run one room alone; what did not change is reused."""
    this = Run.of(night, drops=drops, say=_progress())
    known = list(contract.load_all(this.settings.expectations))
    if unknown := sorted(set(sources) - set(known)):
        raise click.BadParameter(f"no contract for {', '.join(unknown)}", param_hint="--source")
    each: list[str | None] = list(stages or kinds.STAGES) if name in STAGE_ROOMS else [None]
    reports = [report for stage in each for report in _room(this, name, list(sources) or known, stage)]
    lines = [f"{r.room} {r.part}: " + ", ".join(f"{k} {v}" for k, v in r.counts.items()) for r in reports]
    _show(reports, "\n".join(lines), as_json=as_json)


@main.command()
@_night_option
@_json_option
def balance(night: str, *, as_json: bool) -> None:
    """Re-read raw bytes and published rows and compare sets of row ids, per source, batch and room."""
    from transforms import account, land

    findings = account.balance(Run.of(night, say=_progress()), land.reread)
    _show({"balanced": not findings, "findings": findings}, "\n".join(findings) or "balanced", as_json=as_json)
    sys.exit(1 if findings else 0)


@main.command()
def checksum() -> None:
    """Print the release number and the release checksum, computed from the database's rows."""
    from transforms import database
    from transforms.checksum import release_checksum

    databases = database.open_databases(Settings.from_environment())
    with databases.release.connect() as connection:
        click.echo(f"{database.current_release(databases)} {release_checksum(connection)}")


@main.command()
@click.option("--truth", required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@_night_option
@_json_option
def evaluate(truth: Path, night: str, *, as_json: bool) -> None:
    """Measure a night against the truth: TRUTH holds <kind>.parquet with night, source, file_sha256, line, entity."""
    from transforms import account

    found = account.evaluate(Run.of(night), truth)
    _show(found, account.render_evaluation(found), as_json=as_json)


@main.command()
@click.argument("what")
@_night_option
@_json_option
def explain(what: str, night: str, *, as_json: bool) -> None:
    """Explain WHAT: an entity id, or a landed row as source:batch-or-file-name:line."""
    from transforms import account

    found = account.explain(Run.of(night), what)
    _show(found, account.render_explanation(found), as_json=as_json)


@main.command()
@click.option("--truth", default=None, type=click.Path(path_type=Path, exists=True, file_okay=False))
@_night_option
def summary(truth: Path | None, night: str) -> None:
    """What came in, what went out, how good it is, where to look next."""
    from transforms import account, land

    click.echo(account.summary(Run.of(night), land.reread, truth))


@main.group(name="contract")
def contract_group() -> None:
    """Contracts: the promises of the sources."""


@contract_group.command()
@_json_option
def lint(*, as_json: bool) -> None:
    """Check every contract, kind and lookup of this deployment."""
    from expectations.lint import lint as problems_of

    settings = Settings.from_environment()
    problems = problems_of(settings.expectations)
    good = f"{len(contract.load_all(settings.expectations))} contracts are good"
    _show({"problems": problems}, "\n".join(problems) or good, as_json=as_json)
    sys.exit(2 if problems else 0)


@main.group()
def demo() -> None:
    """The sample city: synthetic, with its truth."""


@demo.command(name="keys")
def demo_keys() -> None:
    """Make demonstration keys in $GRIDFACTS_HOME/keys.yml. Production must not use them."""
    settings = Settings.from_environment()
    path = settings.keys or settings.home / "keys.yml"
    if path.exists():
        click.echo(f"keys are already at {path}")
        return
    keys.create(path)
    click.secho(
        f"DEMONSTRATION KEYS written to {path}. PRODUCTION MUST NOT USE THEM: bring your own key file", fg="yellow"
    )


@demo.command(name="city")
@click.option("--city", default="yunfu", show_default=True, help="A city of demo/cities.")
@click.option("--residents", default=29_000, show_default=True, help="About how many; whole towns at true density.")
@click.option("--nights", default=2, show_default=True)
@click.option("--seed", default=7, show_default=True)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False))
def demo_city(city: str, residents: int, nights: int, seed: int, out: Path) -> None:
    """Write a city that knows who is who: OUT/drops/<night>/<source>/... and OUT/truth/<kind>.parquet."""
    from demo.city import build

    found = build(city, residents, nights, seed, out, _progress())
    click.echo(f"{found}")
