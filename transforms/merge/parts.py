"""The records of a kind, some entities at a time (:mod:`transforms.merge.pieces`), several pieces side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.coded import codes, whole
from transforms.located import NOTHING
from transforms.merge.night import Found, Inputs
from transforms.merge.pieces import Columns, Order, Part, Rows
from transforms.merge.places import Candidates

RECORDS = 150_000


@dataclass(frozen=True)
class Wanted:
    """What is read of the records of a kind.

    Attributes:
        names: columns of the live records that are read at once, side by side; others as somebody asks for them.
        asked: those of which is asked who says anything.
        alike: those of which is only asked who says the same.
        found: columns that they have of other kinds.
        whole: all entities are one piece.
        others: where they stand is wanted too.
    """

    names: Sequence[str] = ()
    asked: Sequence[str] = ()
    alike: Sequence[str] = ()
    found: Sequence[Found] = ()
    whole: bool = True
    others: bool = True


class Parts:
    """The pieces of a kind, in the order of the entity ids.

    Attributes:
        count: how many.
    """

    def __init__(self, inputs: Inputs, kind: str, wanted: Wanted) -> None:
        """Read and lay out what tells of records.

        Args:
            inputs: of the night.
            kind: whose records.
            wanted: what of them.
        """
        threads, live = inputs.run.settings.threads, inputs.live(kind)
        self._columns = Columns(live, wanted.alike, wanted.asked)
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
            _done([*ahead, beside.submit(self._columns.mark)])

    def _grouped(self, inputs: Inputs, kind: str) -> Order:
        cluster = inputs.cluster(kind)
        self._how, self._trusted = codes(cluster.column("how")), whole(cluster.column("trusted"))
        return inputs.order(kind, cluster)

    def part(self, at: int) -> Part:
        """One piece."""
        start, stop = self._cuts[at : at + 2].tolist()
        entity, record = self._order.entity[start:stop].astype(np.int64), self._order.record[start:stop]
        first, last = (int(entity[0]), int(entity[-1]) + 1) if len(entity) else (0, 0)
        how, trusted = (column.take(pa.array(record)) for column in (self._how, self._trusted))
        return Part(
            Rows(self._columns, record), self._order.ids[first:last], entity - first, how,
            trusted.to_numpy(zero_copy_only=False), self._best.of(record),
        )  # fmt: skip


def each(threads: int, work: Callable[[Any], Any], told: Iterable[Any]) -> Iterator[Any]:
    """What a function makes of each, in their order, a few ahead of who asks; it is called side by side."""
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for one in told:
            waiting.append(pool.submit(work, one))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _done(asked: Iterable[Future[Any]]) -> None:
    for one in asked:
        one.result()
