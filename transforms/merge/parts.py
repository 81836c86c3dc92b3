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
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import model
from transforms.live import Live, whole
from transforms.merge.golden import Ints, codes, small
from transforms.merge.night import VAULT, Found, Inputs
from transforms.merge.pieces import Columns, Numbers, Order, Part, Rows, Spill, Told, by_piece
from transforms.merge.places import Candidates, Located, rows_of
from transforms.places import numbers

RECORDS = 60_000
_LOCATED = ("property", "address_id", "building_id", "house_id", "level", "reason", "village")
_GRID = ("grid_id", "method")  # of a fact with a point of its own
_Group = tuple[Numbers, dict[str, pa.Array]]  # best candidates: the numbers of their records, and their columns
_FEW = frozenset({"property", "level", "reason", "village", "method"})  # columns of few words


@dataclass(frozen=True)
class Wanted:
    """What is read of the records of a kind.

    Attributes:
        names: columns of the live records that are read at once, side by side; others as somebody asks for them.
        plain: those that :class:`transforms.merge.pieces.Columns` does not hold as codes.
        alike: those of which is only asked who says the same.
        found: columns that they have of other kinds.
        whole: all entities are one piece.
        others: what is located, and the vault, are wanted too.
    """

    names: Sequence[str] = ()
    plain: Sequence[str] = ()
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
        self._columns = Columns(live, wanted.plain, wanted.alike)
        self._vault = Spill(folder, "vault")
        with ThreadPoolExecutor(threads) as pool, ThreadPoolExecutor(threads) as beside:
            there = set(wanted.names) & set(live.column_names)
            names = sorted(there, key=lambda name: (name not in wanted.alike, name))
            ahead = [beside.submit(self._columns.column, name) for name in names]
            self._order = self._grouped(inputs, kind)
            self._cuts = self._order.cuts(max(live.num_rows, 1) if wanted.whole else RECORDS)
            self.count = len(self._cuts) - 1
            found = [pool.submit(inputs.found, told) for told in wanted.found]
            _done(ahead[: len(wanted.alike)])  # which take most memory while they are read, and least after it
            self._best = _Best(_best(inputs.located_path() if wanted.others else None, live, wanted, pool), live)
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


class _Best:
    """Best candidates of the records (rank 1 of model.LOCATED)."""

    def __init__(self, groups: Sequence[Future[_Group]], live: Live) -> None:
        found = [one.result() for one in groups]
        record = np.concatenate([record for record, _ in found]) if found else np.zeros(0, dtype=np.int32)
        columns = {}
        for name in list(found[0][1]) if found else []:
            one = whole(pa.chunked_array([told.pop(name) for _, told in found]))
            columns[name] = small(one) if name in _FEW else one
        table = pa.table(columns) if found else model.LOCATED.empty_table()
        self._rows = rows_of(codes(table["property"]), record, live.num_rows)
        self._candidates = Candidates(table.drop_columns(["property"]))

    def of(self, record: Numbers) -> Located:
        """Where some records stand."""
        return Located(self._candidates, {name: rows[record] for name, rows in self._rows.items()}, len(record))


def _best(path: Path | None, live: Live, wanted: Wanted, pool: ThreadPoolExecutor) -> list[Future[_Group]]:
    """Read where the records of a kind stand, a group of rows each."""
    if path is None:
        return []
    names = [*_LOCATED, *_GRID] if wanted.whole else _LOCATED
    groups = range(pq.read_metadata(path).num_row_groups)
    return [pool.submit(_group, path, names, live.ids, group) for group in groups]


def _group(path: Path, names: Sequence[str], ids: pa.Array, group: int) -> _Group:
    """Best candidates in one group of rows: the numbers of their records, and their columns."""
    coded = [name for name in names if name in _FEW]
    with pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=coded) as file:
        found = file.read_row_group(group, ["record_id", "rank", *names], use_threads=False)
    best = found.filter(pc.equal(found["rank"], 1))
    record = numbers(ids, whole(best["record_id"]))
    if (record < 0).any():
        best, record = best.filter(pa.array(record >= 0)), record[record >= 0]
    return record.astype(np.int32), {name: whole(best[name]) for name in names}
