"""``gridfacts subject``: a person's request to erase or to restrict what is held about them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from transforms.commands.options import by_option, json_option, reason_option, show
from transforms.errors import GridfactsError
from transforms.run import Settings

if TYPE_CHECKING:
    from transforms.database import Databases
    from transforms.reach import Reach
    from transforms.subjects import Action

_REASON = "Why, in a sentence without values."
_RECORD = "Instead of an entity: a landed row, source/batch/line (gridfacts drop list names batches)."


@click.group(name="subject")
def subject_group() -> None:
    """Persons: erase or restrict what is held about one of them (PIPL art. 47; docs/runbooks/erase_and_restrict.md)."""


@subject_group.command()
@click.argument("entity", required=False)
@click.option("--record", default=None, help=_RECORD)
@by_option
@reason_option(_REASON)
@click.option("--dry-run", is_flag=True, help="Say what it would reach, and decide nothing.")
def erase(entity: str | None, record: str | None, by: str, reason: str, *, dry_run: bool) -> None:
    """Erase ENTITY (an id): from the next run on nothing of this person is held, and no later file brings it back."""
    from transforms import reach

    settings, stores = _ready()
    found = _found(settings, stores, entity, record)
    for batch, rows in reach.reached(settings, found.digests) if dry_run else ():
        click.echo(f"{batch}: {rows} rows would be blanked, in the raw bytes too")
    _tell(found)
    if not dry_run:
        number = _grant(stores, "erase", found, by, reason)
        click.echo(f"request {number}: erased by the next run; until then it is restricted")
        _obey(stores)


@subject_group.command()
@click.argument("entity", required=False)
@click.option("--record", default=None, help=_RECORD)
@by_option
@reason_option(_REASON)
@click.option("--dry-run", is_flag=True, help="Say what it would reach, and decide nothing.")
def restrict(entity: str | None, record: str | None, by: str, reason: str, *, dry_run: bool) -> None:
    """Restrict ENTITY (an id): its rows stay, and from now on no view, export, page or answer shows its fields."""
    settings, stores = _ready()
    found = _found(settings, stores, entity, record)
    _tell(found)
    if not dry_run:
        number = _grant(stores, "restrict", found, by, reason)
        click.echo(f"request {number}: {_obey(stores)} entities are restricted now; the next release tells the feed")


@subject_group.command()
@click.argument("number", type=int)
@by_option
def unrestrict(number: int, by: str) -> None:
    """Lift request NUMBER to restrict: the fields are shown again at once."""
    click.echo(f"request {number} is lifted: {_lift('restrict', number, by)} entities are restricted now")


@subject_group.command()
@click.argument("number", type=int)
@by_option
def admit(number: int, by: str) -> None:
    """Lift request NUMBER to erase: later files bring the person again; what was blanked stays blank."""
    _lift("erase", number, by)
    click.echo(f"request {number} is lifted: rows of later files are taken over again")


@subject_group.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Those that were lifted too.")
@json_option
def list_requests(*, everything: bool, as_json: bool) -> None:
    """Every request that stands, and what it is known by (digests are counted, not shown)."""
    from transforms import database, subjects

    _, stores = _ready()
    rows = subjects.requests(stores, standing=not everything)
    known = database.read(stores.control, "subject_key").to_pylist()
    for row in rows:
        mine = [one["what"] for one in known if one["subject_id"] == row["subject_id"]]
        row["known_by"] = {what: mine.count(what) for what in subjects.WHATS if what in mine}
    lines = [
        f"{r['subject_id']}  {r['action']} {r['entity_id'] or 'a row without an entity'}, known by "
        + ", ".join(f"{count} {what}" for what, count in r["known_by"].items())
        + f"; {r['decided_by']}, {r['decided_at']}: {r['reason']}" + (" (lifted)" if r["retired_at"] else "")
        for r in rows
    ]  # fmt: skip
    show(rows, "\n".join(lines) or "no request stands", as_json=as_json)


@subject_group.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def save(file: Path) -> None:
    """Write every standing request with its digests to FILE: keep it where no backup of the data is kept."""
    from transforms import subjects

    _, stores = _ready()
    told = subjects.save(stores)
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    click.echo(f"{len(told)} requests are written down")


@subject_group.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@by_option
def take(file: Path, by: str) -> None:
    """After a restore from backup: grant what `save` wrote to FILE and this state does not know, before any night."""
    from transforms import subjects

    _, stores = _ready()
    done = subjects.take(stores, json.loads(file.read_text("utf-8")), by)
    click.echo(f"{done} requests are granted again; {_obey(stores)} entities are restricted until the next run")


@subject_group.command()
@click.argument("number", type=int)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write the certificate here."
)
def prove(number: int, out: Path | None) -> None:
    """Prove that request NUMBER is carried out: search every file of the home and both databases for clear values.

    The values come on stdin, one a line (numbers, phones), and are neither kept nor shown. Exit code 1: one is found.
    """
    from transforms import keys, subjects
    from transforms.prove import prove as search

    settings, stores = _ready()
    request = {row["subject_id"]: row for row in subjects.requests(stores, "erase")}.get(number)
    if request is None:
        raise GridfactsError("NOT_FOUND", f"no standing request to erase has the number {number}")
    if request["done_release"] is None:
        raise GridfactsError("NOT_DONE", f"request {number} is not carried out yet: run a night first")
    values = [line.strip() for line in sys.stdin.read().splitlines() if line.strip()]
    if not values:
        raise click.UsageError("there is no value on stdin to search for")
    found = search(settings, values)
    told: dict[str, object] = {
        "form": "gridfacts erasure certificate 1", "request": number, "release": request["done_release"],
        "values": len(values), "files": found.files, "rows": found.rows, "found": len(found.hits),
    }  # fmt: skip
    signing = keys.load(settings).receipt
    told |= {"key_id": signing.key_id, "mac": signing.digest("erasure", json.dumps(told, sort_keys=True)).hex()}
    for hit in found.hits:
        click.echo(f"value {hit.value} stands in {hit.where}", err=True)
    text = json.dumps(told, sort_keys=True)
    if out is not None:
        out.write_text(text + "\n", "utf-8")
    click.echo(text)
    sys.exit(1 if found.hits else 0)


def _ready() -> tuple[Settings, Databases]:
    """The settings, and the databases with the tables this code knows."""
    from transforms import database, key_marks
    from transforms.publish.schema import ensure_schema

    settings = Settings.from_environment()
    key_marks.require(settings)
    stores = database.open_databases(settings)
    ensure_schema(stores)
    return settings, stores


def _found(settings: Settings, stores: Databases, entity: str | None, record: str | None) -> Reach:
    from transforms import reach

    if (entity is None) == (record is None):
        raise click.UsageError("give an entity, or --record source/batch/line")
    if entity is not None:
        return reach.of_entity(settings, stores, entity)
    parts = str(record).split("/")
    if len(parts) != 3 or not parts[2].isdigit():
        raise click.BadParameter("a row is source/batch/line", param_hint="--record")
    return reach.of_row(settings, stores, parts[0], parts[1], int(parts[2]))


def _tell(found: Reach) -> None:
    known = ", ".join(f"{len(of)} {what}" for what, of in found.digests.items() if of)
    click.echo(f"{found.entity or 'no entity'}: {len(found.rows)} rows of the release; known by {known or 'nothing'}")
    if found.shared:
        click.echo(f"{found.shared} numbers are left out: rows of other persons bear them too", err=True)


def _grant(stores: Databases, action: Action, found: Reach, by: str, reason: str) -> int:
    from transforms import subjects

    return subjects.grant(stores, action, found.entity, found.digests, by, reason)


def _lift(action: Action, number: int, by: str) -> int:
    """Lift a standing request; how many entities are restricted then."""
    from transforms import decisions, subjects

    _, stores = _ready()
    if number not in {row["subject_id"] for row in subjects.requests(stores, action)}:
        raise GridfactsError("NOT_FOUND", f"no standing request to {action} has the number {number}")
    decisions.retire(stores, "subject", number, by)
    return _obey(stores)


def _obey(stores: Databases) -> int:
    from transforms.publish import restricted

    return restricted.obey(stores)
