"""``gridfacts dispute``: a published value is doubted; its department answers with the next delivery."""

from __future__ import annotations

import datetime as dt

import click

from transforms.commands.options import by_option, json_option, reason_option, show
from transforms.run import Settings


@click.group(name="dispute")
def dispute_group() -> None:
    """Values that somebody doubts, and what their departments answered."""


@dispute_group.command(name="raise")
@click.argument("entity")
@click.argument("field")
@by_option
@reason_option("What you have seen, without values.")
def raise_dispute(entity: str, field: str, by: str, reason: str) -> None:
    """Doubt FIELD of ENTITY (an id): the department whose value won is asked."""
    from transforms import database
    from transforms.publish import disputed
    from transforms.publish.schema import ensure_schema
    from transforms.receipts import disputes

    settings = Settings.from_environment()
    stores = database.open_databases(settings)
    ensure_schema(stores)
    today = dt.datetime.now().astimezone().date()
    number = disputes.dispute(settings, stores, entity, field, by, reason, today)
    disputed.obey(settings, stores)
    [told] = [one for one in disputes.disputes(settings) if one.number == number]
    click.echo(f"dispute {number}: {told.department} is asked about {told.heading or told.field} until {told.due}")


@dispute_group.command(name="list")
@click.option("--source", default=None, help="Only this source.")
@json_option
def list_disputes(source: str | None, *, as_json: bool) -> None:
    """What stands, who is asked until when, and what the next delivery answered."""
    from transforms.receipts import disputes

    found = disputes.disputes(Settings.from_environment(), source)
    today = dt.datetime.now().astimezone().date().isoformat()
    lines = [
        f"{d.number}  {d.kind} {d.entity_id} {d.field}: {d.state}"
        + (", overdue" if d.state == "open" and d.due < today else "")
        + f"; {d.department} until {d.due} ({d.source}, line {d.line} of {d.version[:40]}); {d.raised_by}: {d.reason}"
        for d in found
    ]
    show(found, "\n".join(lines) or "nothing is disputed", as_json=as_json)


@dispute_group.command()
@click.argument("number", type=int)
@by_option
def withdraw(number: int, by: str) -> None:
    """Take dispute NUMBER back."""
    from transforms import database, decisions
    from transforms.publish import disputed
    from transforms.publish.schema import ensure_schema

    settings = Settings.from_environment()
    stores = database.open_databases(settings)
    ensure_schema(stores)
    decisions.retire(stores, "dispute", number, by)
    disputed.obey(settings, stores)
    click.echo(f"dispute {number} is taken back")
