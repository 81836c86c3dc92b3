"""What became of every landed row, summed up per batch and kind with a digest of which row became what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from transforms.account.night import Delivery, Night
from transforms.account.pages import Pages, rows
from transforms.account.versions import RANKS
from transforms.checkpoint import Expired
from transforms.model import Batch, RowState
from transforms.run import Run

_TEXT, _LONG = pa.string(), pa.int64()
STATES = tuple(str(state) for state in RowState)
OUTCOME = pa.schema(
    [("batch", _TEXT), ("kind", _TEXT), ("source", _TEXT), ("landed", _LONG), *((state, _LONG) for state in STATES),
     ("digest", _TEXT)]
)  # fmt: skip


def outcome(pages: Pages) -> pa.Table:
    """The ledger (:data:`OUTCOME`) of every batch landed by this night, sorted by (batch, kind).

    Raises:
        StaleInputError: a room's output is missing, incomplete or stale.
    """
    told = [
        _line(pages, delivery, kind)
        for source, deliveries in pages.night.deliveries.items()
        for delivery in deliveries
        for kind in pages.night.contracts[source].feeds
    ]
    return _sorted([*told, *_past(pages)])


def outcome_of_past(run: Run) -> pa.Table:
    """The ledger's rows of the deliveries that went, as the night's versions say it.

    Raises:
        StaleInputError: apply has not run for the night.
    """
    return _sorted(_past(Pages(Night(run))))


def _sorted(told: list[dict[str, str | int]]) -> pa.Table:
    return pa.Table.from_pylist(told, OUTCOME).sort_by([("batch", "ascending"), ("kind", "ascending")])


def _past(pages: Pages) -> list[dict[str, str | int]]:
    contracts = pages.night.contracts
    return [
        _past_line(pages, one, kind)
        for one in pages.night.past.batches.values()
        if (source := Batch.parse(one.batch).source) in contracts
        for kind in contracts[source].feeds
    ]


def _line(pages: Pages, delivery: Delivery, kind: str) -> dict[str, str | int]:
    page = pages.of(delivery)
    counts = dict.fromkeys(STATES, 0)
    digest = hashlib.sha256()
    if not delivery.passed:
        counts[RowState.WITHDRAWN if delivery.fate == "recalled" else RowState.HELD] = page.landed
    else:
        ordinals, ranks = pages.versions.states(delivery.batch.id, kind)
        for rank, count in enumerate(np.bincount(ranks, minlength=len(RANKS))):
            counts[RANKS[rank]] += int(count)
        repeats = page.repeats[kind]
        counts[RowState.HELD if delivery.fate == "held" else RowState.DUPLICATE] += repeats.rows
        counts[RowState.QUARANTINED] = page.quarantined.num_rows
        counts[RowState.ERASED] = page.erased.rows
        refused = rows(page.quarantined["ordinal"].to_numpy())
        digest.update(f"{rows(ordinals).digest} {repeats.digest} {refused.digest} ".encode() + ranks.tobytes())
        digest.update(f" {page.erased.digest}".encode())
    return {
        "batch": delivery.batch.id,
        "kind": kind,
        "source": delivery.batch.source,
        "landed": page.landed,
        **counts,
        "digest": digest.hexdigest(),
    }


def _past_line(pages: Pages, gone: Expired, kind: str) -> dict[str, str | int]:
    """A delivery that went: what still stands in an entity, and all else, of which there are no words any more."""
    ordinals, ranks = pages.versions.states(gone.batch, kind)
    standing = ordinals[ranks == RANKS.index(RowState.MERGED)]
    counts = dict.fromkeys(STATES, 0)
    counts |= {RowState.MERGED: len(standing), RowState.EXPIRED: gone.rows - len(standing)}
    return {
        "batch": gone.batch,
        "kind": kind,
        "source": Batch.parse(gone.batch).source,
        "landed": gone.rows,
        **counts,
        "digest": rows(standing).digest,
    }


def outcome_door(pages: Pages) -> Iterator[str]:
    """Every landed row has exactly one state per kind its source feeds."""
    for row in outcome(pages).to_pylist():
        lost = row["landed"] - sum(row[state] for state in STATES)
        if lost or row[RowState.EXPIRED] < 0:
            yield f"account {row['source']}: {abs(lost)} landed rows without an outcome, or with two, for {row['kind']}"
