"""The queue of doors that departments name and no register knows, and what persons say of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from transforms.commands.options import (
    by_option,
    json_option,
    located_night_option,
    located_run,
    reason_option,
    show,
)
from transforms.run import Run

if TYPE_CHECKING:
    from transforms.locate import Proposal
    from transforms.review.judgements import Decision

_ANSWERS: dict[str, Decision] = {"yes": "same", "no": "different", "unsure": "unsure"}


@click.group()
def address() -> None:
    """The library of standard addresses."""


@address.command()
@located_night_option
@click.option("--least", type=int, default=None, help="Departments that must name a door; default: as the kind says.")
@click.option("--top", default=50, show_default=True, help="How many at most.")
@json_option
def proposed(night: str | None, least: int | None, top: int, *, as_json: bool) -> None:
    """List doors that several departments name and no register knows and nobody judged: the queue of proposed nodes."""
    run = located_run(night)
    found, no = _open_doors(run, least), [row for row in _judged(run) if row["decision"] == _ANSWERS["no"]]
    lines = [f"{len(found)} doors proposed; a register that names one makes it valid, or `address judge DOOR yes`"]
    lines += [f"{len(no)} doors are kept away by a person's no (`review undo` takes one back)"] if no else []
    lines += [
        f"{p.records:5d}  {'、'.join(p.departments)}  {p.door}  {p.path}  in {p.stands_in or '-'}" for p in found[:top]
    ]
    show([dataclasses.asdict(p) | {"door": p.door} for p in found[:top]], "\n".join(lines), as_json=as_json)


@address.command()
@click.argument("door")
@click.argument("answer", type=click.Choice(list(_ANSWERS)))
@by_option
@reason_option("The reason, in a sentence.")
@located_night_option
def judge(door: str, answer: str, by: str, reason: str, night: str | None) -> None:
    """Say of a proposed DOOR (its address_id or its path) whether it is one.

    Yes makes its node, and what it stands in, valid from the next run on, also where one department alone names it; a
    door in nothing that is known waits in ``gridfacts address confirmed``. No takes the node away from the next run on
    and keeps it away, but where a department's own list of addresses names it: there it stays proposed.
    """
    from transforms import database, review
    from transforms.errors import GridfactsError
    from transforms.model import DOOR

    run = located_run(night)
    path = next((one.path for one in _open_doors(run, least=1) if door in (one.address_id, one.path)), None)
    if path is None:
        raise GridfactsError("NOT_FOUND", f"no open proposal of night {run.night} is the door {door}")
    stores = database.open_databases(run.settings)
    number = review.judge(stores, DOOR, (path, path), _ANSWERS[answer], by, reason)
    click.echo(f"judgement {number}: {answer}; it binds from the next run on (review undo {number} takes it back)")


@address.command()
@located_night_option
@json_option
def confirmed(night: str | None, *, as_json: bool) -> None:
    """List the doors that a person confirmed and that have no node yet, in standard words: to have them registered."""
    run = located_run(night)
    waiting = _waiting(run)
    lines = [f"{one['address']}  {one['door']}  judgement {one['judgement']}" for one in waiting]
    show(waiting, "\n".join(lines) or "every confirmed door has its node", as_json=as_json)


def _judged(run: Run) -> list[dict[str, Any]]:
    """What persons said of doors, by their paths, and stands."""
    from transforms import database, review
    from transforms.model import DOOR

    standing = review.judgements(database.open_databases(run.settings))
    return [row for row in standing if row["kind"] == DOOR]


def _open_doors(run: Run, least: int | None) -> list[Proposal]:
    """What is proposed, without what a person has judged."""
    from transforms import locate

    judged = {row["left_record"] for row in _judged(run)}
    return [one for one in locate.proposals(run, least) if one.path not in judged]


def _waiting(run: Run) -> list[dict[str, Any]]:
    """``door address judgement`` of the doors that were confirmed and are in no library yet."""
    import pandas as pd

    from transforms import locate
    from transforms.standardise.address import gazetteer
    from transforms.standardise.mentions import described

    nodes = locate.nodes_by_path(run)
    yes = {row["left_record"]: row["judgement_id"] for row in _judged(run) if row["decision"] == "same"}
    paths = sorted(door for door in yes if door not in nodes)
    words = described(pd.DataFrame({"path": paths}, dtype=object), gazetteer.load(run.settings.expectations, run.night))
    told = zip(paths, words["full_text"], strict=True)
    return [{"door": path, "address": text, "judgement": yes[path]} for path, text in told]
