"""What changes many entities at once and was not announced: a cut of the grids, a model, a lookup. The feed tells it.

What a night rests on (digests of the lookups and of the models that link used) stands in its ``release.json``, with
what the release before rested on; where they differ, and no notice said so before, the release carries a ``notice``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from transforms import database, lookups, notices, store
from transforms.account.night import Night
from transforms.run import Run

Rests = dict[str, str | None]


def rests_on(night: Night) -> Rests:
    """Digests of the lookups and of the models in use; None where link says none.

    Raises:
        StaleInputError: link's output is missing, incomplete or stale.
    """
    told = _lookups(night.run.settings.expectations, night.run.night)
    used = [
        f"{kind}:{model}"
        for kind in sorted(night.kinds)
        if (model := night.require(store.night_dir(night.run, "link", kind), "link").inputs.get("model"))
    ]
    return {"lookup": told, "model": hashlib.sha256(" ".join(used).encode()).hexdigest() if used else None}


def _lookups(expectations: Path, day: str) -> str:
    """Hash of the files, and of the rows of them that hold on a day: one that begins is news though no file changed."""
    digest = hashlib.sha256()
    for path in sorted((expectations / "lookups").glob("*.csv")):
        held = repr(lookups.rows(expectations, path.stem, day)).encode()
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0" + held + b"\0")
    return digest.hexdigest()


def rested_on(run: Run, base: int, base_night: str) -> Rests:
    """What the release before rested on; empty where its books are not held, or are of older code."""
    own = _told(run, run.night)
    if own.get("base_release") == base:  # closed before against the same release, and now again
        return dict(own.get("rested_on") or {})
    return dict(_told(run, base_night).get("rests_on") or {}) if base else {}


def _told(run: Run, night: str) -> dict[str, Any]:
    path = run.settings.lake / "night" / night / "account" / "release" / "release.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def unannounced(run: Run, now: Rests, before: Rests, events: pa.Table, *, recut: bool) -> list[dict[str, str | None]]:
    """A notice for everything that changed without one; what changed no entity is none, but a new cut always is.

    Args:
        run: the night.
        now: what it rests on.
        before: what the release before rested on.
        events: tonight's.
        recut: the grids are cut anew.
    """
    changed = [what for what, digest in before.items() if digest and now.get(what) not in (None, digest)]
    changed = [*(["grids"] if recut else []), *(changed if events.num_rows else [])]
    if not changed:
        return []
    entities = events.group_by(["kind", "entity_id"]).aggregate([]).num_rows
    told = notices.published(database.open_databases(run.settings))
    found = []
    for what in changed:
        if not any(one.what == what and one.day.isoformat() <= run.night for one in told):
            run.say(f"account: {_SAID[what]}, and no release before said so (gridfacts feed notice {what})")
            found.append(notices.late(what, run.night, entities))
    return found


_SAID = {
    "grids": "the grids are cut anew",
    "model": "another model links records",
    "lookup": "lookups are others",
}
