"""Files whose time is over: found, and removed. What a live record or an open question needs is not among them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from transforms import manifest, store
from transforms.checkpoint import Checkpoint
from transforms.model import Batch
from transforms.retain.ledger import Gone
from transforms.run import Settings

_ROOMS = ("land", "check", "standardise")
_KEPT = "land"  # of an earlier night: which files came and what became of them


def sweep(settings: Settings, made: Checkpoint) -> int:
    """Remove bytes and tables of the deliveries that a checkpoint stands for, and checkpoints before it.

    The manifests stay: later nights' tables were made from them. Stopped on the way, the next call goes on.

    Returns:
        How many files went.
    """
    gone = 0
    for name in sorted(made.batches):
        gone += _sweep(settings, name)
    for folder in (settings.lake / "checkpoint").glob("*"):
        if folder != made.folder:
            shutil.rmtree(folder, ignore_errors=True)
    return gone


def _sweep(settings: Settings, name: str) -> int:
    gone, landed = 0, store.batch_dir(settings, "land", name)
    if landed.is_dir():
        (landed / store.EXPIRED).touch()  # first: no room looks for tables here any more
    for room in _ROOMS:
        folder = store.batch_dir(settings, room, name)
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name not in (manifest.NAME, store.EXPIRED):
                path.unlink()
                gone += 1
    shutil.rmtree(store.batch_dir(settings, "account", name), ignore_errors=True)
    store.batch_dir(settings, "erased", name).with_suffix(".txt").unlink(missing_ok=True)
    return gone + store.forget_raw(settings, Batch.parse(name).sha256)


def refused(settings: Settings, before: str) -> Iterator[Gone]:
    """Bytes of files that no room took in, of nights until ``before``: by their sha256."""
    found: dict[str, int] = {}
    for path in sorted((settings.lake / "night").glob("*/land/*/deliveries.json")):
        if path.parts[-4] <= before:
            for told in json.loads(path.read_text("utf-8")):
                sha256 = told.get("sha256")
                if sha256 and not told.get("batch") and store.raw_path(settings, sha256).exists():
                    found[sha256] = 1
    for sha256 in sorted(found):
        if not any(settings.lake.glob(f"land/*/*-{sha256}")):
            yield Gone("refused", sha256, 1)


def nights(settings: Settings, before: str, needed: set[str]) -> Iterator[Gone]:
    """Tables of nights until ``before``, less those of the nights that are needed."""
    for folder in sorted((settings.lake / "night").glob("*")):
        if folder.name <= before and folder.name not in needed:
            files = [path for part in _parts(folder) for path in part.rglob("*") if path.is_file()]
            if files:
                yield Gone("night", folder.name, len(files))


def forget_night(settings: Settings, night: str) -> None:
    """Remove what the rooms after standardise left for a night."""
    for part in _parts(settings.lake / "night" / night):
        shutil.rmtree(part, ignore_errors=True)


def _parts(folder: Path) -> list[Path]:
    return sorted(part for part in folder.iterdir() if part.is_dir() and part.name != _KEPT)


def receipts(settings: Settings, before: str) -> Iterator[Gone]:
    """Receipts and quality reports of nights until ``before``."""
    told = [*(settings.home / "receipts").glob("*/*"), *(settings.home / "reports").glob("*")]
    count: dict[str, int] = {}
    for folder in told:
        if folder.is_dir() and folder.name <= before:
            count[folder.name] = count.get(folder.name, 0) + sum(path.is_file() for path in folder.rglob("*"))
    yield from (Gone("receipts", night, files) for night, files in sorted(count.items()))


def forget_receipts(settings: Settings, night: str) -> None:
    """Remove the receipts and quality reports of a night."""
    for folder in [*(settings.home / "receipts").glob(f"*/{night}"), settings.home / "reports" / night]:
        shutil.rmtree(folder, ignore_errors=True)
