"""The reader's commands: feed, rights, export, audit, release, dictionary."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from transforms import database
from transforms.commands import notice
from transforms.commands.options import json_option, progress, reader_options, show
from transforms.errors import ConfigError, GridfactsError
from transforms.run import Run, Settings

if TYPE_CHECKING:
    from transforms.reader.export import Format
    from transforms.reader.package import Package


@click.group(name="feed")
def feed_group() -> None:
    """The change feed: pages of numbered events, and a small reference consumer."""


@feed_group.command()
@click.option(
    "--replica", required=True, type=click.Path(path_type=Path, dir_okay=False), help="SQLite file of the copy."
)
@click.option("--consumer", default=None, help="Only what the rights package of this consumer lets it see.")
@click.option("--limit", default=1_000, show_default=True, help="Events a page.")
@reader_options
def pull(replica: Path, consumer: str | None, limit: int, who: str, purpose: str) -> None:
    """Take a snapshot (the first time) or all pages since the last one; `apply` moves them into the tables."""
    from transforms.reader import audit, follow
    from transforms.reader.replica import Replica

    settings = Settings.from_environment()
    package = _package(settings, consumer) if consumer else None
    kind, why = (package.consumer, package.purpose) if package else ("all", purpose)

    def looked(rows: int) -> None:
        audit.record_read(settings, who=who, action="feed", kind=kind, purpose=why, rows=rows)

    dbs = database.open_databases(settings)
    if not database.current_release(dbs):
        raise GridfactsError("NO_RELEASE", "nothing was published yet")
    with database.reading(dbs.release) as connection:
        source = follow.source(connection, settings, package, looked, _today())
        copy, taken = Replica(replica, source.shapes), 0
        before = copy.release
        while came := copy.pull(source, limit):
            taken += came
    came_whole = "" if before == copy.release else "a snapshot and "
    click.echo(f"{came_whole}{taken} events taken; the copy stands at release {copy.release}")
    notice.show_planned(settings)


@feed_group.command()
@click.option(
    "--replica", required=True, type=click.Path(path_type=Path, dir_okay=False), help="SQLite file of the copy."
)
def apply(replica: Path) -> None:
    """Move every release that has come whole into the copy's tables."""
    from transforms.reader.replica import Replica

    copy = Replica.held(replica)
    click.echo(f"{copy.apply()} releases applied; the copy stands at release {copy.release}")


@click.group(name="rights")
def rights_group() -> None:
    """Rights packages: what each consumer may see (expectations/consumers)."""


@rights_group.command()
@json_option
def lint(*, as_json: bool) -> None:
    """Read every package; one that would leak is refused with the reason."""
    from transforms.reader import package

    folder = Settings.from_environment().expectations / "consumers"
    problems = []
    paths = sorted(folder.glob("*.yml"))
    for path in paths:
        try:
            package.load(path)
        except ConfigError as error:
            problems.append(error.detail)
    show({"problems": problems}, "\n".join(problems) or f"{len(paths)} packages are good", as_json=as_json)
    sys.exit(2 if problems else 0)


@rights_group.command(name="apply")
def apply_rights() -> None:
    """PostgreSQL: make the roles, views and grants that the packages say, and no others."""
    from transforms.reader import package, roles

    settings = Settings.from_environment()
    for role in roles.apply(settings, package.load_all(settings.expectations)):
        click.echo(role)


@rights_group.command()
@click.argument("consumer")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--of", "name", default="v1_person", show_default=True, help="The view whose entities are meant.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A folder that does not exist yet.")
@click.option("--who", required=True, envvar="GRIDFACTS_WHO", help="Who asks; it stands in the audit.")
def onboard(consumer: str, file: Path, name: str, out: Path, who: str) -> None:
    """Answer CONSUMER's own keys in FILE (CSV: key and the columns its package names) with its tokens."""
    from transforms.reader import onboard as onboarding

    settings = Settings.from_environment()
    package = _package(settings, consumer)
    for answer, rows in onboarding.onboard(settings, package, name, file, out, who, _today()).items():
        click.echo(f"{answer}: {rows} rows")


