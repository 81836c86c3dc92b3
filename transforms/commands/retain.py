"""``gridfacts retain`` and ``gridfacts checkpoint``: what goes when its time is over, and what is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from transforms import checkpoint
from transforms.commands.options import json_option, progress, show
from transforms.run import Settings

if TYPE_CHECKING:
    from transforms.retain.step import Rooms


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@json_option
def retain(*, dry_run: bool, as_json: bool) -> None:
    """Remove what was kept as long as expectations/retention.yml says, counted back from the current release."""
    from transforms.retain import step

    found = step.run(Settings.from_environment(), rooms(), progress(), dry=dry_run)
    lines = [f"{one.what} {one.name}: {one.rows}" for one in found]
    lines.append(f"{len(found)} things {'would go' if dry_run else 'went'}")
    show(found, "\n".join(lines), as_json=as_json)


def rooms() -> Rooms:
    """What the step asks of rooms."""
    from transforms import account, publish
    from transforms.publish import aged
    from transforms.retain.step import Rooms

    return Rooms(
        account.expirable, account.past, account.outcome_of_past, publish.reconcile, aged.ended, aged.forget
    )  # fmt: skip


@click.group(name="checkpoint")
def checkpoint_group() -> None:
    """The sealed checkpoint of deliveries that went: show it, verify it, begin anew from it."""


@checkpoint_group.command()
@click.option(
    "--folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Default: the current one."
)
@json_option
def verify(folder: Path | None, *, as_json: bool) -> None:
    """Compare every file of a checkpoint with its seal, and say what it stands for."""
    settings = Settings.from_environment()
    found = checkpoint.read(settings, folder) if folder else checkpoint.current(settings)
    checkpoint.verify(found)
    told = {"night": found.night, "release": found.release, "digest": found.digest, "deliveries": sorted(found.batches)}
    text = f"{found.folder}\nnight {found.night}, release {found.release}: {len(found.batches)} deliveries, whole"
    show(told, text if found.digest else "there is no checkpoint: nothing went yet", as_json=as_json)


@checkpoint_group.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def restore(folder: Path) -> None:
    """Begin anew in an empty home, under the same keys, from the checkpoint in FOLDER (docs/runbooks/retention.md)."""
    from transforms import database, publish
    from transforms.shadow import versions

    settings = Settings.from_environment()
    made = publish.restore(settings, folder)
    if model := versions.put_back(settings, database.open_databases(settings)):
        click.echo(f"model {model['version']} is in use again")
    click.echo(f"restored: land the drops that are held (gridfacts room land, night by night until {made.night}), then "
               f"gridfacts run --night {made.night} is release {made.release} again")  # fmt: skip
