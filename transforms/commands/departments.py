"""``gridfacts receipt``, ``quarantine``, ``department``: what a department is told."""

from __future__ import annotations

from pathlib import Path

import click

from transforms.commands.options import by_option, json_option, past_night_option, progress, reason_option, show
from transforms.run import Run, Settings

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(name="receipt")
def receipt_group() -> None:
    """Receipts: what became of every row of a drop."""


@receipt_group.command()
@past_night_option
@click.option("--source", default=None, help="Only this source.")
@click.option("--out", required=True, type=_FOLDER, help="Receipts lie there as OUT/<source>/<night>/...")
@json_option
def make(night: str, source: str | None, out: Path, *, as_json: bool) -> None:
    """Make the receipts of a night's drops: at once after check, again after the night."""
    from transforms import receipts

    made = receipts.make(Run.of(night, say=progress()), out, source)
    lines = [
        f"{one.source}: {one.file}: {one.state}, "
        + (", ".join(f"{count} {verdict}" for verdict, count in one.counts.items()) or "no rows")
        for one in made
    ]
    show(made, "\n".join(lines) or f"no drop came in the night {night}", as_json=as_json)


@receipt_group.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def verify(file: Path, *, as_json: bool) -> None:
    """Say whether FILE, any part of a receipt, is as it was issued."""
    from transforms import receipts

    found = receipts.verify(Settings.from_environment(), file)
    told = f"receipt {found.receipt} of {found.source}, night {found.night}: {', '.join(found.parts)} as issued"
    show(found, told, as_json=as_json)


@click.group(name="quarantine")
def quarantine_group() -> None:
    """Quarantine: rows that wait for their department. Values are masked."""


_SOURCE = click.option("--source", default=None, help="Only this source.")
_RULE = click.option("--rule", default=None, help="Only this rule of lookups/rules.csv.")


@quarantine_group.command(name="list")
@_SOURCE
@_RULE
@json_option
def list_waiting(source: str | None, rule: str | None, *, as_json: bool) -> None:
    """What waits, counted by source, rule and field, and since when."""
    from transforms.receipts import quarantine

    found = quarantine.waiting(Settings.from_environment(), source, rule)
    groups = quarantine.grouped(found)
    lines = [
        f"{g.rows:>7}  {g.source}  {g.rule}  {g.field or 'whole row'}  since {g.since}, due {g.due}  "
        f"{g.department}: {g.hint}"
        for g in groups
    ]
    show(groups, "\n".join(lines) or "nothing waits", as_json=as_json)


@quarantine_group.command(name="show")
@click.argument("row")
@json_option
def show_waiting(row: str, *, as_json: bool) -> None:
    """Why ROW (source:file-or-batch:line) waits, and how to mend it."""
    from transforms.receipts import quarantine

    found = quarantine.one_row(Settings.from_environment(), row)
    lines = [f"{w.file} line {w.line}, since {w.since}, due {w.due} by {w.department} {w.contact}" for w in found[:1]]
    lines += [f"  {w.field or 'whole row'} = {w.value}: {w.message} ({w.rule}); {w.hint}" for w in found]
    show(found, "\n".join(lines), as_json=as_json)


@quarantine_group.command(name="export")
@_SOURCE
@_RULE
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A .xlsx or .csv file.")
def export_waiting(source: str | None, rule: str | None, out: Path) -> None:
    """Write every row that waits, with its rule, field, masked value, hint and owner."""
    from transforms.receipts import quarantine

    found = quarantine.waiting(Settings.from_environment(), source, rule)
    quarantine.export(found, out)
    click.echo(f"{out}: {len(found)} lines")


@quarantine_group.command()
@click.argument("row")
@click.option("--rule", "broken", required=True, help="The rule that shall not fire.")
@click.option("--field", default=None, help="The heading, where the rule speaks of several.")
@by_option
@reason_option("What you have seen that proves it, without values.")
def attest(row: str, broken: str, field: str | None, by: str, reason: str) -> None:
    """Say that the odd value in ROW (source:file-or-batch:line) is right: the rule never fires for it again.

    It holds for this record, rule and value alone, from the next run on.
    """
    from transforms import database
    from transforms.publish.schema import ensure_schema
    from transforms.receipts import quarantine

    settings = Settings.from_environment()
    stores = database.open_databases(settings)
    ensure_schema(stores)
    number, told = quarantine.attest(settings, stores, row, broken, field, by, reason)
    click.echo(f"attestation {number}: {told.rule} no longer fires for {told.field} of {told.file} line {told.line}")


@quarantine_group.command()
@click.option("--all", "everything", is_flag=True, help="Those that were taken back, too.")
@json_option
def attested(*, everything: bool, as_json: bool) -> None:
    """List what persons attested."""
    from transforms import database, decisions

    stores = database.open_databases(Settings.from_environment())
    found = decisions.decisions(stores, "attestation", standing=not everything)
    lines = [
        f"{a['attestation_id']}  {a['source']} line {a['line']} of {a['batch']}: {a['rule']} on {a['field']}, "
        f"{a['decided_by']}, {a['decided_at']}: {a['reason']}" + (" (taken back)" if a["retired_at"] else "")
        for a in found
    ]
    show(found, "\n".join(lines) or "nobody attested anything", as_json=as_json)


@quarantine_group.command()
@click.argument("number", type=int)
@by_option
def retract(number: int, by: str) -> None:
    """Take attestation NUMBER back: from the next run on the rule fires again."""
    from transforms import database, decisions

    decisions.retire(database.open_databases(Settings.from_environment()), "attestation", number, by)
    click.echo(f"attestation {number} is taken back")


@click.group(name="department")
def department_group() -> None:
    """Departments: how their sources have done."""


@department_group.command(name="page")
@click.option("--out", required=True, type=_FOLDER, help="OUT/<source>.html and OUT/index.html.")
def department_page(out: Path) -> None:
    """Write a page per source: in time, quarantine, answers, addresses, quality, drift; pictures inside, no network."""
    from transforms import contract, database, kinds
    from transforms.receipts import answers, department, department_page, quality

    settings = Settings.from_environment()
    known = contract.load_all(settings.expectations)
    stores = database.open_databases(settings)
    told = department.history(stores, kinds.load_all(settings.expectations), known)
    answered = answers.answers(settings, stores)
    kept = {source: quality.quality(settings, source) for source in known}
    made = department_page.write(out, list(known.values()), [told[source] for source in known], answered, kept)
    click.echo(f"{len(made)} pages in {out}")
