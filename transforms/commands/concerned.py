"""Which batches of this home a changed contract concerns: read from the manifests that land and check left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from expectations.contract_diff import Change, Effect
from transforms import manifest, store
from transforms.contract import Contract
from transforms.run import Run, Settings

_LAST_NIGHT = "9999-12-31"  # whatever was landed, in any night
_RETOLD = {Effect.RECORDS, Effect.RETELL}
_SPLIT = ("arrives.mode", "arrives.operation")  # land weighs a file by these too


@dataclass(frozen=True)
class Batch:
    """One landed batch and what the next night does with it.

    Attributes:
        batch: its id. file: as the department called it, escaped. rows: records landed.
        split: it is split again from its raw bytes. judged: its rows are judged and standardised again.
        retold: kinds of which every accepted row becomes a new version, or another record.
        words: rows whose cells a changed code map concerns, by heading.
    """

    batch: str
    file: str
    rows: int
    split: bool
    judged: bool
    retold: tuple[str, ...]
    words: dict[str, int]


def batches(settings: Settings, old: Contract, new: Contract, changes: Sequence[Change]) -> list[Batch]:
    """Every landed batch of the source, in the order of their ids; none where nothing changed or no home is there.

    Verdicts and clean columns are kept under the contract's own bytes, so any change at all makes them anew.
    """
    if not changes:
        return []
    run = Run.of(_LAST_NIGHT, settings=settings)
    split = old.headings != new.headings or old.landed_headings != new.landed_headings
    split |= any(change.effect is Effect.SPLIT or change.where in _SPLIT for change in changes)
    return [_batch(settings, old, name, changes, split=split) for name in store.landed(run, old.source)]


def _batch(settings: Settings, old: Contract, name: str, changes: Sequence[Change], *, split: bool) -> Batch:
    folder = store.batch_dir(settings, "land", name)
    facts = manifest.require(settings.lake, folder, "land").facts
    retold = {kind for c in changes if c.effect in _RETOLD for kind in c.kinds or tuple(old.feeds)}
    return Batch(
        batch=name, file=str(facts["file"]), rows=int(facts["rows"] or 0), split=split, judged=not facts["hold"],
        retold=tuple(sorted(retold)), words=_words(folder, changes),
    )  # fmt: skip


def _words(folder: Path, changes: Sequence[Change]) -> dict[str, int]:
    """Heading → rows whose cell is one of the words that changed their meaning."""
    changed = {c.heading: c.words for c in changes if c.heading and c.words}
    path = folder / "rows.parquet"
    landed = set(pq.read_schema(path).names)
    table = store.read_table(path, [heading for heading in changed if heading in landed])
    return {
        heading: int(pc.sum(pc.is_in(table[heading], pa.array(changed[heading], pa.string()))).as_py() or 0)
        for heading in table.column_names
    }


def told(batch: Batch) -> str:
    """A batch in words."""
    does = ["is split again"] if batch.split else []
    does += [f"its {batch.rows} rows are judged and standardised again"] if batch.judged else ["is held as it is"]
    does += [f"its accepted rows are told again for {', '.join(batch.retold)}"] if batch.retold else []
    does += [f"{rows} rows say a changed word under {heading}" for heading, rows in batch.words.items()]
    return f"{batch.file} ({batch.batch[:40]}): " + "; ".join(does)