@click.command()
@click.argument("consumer")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A folder that does not exist yet.")
@click.option("--format", "formats", multiple=True, type=click.Choice(["parquet", "csv", "gpkg"]), default=("parquet",))
@click.option("--who", required=True, envvar="GRIDFACTS_WHO", help="Who exports; it stands in the audit.")
def export(consumer: str, out: Path, formats: tuple[Format, ...], who: str) -> None:
    """Write what the rights package of CONSUMER lets it see, with a dictionary."""
    from transforms.reader import export as exports

    settings = Settings.from_environment()
    for name, rows in exports.export(settings, _package(settings, consumer), out, formats, who, _today()).items():
        click.echo(f"{name}: {rows} rows")


def _package(settings: Settings, consumer: str) -> Package:
    from transforms.reader import package

    packages = package.load_all(settings.expectations)
    if consumer not in packages:
        raise click.BadParameter(f"no rights package; there are {', '.join(packages) or 'none'}", param_hint="CONSUMER")
    return packages[consumer]


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()


@click.command(name="query")
@click.argument("name", required=False)
@click.argument("parameters", nargs=-1, metavar="[PARAMETER=VALUE]...")
@reader_options
@json_option
def ask_query(name: str | None, parameters: tuple[str, ...], who: str, purpose: str, *, as_json: bool) -> None:
    """Ask the question NAME of sql/queries, with tabs between the columns; without NAME say which there are."""
    from transforms.reader import questions

    if name is None:
        lines = [f"{one.name} {' '.join(f'{p}=...' for p in one.parameters)}\n    {one.asks}"
                 for one in questions.known().values()]  # fmt: skip
        show([one.__dict__ for one in questions.known().values()], "\n".join(lines), as_json=as_json)
        return
    pairs = [one.partition("=") for one in parameters]
    given = {key: value for key, _, value in pairs}
    answer = questions.ask(Settings.from_environment(), name, given, who, purpose)
    rows = [dict(zip(answer.columns, map(_shown, row), strict=True)) for row in answer.rows]
    lines = ["\t".join("" if value is None else str(value) for value in row.values()) for row in rows]
    show(rows, "\n".join(["\t".join(answer.columns), *lines]), as_json=as_json)


def _shown(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date) else value


@click.group(name="audit")
def audit_group() -> None:
    """Who looked."""


@audit_group.command()
@json_option
def verify(*, as_json: bool) -> None:
    """Follow the audit chain and name every row that was changed, lost, swapped or written by another hand."""
    from transforms.reader import audit

    found = audit.verify(Settings.from_environment())
    show({"broken": found}, "\n".join(found) or "the chain is whole", as_json=as_json)
    sys.exit(1 if found else 0)


@click.group(name="release")
def release_group() -> None:
    """Releases: which there are, and back to the one before."""


@release_group.command(name="list")
@json_option
def list_releases(*, as_json: bool) -> None:
    """Number, night and checksum of every release; the last one is what readers see."""
    dbs = database.open_databases(Settings.from_environment())
    found = database.read(dbs.release, "release", ["release", "night", "checksum"]).to_pylist()
    show(found, "\n".join(f"{r['release']:6} {r['night']}  {r['checksum']}" for r in found), as_json=as_json)


@release_group.command()
@click.confirmation_option(prompt="Publish the content of the release before the last one again?")
def rollback() -> None:
    """Publish the content of the release before the last one again, as a release of its own."""
    from transforms import publish

    for report in publish.rollback(Run.of(_today().isoformat(), say=progress())):
        click.echo(f"release {report.counts['release']}: {report.counts['rows']} rows ended or began")


@click.command()
@click.option("--out", default=Path("docs/dictionary"), type=click.Path(path_type=Path, file_okay=False))
@click.option("--check", is_flag=True, help="Only say whether the files there are what would be written.")
def dictionary(out: Path, *, check: bool) -> None:
    """Write the data dictionary, one page of HTML that needs no internet."""
    from transforms.reader import dictionary as pages

    made = pages.render(Settings.from_environment().expectations)
    path = out / "index.html"
    if check:
        same = path.is_file() and path.read_text("utf-8") == made
        click.echo("the dictionary is as the catalogue says" if same else f"{path} is stale: gridfacts dictionary")
        sys.exit(0 if same else 1)
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(made, "utf-8")
    click.echo(str(path))
