"""Rows of erased subjects do not stay landed: found by keyed digests, blanked in the raw bytes, landed as nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow as pa

from transforms import contract as contracts
from transforms import database, store, subjects
from transforms.model import Batch
from transforms.run import Settings
from transforms.subjects import Digests


def wanted(settings: Settings) -> Digests | None:
    """The digests of every standing request to erase; None where there is none.

    Raises:
        DatabaseError: control cannot be read.
    """
    found = subjects.digests(database.open_databases(settings), "erase")
    return found if any(found.values()) else None


def lines(settings: Settings, batch: Batch, told: pa.Table, digests: Digests) -> list[int]:
    """Lines of the landed rows that are an erased subject's."""
    contract = contracts.load_all(settings.expectations)[batch.source]
    if subjects.KIND not in contract.feeds:
        return []
    found: list[int] = told.filter(subjects.matching(settings, contract, told, digests))["line"].to_pylist()
    return found


def looked(settings: Settings, batch: Batch, digests: Digests) -> bool:
    """Whether the batch was looked through for exactly these digests: each request costs one look at each batch."""
    path = _path(settings, batch)
    return path.is_file() and path.read_text("utf-8") == _told(digests)


def tick(settings: Settings, batch: Batch, digests: Digests) -> None:
    """Write down that the batch was looked through."""
    path = _path(settings, batch)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(_told(digests), "utf-8")
    fresh.rename(path)


def _told(digests: Digests) -> str:
    text = json.dumps({what: sorted(of) for what, of in digests.items()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _path(settings: Settings, batch: Batch) -> Path:
    return store.batch_dir(settings, "erased", batch.id).with_suffix(".txt")
