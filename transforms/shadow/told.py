"""A comparison as it is told to people, and that it was told: a promotion asks for it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from transforms import manifest, store
from transforms.manifest import Manifest
from transforms.run import Run, Settings
from transforms.shadow.compare import Comparison, Exam
from transforms.shadow.differ import Tie

ROOM = "compare"
_FILE = "comparison.json"


def lines(told: Comparison) -> list[str]:
    """Lines for people: counts, examined shares, budgets, and a few ties by entity, no values."""
    entered = f"{told.born} born, {told.returned} returned, {told.split} split off"
    left = f"{told.merged} merged, {told.retired} retired"
    entities = f"{told.entities} now, {told.entities_then} then"
    found = [
        f"{told.kind}, night {told.night}: scorer {told.digest[:12]} beside model {told.model}, {told.records} records",
        f"  entities   {entities}: {entered}; {left}; {told.exchanged} exchange records",
        f"  records    {told.moved} would stand in another entity",
        f"  pairs      {told.joined} newly together, {told.parted} no longer",
        f"  precision  {_exam(told.exam, 'precision')} now, {_exam(told.exam_then, 'precision')} then",
        f"  recall     {_exam(told.exam, 'recall')} now, {_exam(told.exam_then, 'recall')} then",
    ]
    if told.exam_then:
        found.append("             a shadow of this night is examined on the labels that it learned from")
    if told.judged:
        found.append("  judgements were made since that night: what they do is in these counts")
    found += [f"  budget     beyond: {one}" for one in told.beyond] or ["  budget     no brake would stop it"]
    found += [_tie("joins", tie) for tie in told.joins]
    return found + [_tie("parts", tie) for tie in told.parts]


def _exam(found: Exam | None, share: str) -> str:
    if found is None:
        return "not examined"
    estimate, low, high = getattr(found, share)
    return f"{estimate:.4f} ({low:.4f} to {high:.4f})"


def _tie(what: str, tie: Tie) -> str:
    where = (
        f"{tie.left} and {tie.right} in {tie.together}"
        if what == "joins"
        else f"{tie.together} into {tie.left} and {tie.right}"
    )
    return f"  {what}      {where}: score {tie.score / 10_000:.4f} {tie.evidence}"


def write_down(run: Run, told: Comparison) -> None:
    """Leave ``night/<night>/compare/<kind>/<scorer>/``: what was told of a scorer, beside which model."""
    folder = store.night_dir(run, ROOM, told.kind) / told.digest[:12]
    with store.output(folder) as fresh:
        text = json.dumps(asdict(told), ensure_ascii=False, indent=1, sort_keys=True)
        (fresh / _FILE).write_text(text + "\n", "utf-8")
        manifest.write(fresh, ROOM, {"scorer": told.digest, "model": told.model})


def seen(settings: Settings, kind: str, digest: str, model: str) -> Path | None:
    """Where a comparison of this scorer with this model stands, whichever night's; None: nobody has seen one."""
    for folder in sorted((settings.lake / "night").glob(f"*/{ROOM}/{kind}/{digest[:12]}"), reverse=True):
        found = Manifest.read(folder)
        same = found is not None and found.inputs == {"scorer": digest, "model": model}
        if found is not None and same and manifest.damaged(folder, found) is None:
            return folder / _FILE
    return None
