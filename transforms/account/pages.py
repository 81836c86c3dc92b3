"""One page per batch: what the books hold of its rows. Loops go over batches and kinds, never over rows."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import model, store
from transforms.account.night import Delivery, Night
from transforms.account.versions import Versions
from transforms.model import Batch

QUARANTINED = pa.schema([("ordinal", pa.int64()), ("line", pa.int64()), ("field", pa.string()), ("rule", pa.string())])


@dataclass(frozen=True)
class Rows:
    """A set of rows of a batch: how many, and sha256 over their ordinals in order (8 bytes each, little-endian)."""

    rows: int
    digest: str


@dataclass(frozen=True)
class Page:
    """What one batch is, whichever night asks, as long as no room makes it anew.

    Attributes:
        landed: rows landed.
        quarantined: its rows that were not accepted (:data:`QUARANTINED`), by ordinal, less the erased ones.
        erased: its rows that are an erased subject's.
        repeats: kind → the accepted rows that have no version: they say what the delivery before said.
        versions: kind → digest of the versions it brought: (ordinal, record_id, content_hash), in order.
    """

    landed: int
    quarantined: pa.Table
    erased: Rows
    repeats: dict[str, Rows]
    versions: dict[str, str]


class Pages:
    """The pages of a night, each made once.

    Attributes:
        night: whose batches they are.
        sealed: batches whose page was taken as it was told before (:mod:`transforms.account.seal`).
    """

    def __init__(self, night: Night) -> None:
        """No page is made yet."""
        self.night = night
        self.sealed: set[Batch] = set()
        self._found: dict[Batch, Page] = {}

    def apart(self) -> Pages:
        """The same pages of a night whose inputs are what is read through it from now on."""
        other = copy.copy(self)
        other.night = self.night.apart()
        return other

    @property
    def versions(self) -> Versions:
        """The night's versions.

        Raises:
            StaleInputError: apply has not run.
        """
        return self.night.versions

    def trust(self, batch: Batch, page: Page) -> None:
        """Take a page as it is sealed."""
        self.sealed.add(batch)
        self._found[batch] = page

    def of(self, delivery: Delivery) -> Page:
        """The page of a batch.

        Raises:
            StaleInputError: a room's output is missing, incomplete or stale.
        """
        if delivery.batch not in self._found:
            self._found[delivery.batch] = self._made(delivery)
        return self._found[delivery.batch]

    def _made(self, delivery: Delivery) -> Page:
        batch = delivery.batch
        landed = store.read_table(self.night.batch_path("land", batch, "rows"), ["ordinal", "line"])
        if not delivery.passed:
            return Page(landed.num_rows, QUARANTINED.empty_table(), rows(np.zeros(0, np.int64)), {}, {})
        verdict = self.night.of_batch("check", batch, "verdict").select(model.VERDICT.names)
        erased = pc.fill_null(pc.equal(verdict["rule"], model.ERASED_RULE), fill_value=False)
        accepted = verdict.filter(verdict["accepted"])["ordinal"].to_numpy()
        feeds = self.night.contracts[batch.source].feeds
        told = {kind: self.versions.of(batch.id, kind, ["ordinal"])["ordinal"].to_numpy() for kind in feeds}
        return Page(
            landed=landed.num_rows,
            quarantined=_quarantined(landed, verdict.filter(pc.invert(erased))),
            erased=rows(verdict.filter(erased)["ordinal"].to_numpy()),
            repeats={kind: rows(np.setdiff1d(accepted, ordinals)) for kind, ordinals in told.items()},
            versions={kind: self.versions.digest(batch.id, kind) for kind in feeds},
        )


def _quarantined(landed: pa.Table, verdict: pa.Table) -> pa.Table:
    refused = verdict.filter(pc.invert(verdict["accepted"])).sort_by("ordinal")
    lines = landed["line"].take(pc.index_in(refused["ordinal"], value_set=landed["ordinal"].combine_chunks()))
    columns = [refused["ordinal"], lines, refused["field"], refused["rule"]]
    return pa.table(columns, names=QUARANTINED.names).cast(QUARANTINED).combine_chunks()


def rows(ordinals: np.ndarray) -> Rows:
    """The set of these rows; they are in order."""
    return Rows(len(ordinals), hashlib.sha256(ordinals.astype("<i8").tobytes()).hexdigest())
