"""``gridfacts review``: the queue of pairs that a person should look at, and what persons decided."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from transforms.commands.options import (
    by_option,
    json_option,
    language_option,
    past_night_option,
    reader_options,
    reason_option,
    show,
)
from transforms.run import Run, Settings
from transforms.wording import Language, Words

if TYPE_CHECKING:
    from transforms.account.examined import Examined
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
@click.option("--precision", default=0.998, show_default=True, help="What is stated of rows joined by a score.")
@click.option("--worth", default=0.3, show_default=True, help="The least expected error that an answer removes.")
@json_option
def list_items(night: str, kind: str | None, top: int, precision: float, worth: float, *, as_json: bool) -> None:
    """List what is open; once the stated precision is reached at 95 % confidence, nothing that is joined is asked."""
    from transforms import account

    this = Run.of(night)
    examined = [one for one in account.examine(this) if one.groups and kind in (None, one.kind)]
    every = [item for item in _worth(this, examined, precision, 0) if kind in (None, item.kind)]
    items = [item for item in every if item.expected >= worth]
    left = sum(item.expected for item in items)
    lines = [f"{i.item_id}  {i.kind:12} {_QUESTION[i.question]}  score {i.score / 10_000:.4f}" for i in items[:top]]
    lines.append(f"{len(items)} open; answering all of them would remove about {left:.1f} errors")
    lines.append("doors that several departments name and no register knows: gridfacts address proposed")
    lines += [_stop(one, precision, sum(item.kind == one.kind for item in items)) for one in examined]
    if less := len(every) - len(items):
        lines.append(f"{less} more below worth {worth:g}: --worth 0")
    show([dataclasses.asdict(item) for item in items[:top]], "\n".join(lines), as_json=as_json)


@review_group.command(name="show")
@click.argument("item_id")
@past_night_option
@reader_options
@language_option
@json_option
def show_item(item_id: str, night: str, who: str, purpose: str, language: Language, *, as_json: bool) -> None:
    """Show both records of ITEM_ID side by side, the evidence piece by piece, and what an answer would do."""
    from transforms import account, kinds, review
    from transforms.commands.explained import told_apart
    from transforms.commands.side_by_side import item_lines
    from transforms.explained import Edge
    from transforms.reader import audit

    this = Run.of(night)
    item = _find(this, item_id)
    subject = {"who": who, "purpose": purpose, "kind": item.kind, "subject": item.item_id}
    audit.record_read(this.settings, action="explain", rows=2, **subject)
    left, right = (review.said(this, item.kind, end) for end in (item.left, item.right))
    edge = Edge(item.left, item.right, "scored", item.score, item.evidence)
    around = account.pair_of(this, item.kind, edge, item.left_entity, item.right_entity)
    told, near = told_apart(this, item.kind, around)
    kind, words = kinds.load_all(this.settings.expectations)[item.kind], Words(language)
    lines = item_lines(item, kind, (left, right), told, near, words)
    records = {item.left: left, item.right: right}
    value: dict[str, object] = dataclasses.asdict(item) | {"records": records, "waterfall": told}
    value |= {"apart": near.why} if item.question == "join" else {}
    show(value, "\n".join(lines), as_json=as_json)


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
    item = _find(this, item_id)
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


def _worth(this: Run, examined: list[Examined], precision: float, worth: float) -> list[Item]:
    """What is worth a person's look, from the least expected error on that an answer removes."""
    from transforms import review

    sure = {one.kind: review.Sure(one.groups[0].joined, one.groups[0].precision.low) for one in examined}
    standing = review.judgements(_stores(this.settings))
    return review.queue(this, standing, sure, stated=precision, worth=worth)


def _find(this: Run, item_id: str) -> Item:
    """An item by its id, worth a look or not."""
    from transforms import review

    standing = review.judgements(_stores(this.settings))
    return review.find(review.queue(this, standing, stated=1.0, worth=review.LEAST), item_id)


def _stop(one: Examined, precision: float, asked: int) -> str:
    """The stop rule, for people."""
    whole = one.groups[0]
    told = f"{one.kind}: {asked} asked for {whole.rows} rows without a believed number; of {whole.joined} joined"
    reached = "reached: what is joined need not be looked at" if whole.precision.low >= precision else "not yet reached"
    return f"{told} {whole.precision.low:.4f} right at least (95 %), {precision:.4f} stated: {reached}"


def _stores(settings: Settings) -> Databases:
    from transforms import database

    return database.open_databases(settings)
