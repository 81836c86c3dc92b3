"""``gridfacts drop``: what was delivered, and taking a delivery back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from transforms.commands.options import by_option, drops_option, json_option, night_option, reason_option, show
from transforms.errors import GridfactsError
from transforms.run import Run, Settings

if TYPE_CHECKING:
    from transforms.database import Databases

_LAST_NIGHT = "9999-12-31"  # whatever was landed, in any night


@dataclass(frozen=True)
class Landed:
    """A delivery as it lies in the lake: land's or check's ``hold``, and the number of the ``recall`` that stands."""

    source: str
    batch: str
    file: str
    first_night: str
    rows: int
    hold: str | None
    recall: int | None


@click.group(name="drop")
def drop_group() -> None:
    """Deliveries: what lies in the lake, and taking one back ("we sent the wrong file")."""


@drop_group.command(name="list")
@click.option("--source", default=None, help="Only this source.")
@json_option
def list_drops(source: str | None, *, as_json: bool) -> None:
    """Every landed batch, by source and as_of."""
    found = _all(Settings.from_environment(), source)
    lines = [
        f"{one.batch}  {one.file}  night {one.first_night}  {one.rows} rows"
        + (f"  held, {one.hold}" if one.hold else "")
        + (f"  recalled ({one.recall})" if one.recall else "")
        for one in found
    ]
    show(found, "\n".join(lines) or "nothing was landed", as_json=as_json)


@drop_group.command()
@click.argument("batch")
@by_option
@reason_option("Why, in a sentence without values.")
def recall(batch: str, by: str, reason: str) -> None:
    """Take BATCH (its id, or source:file name) back: from the next run on the release is as if it had never come.

    Its bytes, rows and receipts stay; `gridfacts drop restore` takes it up again.
    """
    from transforms import decisions

    settings = Settings.from_environment()
    one = _named(settings, batch)
    what = {"source": one.source, "batch": one.batch}
    number = decisions.decide(_ready(settings), "recall", what, by, reason)
    click.echo(f"recall {number}: {one.file}, {one.rows} rows, counts for nothing from the next run on")


@drop_group.command()
@click.argument("batch")
@by_option
def restore(batch: str, by: str) -> None:
    """Take up BATCH again, which was recalled; the next run counts it."""
    from transforms import decisions

    settings = Settings.from_environment()
    one = _named(settings, batch)
    if one.recall is None:
        raise GridfactsError("NOT_FOUND", "no recall of this batch stands")
    decisions.retire(_ready(settings), "recall", one.recall, by)
    click.echo(f"recall {one.recall} is taken back: {one.file} counts again from the next run on")


@drop_group.command()
@click.argument("source")
@night_option
@drops_option
def fetch(source: str, night: str, drops: Path | None) -> None:
    """Write the table that the contract of SOURCE names into its drop box, as of the night, with control totals.

    The URL stands in the variable of the environment that the contract names.
    """
    from expectations.contract_asks import file_names
    from transforms import contract
    from transforms.land import fetch as fetching

    this = Run.of(night, drops=drops)
    known = contract.load_all(this.settings.expectations)
    if source not in known:
        raise click.BadParameter(f"no contract for {source}", param_hint="SOURCE")
    name = next(file_names(known[source], night.replace("-", "")), None)
    if name is None:
        raise GridfactsError("NO_NAME", f"no plain name fits the file pattern of {source}")
    done = fetching.fetch(known[source], this.drops / source, name, os.environ)
    click.echo(f"{done.path}: {done.rows} rows")
    if done.left:
        click.echo(f"columns of the table that the contract does not load: {', '.join(done.left)}", err=True)


def _ready(settings: Settings) -> Databases:
    """The databases, control with the tables this code knows: a drop may be recalled before the first release."""
    from transforms import database
    from transforms.publish.schema import ensure_schema

    stores = database.open_databases(settings)
    ensure_schema(stores)
    return stores


def _all(settings: Settings, source: str | None) -> list[Landed]:
    from transforms import contract, database, decisions, store
    from transforms.model import Batch

    known = contract.load_all(settings.expectations)
    if source is not None and source not in known:
        raise click.BadParameter(f"no contract for {source}", param_hint="--source")
    stands = {r["batch"]: r["recall_id"] for r in decisions.decisions(database.open_databases(settings), "recall")}
    run = Run.of(_LAST_NIGHT, settings=settings)
    names = [name for one in ([source] if source else known) for name in store.landed(run, one)]
    return [_one(settings, name, stands.get(name)) for name in sorted(names, key=Batch.parse)]


def _one(settings: Settings, name: str, recalled: int | None) -> Landed:
    from transforms import manifest, store

    source = name.partition("-")[0]
    told = [manifest.Manifest.read(store.batch_dir(settings, room, name)) for room in ("land", "check")]
    holds = [found.facts.get("hold") for found in told if found]
    hold = next((str(code) for code in holds if code), None)
    facts = told[0].facts if told[0] else {}
    return Landed(
        source, name, str(facts.get("file")), str(facts.get("first_night")), int(facts.get("rows") or 0), hold, recalled
    )


def _named(settings: Settings, what: str) -> Landed:
    """The batch of an id, or of ``source:file name`` where only one has that name.

    Raises:
        GridfactsError: ``NOT_FOUND``: there is none, or there are several.
    """
    source, _, file = what.partition(":")
    found = [one for one in _all(settings, None) if what == one.batch or (source, file) == (one.source, one.file)]
    if len(found) != 1:
        several = f"{len(found)} batches have this name: give the batch" if found else "no such batch was landed"
        raise GridfactsError("NOT_FOUND", f"{several} (gridfacts drop list)")
    return found[0]
