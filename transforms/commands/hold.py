"""``gridfacts hold``: what a brake stopped, and a named person's word on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from transforms.commands.options import by_option, json_option, reason_option, show
from transforms.errors import GridfactsError
from transforms.run import Settings

if TYPE_CHECKING:
    from transforms.holds import Decision


@click.group(name="hold")
def hold_group() -> None:
    """What a brake stopped: deliveries of frozen sources, and releases that wait for a yes."""


@hold_group.command(name="list")
@click.option("--all", "everything", is_flag=True, help="The decided ones too.")
@json_option
def list_holds(*, everything: bool, as_json: bool) -> None:
    """List what waits, the oldest night first."""
    rows = [row for row in _all() if everything or row["decision"] is None]
    show(rows, "\n".join(map(_line, rows)) or "nothing waits", as_json=as_json)


@hold_group.command(name="show")
@click.argument("hold_id")
@json_option
def show_hold(hold_id: str, *, as_json: bool) -> None:
    """Show HOLD_ID: what was counted, its budget, and what each answer does."""
    found = [row for row in _all() if row["hold_id"].startswith(hold_id)]
    if len(found) != 1:
        raise GridfactsError("NOT_FOUND", f"{len(found)} holds have an id beginning with {hold_id}")
    [row] = found
    show(row, "\n".join([_line(row), *_answers(row)]), as_json=as_json)


def _answer(decision: Decision, text: str) -> None:
    """The command of one of both answers, with ``text`` as its help."""

    @hold_group.command(name=decision, help=text)
    @click.argument("hold_id")
    @by_option
    @reason_option("The reason, in a sentence without values.")
    def answer(hold_id: str, by: str, reason: str) -> None:
        from transforms import database, holds

        row = holds.decide(database.open_databases(Settings.from_environment()), hold_id, decision, by, reason)
        again = f"run the night of {row['night']} again, or wait for the next one"
        click.echo(f"hold {row['hold_id']}: {decision}; it binds from the next run on ({again})")


_answer("release", "Say yes to HOLD_ID; the next run of a night obeys.")
_answer("refuse", "Say no to HOLD_ID: what it holds counts for nothing until somebody releases it.")


def _all() -> list[dict[str, Any]]:
    from transforms import database, holds

    return holds.holds(database.open_databases(Settings.from_environment()))


def _line(row: dict[str, Any]) -> str:
    what = f"{row['source']} {row['batch'][:40]}" if row["batch"] else "the whole release"
    line = f"{row['hold_id']}  {row['night']}  {row['code']}  {what}  {row['told']}"
    if row["decision"] is None:
        return line
    return f"{line}  ({row['decision']}, {row['decided_by']}, {row['decided_at']}: {row['reason']})"


def _answers(row: dict[str, Any]) -> list[str]:
    if row["batch"]:
        return [
            "now: the source stands at its last good state, all others are published",
            "release: the delivery counts; no brake stops the source for the deliveries so released",
            "refuse: the delivery never counts; a later or corrected one is judged by itself",
        ]
    return [
        "now: readers keep the release before",
        "release: exactly these counts may be published; other counts wait anew",
        "refuse: readers keep the release before until the cause is mended (a contract, a judgement, a delivery)",
    ]
