"""How the deliveries of a source have kept its contract: what Great Expectations counted in each, and what drifted.

Read from what land and check keep beside every batch (``manifest.json``, ``suite.json``), as long as the batch is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from expectations.rules import Wording, wordings
from transforms import manifest, model, store
from transforms.receipts.words import wording
from transforms.run import Run, Settings

MOST_BATCHES = 30  # shown, the newest
_MOST_RULES = 3  # named per delivery
_LAST_NIGHT = "9999-12-31"  # whatever was landed, in any night
# How land begins a note that tells of drift → what the department reads.
_DRIFT = (
    ("columns the contract does not know: ", "约定之外的列："),
    ("columns that are not in the file: ", "缺少的列："),
    ("column ", "改了列名："),
    ("no longer fits its contract: ", "不再符合约定："),
)


@dataclass(frozen=True)
class Quality:
    """One delivery.

    Attributes:
        as_of, correction: which. rows: landed.
        evaluated: rows that Great Expectations saw; null where the file is held.
        asked, missed: expectations, and those that some row did not meet.
        worst: (rule in words, heading or empty, rows) of the most frequent.
        differing: expectations that the verdict pass counts otherwise on the same rows.
        drift: what differs from the contract, in words. hold: why the whole file is held.
    """

    as_of: str
    correction: int
    rows: int
    evaluated: int | None
    asked: int
    missed: int
    worst: tuple[tuple[str, str, int], ...]
    differing: int
    drift: tuple[str, ...]
    hold: str | None

    @property
    def missed_share(self) -> float | None:
        """Of its expectations, in percent."""
        return 100 * self.missed / self.asked if self.asked else None


def quality(settings: Settings, source: str) -> list[Quality]:
    """The last deliveries of a source, the oldest first.

    Raises:
        StaleInputError: a batch is missing, incomplete or stale.
    """
    run = Run.of(_LAST_NIGHT, settings=settings)
    batches = sorted(model.Batch.parse(batch) for batch in store.landed(run, source))[-MOST_BATCHES:]
    return [_of_batch(settings, batch) for batch in batches]


def _of_batch(settings: Settings, batch: model.Batch) -> Quality:
    facts = manifest.require(settings.lake, store.batch_dir(settings, "land", batch.id), "land").facts
    folder = store.batch_dir(settings, "check", batch.id)
    judged = None if facts["hold"] else manifest.Manifest.read(folder)
    suite = json.loads((folder / "suite.json").read_text("utf-8")) if judged else {"expectations": []}
    asked = suite["expectations"]
    missed = sorted((one for one in asked if not one["success"]), key=_weight)
    words = wordings(settings.expectations)
    hold = facts["hold"] or (judged.facts["hold"] if judged else None)
    return Quality(
        as_of=batch.as_of, correction=batch.correction, rows=int(facts["rows"] or 0), evaluated=suite.get("evaluated"),
        asked=len(asked), missed=len(missed),
        worst=tuple((_said(words, e["rule"]), e["heading"] or "", e["unexpected"]) for e in missed[:_MOST_RULES]),
        differing=len(suite.get("differing", [])), drift=_drift(str(facts["notes"] or "").split("; ")),
        hold=str(hold) if hold else None,
    )  # fmt: skip


def _said(words: Mapping[str, Wording], rule: str) -> str:
    found = wording(words, rule)
    return f"{found.message_zh}（{rule}）" if found else rule


def _weight(one: dict[str, object]) -> tuple[int, str, str]:
    return -int(str(one["unexpected"])), str(one["rule"]), str(one["heading"] or "")


def _drift(notes: Sequence[str]) -> tuple[str, ...]:
    """What of land's notes tells of another form of the file."""
    return tuple(
        told + note.removeprefix(start).replace(" came as ", " → ")
        for note in notes
        for start, told in _DRIFT
        if note.startswith(start)
    )
