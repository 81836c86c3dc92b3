"""What a night says at its end of the files that do not count: nobody should have to look."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.receipts.drops import SAME_PERIOD, Drop, drops
from transforms.run import Run

_RIVALS = "another file of its period came: take the wrong one back (gridfacts drop recall), or send a correction"
_BRAKE = "BRAKE_"


def troubles(this: Run) -> Iterator[str]:
    """A line for every file of the night that was refused, recalled or waits: source, state, code, file and why."""
    for drop in drops(this):
        if drop.state in ("refused", "held", "recalled") or drop.waits:
            state = f"held, {drop.waits}" if drop.waits else f"refused, {drop.told['code']}"
            state = "recalled" if drop.recalled else state
            yield f"{drop.contract.source}: {state}: {_said(drop)}"


def _said(drop: Drop) -> str:
    """What is wrong with the file, in the words of the room that found it, or where they are to be read."""
    if drop.recalled or drop.waits in (None, drop.told["code"]):
        return drop.message
    if drop.waits == SAME_PERIOD:
        return f"{drop.file}: {_RIVALS}"
    if str(drop.waits).startswith(_BRAKE):
        return f"{drop.file}: a brake stopped it (gridfacts hold list)"
    landed = drop.facts("land")
    if landed["hold"] == drop.waits:
        return f"{drop.file}: {landed['notes']}"
    column = f"column {field}; " if (field := drop.facts("check")["hold_field"]) else ""
    return f"{drop.file}: {column}the quality report says why (reports/{drop.run.night}/{drop.contract.source}.html)"
