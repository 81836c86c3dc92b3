"""One page per batch: what the books hold of its rows. Loops go over batches and kinds, never over rows."""

from __future__ import annotations

import copy
import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import model, store
from transforms.account.night import Delivery, Night
from transforms.model import Batch, RowState

# Of the states of a row's versions (a row names several addresses) the ledger tells the first of these.
RANKS = (
    RowState.MERGED, RowState.HELD, RowState.DUPLICATE, RowState.SUPERSEDED, RowState.WITHDRAWN, RowState.ERASED,
)  # fmt: skip
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


class Versions:
    """The night's versions by batch and kind."""

    def __init__(self, versions: pa.Table) -> None:
        """Group them; their order does not matter."""
        self._groups: dict[tuple[str, str], tuple[int, int]] = {}
        codes, names = _codes(versions)
        if np.any(np.diff(codes) < 0):
            order = np.argsort(codes, kind="stable")
            versions, codes = versions.take(pa.array(order)), codes[order]
        self._table = versions.combine_chunks()
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        for start, end in itertools.pairwise([*starts, len(codes)]):
            self._groups[names[int(codes[start])]] = (int(start), int(end - start))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Every (batch, kind) that brought a version."""
        return iter(self._groups)

    def of(self, batch: str, kind: str) -> pa.Table:
        """The versions (:data:`transforms.model.VERSION`) that a batch brought for a kind."""
        return self._table.slice(*self._groups.get((batch, kind), (0, 0)))

    def digest(self, batch: str, kind: str) -> str:
        """Sha256 over (ordinal, record_id, content_hash) of the batch's versions, whatever has become of them."""
        told = self.of(batch, kind)
        digest = hashlib.sha256(told["ordinal"].to_numpy().tobytes())
        text = pc.binary_join_element_wise(told["record_id"], told["content_hash"], "|").combine_chunks()
        if len(text):
            ends = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1]
            digest.update((ends - ends[0]).tobytes())
            digest.update(memoryview(text.buffers()[2])[ends[0] : ends[-1]])
        return digest.hexdigest()

    def states(self, batch: str, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """Ordinals of rows that brought a version, in order, and the place of each one's state in :data:`RANKS`."""
        told = self.of(batch, kind)
        ranks = pc.index_in(told["state"], value_set=pa.array([str(s) for s in RANKS])).to_numpy()
        order = np.lexsort((ranks, told["ordinal"].to_numpy()))
        ordinals, first = np.unique(told["ordinal"].to_numpy()[order], return_index=True)
        return ordinals, ranks[order][first].astype(np.uint8)


def _codes(versions: pa.Table) -> tuple[np.ndarray, dict[int, tuple[str, str]]]:
    """A number per (batch, kind) and row, and what each number means."""
    batch, kind = (versions[name].combine_chunks().dictionary_encode() for name in ("batch", "kind"))
    width = max(len(kind.dictionary), 1)
    codes = batch.indices.to_numpy().astype(np.int64) * width + kind.indices.to_numpy()
    batches, kinds = batch.dictionary.to_pylist(), kind.dictionary.to_pylist()
    return codes, {int(c): (batches[int(c) // width], kinds[int(c) % width]) for c in np.unique(codes)}


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
        self._whole: Pages | None = None

    def apart(self) -> Pages:
        """The same pages of a night whose inputs are what is read through it from now on."""
        other = copy.copy(self)
        other.night, other._whole = self.night.apart(), self
        other.__dict__.pop("versions", None)
        return other

    @cached_property
    def versions(self) -> Versions:
        """The night's versions, grouped.

        Raises:
            StaleInputError: apply has not run.
        """
        told = self.night.versions
        return Versions(told) if self._whole is None else self._whole.versions

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
        told = {kind: self.versions.of(batch.id, kind)["ordinal"].to_numpy() for kind in feeds}
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
