"""Models in words for people: facts of a training, caps, weights, what was told of a shadow, who promoted what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from transforms import frozen, manifest, store
from transforms.commands.shadows import in_use
from transforms.run import Run

if TYPE_CHECKING:
    from transforms.kinds import Kind


def trained(run: Run, known: dict[str, Kind]) -> list[dict[str, str]]:
    """What a night trained, kind by kind, and of a shadow what a comparison told."""
    found = []
    for kind in known:
        folder = store.night_dir(run, "link", kind)
        made = manifest.Manifest.read(folder)
        if made is None:
            continue
        path = folder / frozen.SHADOW
        told = str(made.facts.get("shadow"))
        if path.is_file():
            content = frozen.read(path)[1][kind]
            used = content == frozen.read(in_use(run.settings))[1].get(kind)
            told = f"scorer {frozen.digest(content)[:12]}, {facts(content)}" + (
                ", in use" if used else _told(run, kind, content)
            )
        found.append(
            {"state": "shadow" if path.is_file() else "none  ", "night": run.night, "kind": kind, "told": told}
        )
    return found


def _told(run: Run, kind: str, content: dict[str, Any]) -> str:
    """What a comparison told of a scorer, in half a line."""
    from transforms.shadow import told

    path = told.seen(run.settings, kind, frozen.digest(content), frozen.read(in_use(run.settings))[0])
    if path is None:
        return ", not compared with the model in use"
    said = json.loads(path.read_text("utf-8"))
    shares = [f"{n} {said[e][n][0]:.4f} {w}" for e, w in (("exam", "now"), ("exam_then", "then")) if said[e]
              for n in ("precision", "recall")]  # fmt: skip
    return ", ".join(["", f"compared: {said['moved']} records would move", *shares])


def facts(content: dict[str, Any]) -> str:
    """What a scorer was trained on."""
    told = content.get("facts") or {}
    return ", ".join(f"{name} {value}" for name, value in told.items()) or "nothing said of its training"


def promotion(row: dict[str, Any]) -> str:
    """A promotion in a line."""
    state = "retired" if row["retired_at"] else "stands "
    line = f"{state}  {row['version']}  {row['kinds']} of {row['trained_night'] or 'a file'}, {row['decided_by']}, "
    line += f"{row['decided_at']}: {row['reason']}"
    return line + (f" (retired by {row['retired_by']}: {row['retired_reason']})" if row["retired_at"] else "")


def caps(content: dict[str, Any], how: str) -> str:
    """What a bound of a scorer is, and bounds."""
    says = {
        "cap": "nodes at most that one block key may join",
        "crowd": "names at most that may share a phone or an address before it tells nobody apart",
        "partners": "others at most that one node may join by scores",
    }
    return f"{content[how]}: {says[how]}"


def weights(content: dict[str, Any]) -> list[str]:
    """Weights for people, the strongest first: `name is exact and phone is shared +2.10`."""
    taught, declared = content.get("weights", {}), content.get("declared", {})
    whole = {name: taught.get(name, 0.0) + declared.get(name, 0.0) for name in {*taught, *declared}}
    return [
        f"  {weight:+7.2f}  {_said(name)}{' (declared)' if name in declared else ''}"
        for name, weight in sorted(whole.items(), key=lambda row: (-abs(row[1]), row[0]))
    ]


def _said(name: str) -> str:
    return name.replace("=", " is ").replace("&", " and ")
