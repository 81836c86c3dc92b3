"""The records of a kind, some entities at a time (:mod:`transforms.merge.pieces`), several pieces side by side."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.coded import codes, whole
from transforms.located import NOTHING
from transforms.merge.golden import Ints
from transforms.merge.night import VAULT, Found, Inputs
from transforms.merge.pieces import Columns, Numbers, Order, Part, Rows, Spill, Told, by_piece
from transforms.merge.places import Candidates

RECORDS = 60_000


@dataclass(frozen=True)
class Wanted:
    """What is read of the records of a kind.

    Attributes:
        names: columns of the live records that are read at once, side by side; others as somebody asks for them.
        alike: those of which is only asked who says the same.
        found: columns that they have of other kinds.
        whole: all entities are one piece.
        others: what is located, and the vault, are wanted too.
    """

    names: Sequence[str] = ()
    alike: Sequence[str] = ()
    found: Sequence[Found] = ()
    whole: bool = True
    others: bool = True


class Parts:
    """The pieces of a kind, in the order of the entity ids.

    Attributes:
        count: how many.
    """

    def __init__(self, inputs: Inputs, kind: str, wanted: Wanted, folder: Path) -> None:
        """Read and lay out what tells of records.

        Args:
            inputs: of the night.
            kind: whose records.
            wanted: what of them.
            folder: scratch.
        """
        threads, live = inputs.run.settings.threads, inputs.live(kind)
        self._columns = Columns(live, wanted.alike)
        self._vault = Spill(folder, "vault")
        self._best = Candidates(inputs.located() if wanted.others else NOTHING)
        with ThreadPoolExecutor(threads) as pool, ThreadPoolExecutor(threads) as beside:
            there = set(wanted.names) & set(live.column_names)
            names = sorted(there, key=lambda name: (name not in wanted.alike, name))
            ahead = [beside.submit(self._columns.column, name) for name in names]
            self._order = self._grouped(inputs, kind)
            self._cuts = self._order.cuts(max(live.num_rows, 1) if wanted.whole else RECORDS)
            self.count = len(self._cuts) - 1
            found = [pool.submit(inputs.found, told) for told in wanted.found]
            _done(ahead[: len(wanted.alike)])  # which take most memory while they are read, and least after it
            for told, one in zip(wanted.found, found, strict=True):
                self._columns.add(told.name, one.result())
            if wanted.others and inputs.sealed:
                place = np.empty(live.num_rows, dtype=np.int32)
                place[self._order.record] = np.arange(live.num_rows, dtype=np.int32)
                sealed = partial(_sealed, place, self._cuts)
                self._vault.write(_ahead(pool, threads, sealed, inputs.vault(live)))
            _done(ahead)

    def _grouped(self, inputs: Inputs, kind: str) -> Order:
        cluster = inputs.cluster(kind)
        self._how, self._trusted = codes(cluster.column("how")), whole(cluster.column("trusted"))
        return inputs.order(kind, cluster)

    def part(self, at: int) -> Part:
        """One piece; its rows of the vault are read once."""
        start, stop = self._cuts[at : at + 2].tolist()
        entity, record = self._order.entity[start:stop].astype(np.int64), self._order.record[start:stop]
        first, last = (int(entity[0]), int(entity[-1]) + 1) if len(entity) else (0, 0)
        sealed = self._vault.read(at)
        vault = Told(VAULT.empty_table(), np.zeros(0, dtype=np.int64))
        if sealed is not None:
            vault = Told(sealed.drop_columns(["record"]), sealed["record"].to_numpy())
        how, trusted = (column.take(pa.array(record)) for column in (self._how, self._trusted))
        return Part(
            Rows(self._columns, record), self._order.ids[first:last], entity - first, how,
            trusted.to_numpy(zero_copy_only=False), self._best.of(record), vault,
        )  # fmt: skip


@contextmanager
def parts(inputs: Inputs, kind: str, wanted: Wanted) -> Iterator[Parts]:
    """What the records of a kind say."""
    scratch = inputs.run.settings.home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="merge.", dir=scratch) as folder:
        yield Parts(inputs, kind, wanted, Path(folder))


def each(threads: int, work: Callable[[Any], Any], told: Iterable[Any]) -> Iterator[Any]:
    """What a function makes of each, in their order; it is called side by side."""
    with ThreadPoolExecutor(threads) as pool:
        yield from _ahead(pool, threads, work, told)


def _ahead(pool: ThreadPoolExecutor, threads: int, work: Callable[[Any], Any], told: Iterable[Any]) -> Iterator[Any]:
    """What a function makes of each, in their order, a few ahead of who asks."""
    waiting: deque[Future[Any]] = deque()
    for one in told:
        waiting.append(pool.submit(work, one))
        if len(waiting) > threads:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _done(asked: Iterable[Future[Any]]) -> None:
    for one in asked:
        one.result()


def _sealed(place: Numbers, cuts: Ints, told: tuple[pa.Table, Ints]) -> list[tuple[int, pa.Table]]:
    """Rows of the vault by piece, each with the number of its record within."""
    table, record = told
    at = place[record]
    piece = (np.searchsorted(cuts, at, side="right") - 1).astype(np.int32)
    within = pa.array((at - cuts[piece]).astype(np.int64))
    return by_piece(table.append_column("record", within), piece)
