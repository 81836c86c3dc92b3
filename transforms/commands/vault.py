"""The vault's commands: under which keys it is sealed, and everything under the current one after a rotation."""

from __future__ import annotations

import click

from transforms import database
from transforms.commands.options import json_option, progress, show
from transforms.run import Run, Settings


@click.group(name="vault")
def vault_group() -> None:
    """Document numbers and phones, sealed: which keys, and a rotation."""


@vault_group.command(name="list")
@json_option
def list_keys(*, as_json: bool) -> None:
    """How many rows each vault key has sealed."""
    from transforms.publish import reseal

    found: dict[str, int] = {}
    dbs = database.open_databases(Settings.from_environment())
    if database.current_release(dbs):
        with database.reading(dbs.release) as connection:
            found = reseal.by_key(connection)
    show(found, "\n".join(f"{key_id}  {rows} rows" for key_id, rows in found.items()) or "no rows", as_json=as_json)


@vault_group.command()
def reencrypt() -> None:
    """Seal what older keys sealed under the current one (the vault key whose id sorts last in the key file).

    The older key can be removed from the key file when `vault list` shows none of its rows.
    """
    from transforms import publish

    this = Run.of(database.moment()[:10], say=progress())
    for report in publish.reencrypt(this):
        click.echo(f"{report.counts['rows']} rows sealed anew; release {report.counts['release']} is as it was")
