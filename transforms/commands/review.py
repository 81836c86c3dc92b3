"""``gridfacts review``: the queue of pairs that a person should look at, and what persons decided."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from transforms.commands.options import by_option, json_option, past_night_option, reader_options, reason_option, show
from transforms.run import Run, Settings

if TYPE_CHECKING:
    from transforms.database import Databases
    from transforms.review import Item
    from transforms.review.judgements import Decision

_DECISION = click.Choice(["same", "different", "unsure"])


@click.group(name="review")
def review_group() -> None:
    """Pairs that a person should look at, those first whose answer removes the most error."""


@review_group.command(name="list")
@past_night_option
@click.option("--kind", default=None, help="Only this kind.")
@click.option("--top", default=20, show_default=True, help="How many.")
@json_option
def list_items(night: str, kind: str | None, top: int, *, as_json: bool) -> None:
    """List what is open."""
    items = [item for item in _queue(Run.of(night)) if kind in (None, item.kind)]
    left = sum(item.expected for item in items)
    lines = [f"{i.item_id}  {i.kind:12} {_QUESTION[i.question]}  score {i.score / 10_000:.4f}" for i in items[:top]]
    lines.append(f"{len(items)} open; answering all of them would remove about {left:.1f} errors")
    show([dataclasses.asdict(item) for item in items[:top]], "\n".join(lines), as_json=as_json)


@review_group.command(name="show")
@click.argument("item_id")
@past_night_option
@reader_options
@json_option
def show_item(item_id: str, night: str, who: str, purpose: str, *, as_json: bool) -> None:
    """Show both records of ITEM_ID, the evidence, and what a yes would do."""
    from transforms import review
    from transforms.reader import audit

    this = Run.of(night)
    item = review.find(_queue(this), item_id)
    subject = {"who": who, "purpose": purpose, "kind": item.kind, "subject": item.item_id}
    audit.record_read(this.settings, action="explain", rows=2, **subject)
    records = {end: review.said(this, item.kind, end) for end in (item.left, item.right)}
    lines = [f"{item.kind} {_QUESTION[item.question].strip()}"]
    for record, words in records.items():
        lines += [f"record {record}", *(f"  {label}: {word}" for label, word in words.items())]
    lines += [f"evidence: {item.evidence}", f"score {item.score / 10_000:.4f}", *_effects(item)]
    show(dataclasses.asdict(item) | {"records": records}, "\n".join(lines), as_json=as_json)


@review_group.command()
@click.argument("item_id")
@click.argument("decision", type=_DECISION)
@by_option
@reason_option("The reason, in a sentence.")
@past_night_option
def judge(item_id: str, decision: Decision, by: str, reason: str, night: str) -> None:
    """Decide ITEM_ID; the next run of a night obeys."""
    from transforms import review

    this = Run.of(night)
    item = review.find(_queue(this), item_id)
    number = review.judge(_stores(this.settings), item.kind, (item.left, item.right), decision, by, reason)
    click.echo(f"judgement {number}: {decision}; it binds from the next run on (review undo {number} takes it back)")


@review_group.command()
@click.argument("records", nargs=2)
@click.argument("decision", type=_DECISION)
@by_option
@reason_option("The reason, in a sentence.")
@past_night_option
def between(records: tuple[str, str], decision: Decision, by: str, reason: str, night: str) -> None:
    """Decide on any two RECORDS of one kind, asked or not (`gridfacts explain` names them)."""
    from transforms import review

    this = Run.of(night)
    kind = review.kind_of(this, records)
    number = review.judge(_stores(this.settings), kind, records, decision, by, reason)
    click.echo(f"judgement {number}: {decision}; it binds from the next run on (review undo {number} takes it back)")


@review_group.command()
@click.argument("number", type=int)
@by_option
def undo(number: int, by: str) -> None:
    """Retire judgement NUMBER; the next run of a night is free of it."""
    from transforms import review

    review.undo(_stores(Settings.from_environment()), number, by)
    click.echo(f"judgement {number} is retired")


@review_group.command(name="judged")
@click.option("--all", "everything", is_flag=True, help="The retired ones too.")
@json_option
def judged(*, everything: bool, as_json: bool) -> None:
    """List the judgements that stand."""
    from transforms import review

    rows = review.judgements(_stores(Settings.from_environment()), standing=not everything)
    lines = [
        f"{r['judgement_id']}  {r['kind']} {r['left_record']} {r['right_record']}: {r['decision']}, "
        f"{r['decided_by']}, {r['decided_at']}: {r['reason']}" + (" (retired)" if r["retired_at"] else "")
        for r in rows
    ]
    show(rows, "\n".join(lines) or "no judgement stands", as_json=as_json)


_QUESTION = {"join": "stand apart: are they one?     ", "part": "joined by a score: are they one?"}


def _queue(this: Run) -> list[Item]:
    from transforms import review

    return review.queue(this, review.judgements(_stores(this.settings)))


def _stores(settings: Settings) -> Databases:
    from transforms import database

    return database.open_databases(settings)


def _effects(item: Item) -> list[str]:
    if item.question == "join":
        return [
            f"same: {item.left_entity} and {item.right_entity} become one; the older identity stays",
            "different: they stay apart every later night, whatever else would join them",
        ]
    return [
        f"same: they stay together in {item.left_entity}, whatever a later model thinks",
        "different: the two records part at the next run; a record without another tie gets an identity of its own",
    ]
