"""Questions people ask afterwards: does it balance, how good is it, why is it so."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from transforms.commands.options import json_option, language_option, past_night_option, progress, reader_options, show
from transforms.run import Run, Settings
from transforms.wording import Language, Words


@click.command()
@past_night_option
@json_option
def balance(night: str, *, as_json: bool) -> None:
    """Re-read raw bytes and published rows and compare sets of row ids, per source, batch and room."""
    from transforms import account, land

    findings = account.balance(Run.of(night, say=progress()), land.reread)
    show({"balanced": not findings, "findings": findings}, "\n".join(findings) or "balanced", as_json=as_json)
    sys.exit(1 if findings else 0)


@click.command()
def checksum() -> None:
    """Print the release number and the release checksum, computed from the database's rows."""
    from transforms import database
    from transforms.checksum import release_checksum

    databases = database.open_databases(Settings.from_environment())
    with databases.release.connect() as connection:
        click.echo(f"{database.current_release(databases)} {release_checksum(connection)}")


@click.command()
@click.option("--truth", type=click.Path(path_type=Path, exists=True, file_okay=False))
@past_night_option
@json_option
def evaluate(truth: Path | None, night: str, *, as_json: bool) -> None:
    """How well the rows of a night were matched, as hidden numbers tell, group by group with 95 % intervals.

    With TRUTH also every kind against it: TRUTH holds <kind>.parquet with night, source, file_sha256, line, entity.
    """
    from transforms import account

    this = Run.of(night, say=progress())
    if truth is None:
        told = account.examine(this)
        show(told, account.render_all(night, told), as_json=as_json)
        return
    found = account.evaluate(this, truth)
    show(found, account.render_evaluation(found), as_json=as_json)


@click.command()
@click.argument("what")
@past_night_option
@reader_options
@language_option
@json_option
def explain(what: str, night: str, who: str, purpose: str, language: Language, *, as_json: bool) -> None:
    """Explain WHAT: an entity id, or a landed row as source:batch-or-file-name:line."""
    from transforms import account, kinds
    from transforms.commands.explained import explained
    from transforms.reader import audit

    this = Run.of(night)
    found = explained(this, what)
    kind, rows = found.kind or "row", len(found.rows)
    audit.record_read(this.settings, who=who, action="explain", kind=kind, purpose=purpose, rows=rows, subject=what)
    declared = kinds.load_all(this.settings.expectations)
    show(found, account.render_explanation(found, declared, Words(language)), as_json=as_json)


@click.command()
@click.option("--truth", default=None, type=click.Path(path_type=Path, exists=True, file_okay=False))
@past_night_option
def summary(truth: Path | None, night: str) -> None:
    """What came in, what went out, how good it is, where to look next."""
    from transforms import account, land

    click.echo(account.summary(Run.of(night), land.reread, truth))
