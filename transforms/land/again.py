"""Bytes that were split before are not split again: a register in which nothing changed comes with another day.

The rows of a file are a function of its bytes, the contract's promise and the code; only the batch they are of differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from transforms import manifest, store
from transforms.land.child import TABLE
from transforms.model import Batch
from transforms.run import Settings

Facts = dict[str, str | int | None]
_ENDS = (b"\n", b"\r")  # a CSV that does not end so is split only where control totals vouch for it


def landed_before(settings: Settings, batch: Batch, form: str, inputs: Mapping[str, str]) -> tuple[Path, Facts] | None:
    """The table and the facts of another batch of these bytes, landed under the same promise by this code and not held.

    None of a returned receipt, whose rows are those of another file, of bytes that are held without some of their
    rows, and of a CSV whose last row may be cut off.

    Args:
        settings: where the lake is.
        batch: which one.
        form: the contract's format.
        inputs: of its manifest.
    """
    if set(inputs) != {"raw", "contract"}:
        return None
    if form == "csv" and not _ended(store.raw_path(settings, batch.sha256)):
        return None
    folder = settings.lake / "land" / batch.source
    for path in sorted(folder.glob(f"{batch.source}-*-{batch.sha256}")):
        if path.name == batch.id or (path / store.EXPIRED).exists():
            continue
        found = manifest.fresh(path, "land", inputs)
        if found is not None and not found.facts["hold"]:
            return path / TABLE, dict(found.facts)
    return None


def _ended(raw: Path) -> bool:
    with raw.open("rb") as file:
        file.seek(max(raw.stat().st_size - 1, 0))
        return file.read(1) in _ENDS
