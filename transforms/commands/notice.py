"""``gridfacts feed notice``: what is planned and will change many entities at once."""

from __future__ import annotations

import datetime as dt

import click

from transforms.commands.options import by_option, reason_option
from transforms.run import Settings


def show_planned(settings: Settings) -> None:
    """What releases have told and is still to come."""
    from transforms import database, notices

    today = dt.datetime.now().astimezone().date()
    for one in notices.published(database.open_databases(settings)):
        if one.day >= today:
            click.echo(f"planned: {one.what} change from {one.day} on, up to {one.entities} entities")


@click.command()
@click.argument("what", type=click.Choice(["grids", "model", "lookup"]))
@click.option(
    "--on", "day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first night that may bring it."
)
@click.option("--entities", type=int, help="How many may change, at most; default every current fact.")
@by_option
@reason_option("Why; it stays in control.")
def notice(what: str, day: dt.datetime, entities: int | None, by: str, reason: str) -> None:
    """Tell those who follow the feed, with the next release, that a new cut of the grids, model or lookup comes."""
    from transforms import database, notices
    from transforms.publish.schema import ensure_schema

    stores = database.open_databases(Settings.from_environment())
    ensure_schema(stores)
    found = notices.write_down(stores, what, day.date(), entities, by, reason)
    click.echo(f"notice {found.number}: the next release tells that {what} change from {found.day} on, up to "
               f"{found.entities} entities")  # fmt: skip
