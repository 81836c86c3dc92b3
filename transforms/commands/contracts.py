"""``gridfacts contract``: what a data engineer does with the promises of the sources."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import click

from transforms import code_words, contract, kinds, lookups
from transforms.commands.options import json_option, progress, show
from transforms.run import Settings

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(name="contract")
def contract_group() -> None:
    """Contracts: the promises of the sources."""


@contract_group.command()
@json_option
def lint(*, as_json: bool) -> None:
    """Check every contract, kind and lookup of this deployment."""
    from expectations.lint import lint as problems_of

    settings = Settings.from_environment()
    problems = problems_of(settings.expectations)
    good = f"{len(contract.load_all(settings.expectations))} contracts are good"
    show({"problems": problems}, "\n".join(problems) or good, as_json=as_json)
    sys.exit(2 if problems else 0)


@contract_group.command()
@click.argument("source")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Default: <label>_填报模板.xlsx, here.")
def template(source: str, out: Path | None) -> None:
    """Write the Excel template that the department of SOURCE fills in."""
    from expectations.contract_template import template as drawn

    settings = Settings.from_environment()
    known = contract.load_all(settings.expectations)
    if source not in known:
        raise click.BadParameter(f"no contract for {source}", param_hint="SOURCE")
    path = out or Path(f"{source}_填报模板.xlsx")
    promise = code_words.on(known[source], settings.expectations, _today())
    path.write_bytes(drawn(promise, kinds.load_all(settings.expectations), settings.expectations))
    click.echo(str(path))


@contract_group.command()
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@json_option
def diff(old: Path, new: Path, *, as_json: bool) -> None:
    """Say what changed from OLD to NEW (contract files) and what the next night will do about it."""
    from expectations.contract_diff import MEANING, differences
    from transforms.commands import concerned

    before, after = contract.read(old), contract.read(new)
    changes = differences(before, after)
    held = concerned.batches(Settings.from_environment(), before, after, changes)
    lines = [f"{change.where}: {change.told}\n    {change.effect}: {MEANING[change.effect]}" for change in changes]
    lines += [concerned.told(batch) for batch in held]
    value = {"changes": changes, "batches": held}
    show(value, "\n".join(lines) or "no difference: the next night does nothing else", as_json=as_json)


@contract_group.command()
@click.argument("file", type=_FILE)
@click.option("--source", required=True, help="Code of the new source.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write the draft there; default: print it.")
def infer(file: Path, source: str, out: Path | None) -> None:
    """Draft a contract from a sample FILE; what an engineer must decide stands at its top."""
    from expectations import contract_infer

    settings = Settings.from_environment()
    others = [c for name, c in contract.load_all(settings.expectations).items() if name != source]
    denied = {row["word"]: row["reason"] for row in lookups.rows(settings.expectations, "denied_columns", _today())}
    draft = contract_infer.infer(file, source, kinds.load_all(settings.expectations), others, denied)
    if out is None:
        click.echo(draft, nl=False)
    else:
        out.write_text(draft, "utf-8")
        click.echo(str(out))


@contract_group.command(name="try")
@click.argument("promise", metavar="CONTRACT", type=_FILE)
@click.argument("file")
@json_option
def try_contract(promise: Path, file: str, *, as_json: bool) -> None:
    """Land and check FILE (a path, or a batch of this home) under CONTRACT in a home of its own; this one stays."""
    from transforms.commands import trial

    found = trial.run(Settings.from_environment(), promise, file, progress())
    show(found, trial.told(found), as_json=as_json)
    sys.exit(0 if found.state == "landed" and found.hold is None else 1)


def _today() -> str:
    return dt.datetime.now().astimezone().date().isoformat()
