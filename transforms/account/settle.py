"""Compare tonight's tables with those that stand in the release, and write what ends and what begins."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from transforms import checksum, store
from transforms.account.changes import CHANGE, Differing
from transforms.account.cuts import TABLE as CUTS
from transforms.account.cuts import Cuts
from transforms.account.delta import Delta, key_of
from transforms.account.night import Night
from transforms.account.pieces import ROWS, Pieces
from transforms.account.ranges import ranges

_RECORD, _PLACE = "record", "ordinal"
_LAST = "identity"  # asked for the entities that the other tables bring


@dataclass
class Settled:
    """What a night comes to.

    Attributes:
        events: :data:`transforms.account.changes.CHANGE`.
        checksum: of the release as it will stand.
        counts: table → its rows then.
        closed: rows that end. opened: rows that begin.
        recut: tonight's cut of the grids is a later one than the release's.
    """

    checksum: str = checksum.EMPTY
    counts: dict[str, int] = field(default_factory=dict)
    closed: int = 0
    opened: int = 0
    recut: bool = False
    events: pa.Table = field(default_factory=CHANGE.empty_table)


def settle(
    night: Night, before: Mapping[str, Pieces], now: Mapping[str, Pieces], folder: Path, rows: int = ROWS
) -> Settled:
    """Write ``<table>.close.parquet``, ``<table>.open.parquet`` and ``record.parquet``, range by range of the keys.

    Args:
        night: whose kinds and settings count.
        before: current rows of the release.
        now: tonight's rows, ``record`` with ``ordinal``.
        folder: where to.
        rows: how many of a table are held at once.
    """
    settled, differing = Settled(), Differing(night)
    for name in sorted(now, key=lambda name: (name != _RECORD, name == _LAST, name)):
        settled.counts[name] = 0
        with _written(folder, name, before[name].schema) as write:
            for whole, delta in compared(night, name, before[name], now[name], rows):
                write(whole, delta)
                differing.hear(name, delta)
                settled.checksum = checksum.advance(settled.checksum, {}, {name: delta.now})
                settled.counts[name] += delta.now.num_rows
                settled.closed += delta.ended.num_rows
                settled.opened += delta.begun.num_rows
    settled.counts = dict(sorted(settled.counts.items()))
    settled.recut = Cuts.of(now[CUTS], before[CUTS]).recut
    settled.events = differing.told()
    return settled


def compared(
    night: Night, name: str, before: Pieces, now: Pieces, rows: int = ROWS
) -> Iterator[tuple[pa.Table, Delta]]:
    """A table range by range: tonight's rows with every column they have, and how they differ from the release's."""
    key, spill = key_of(name), night.run.settings.home / "tmp"
    cuts = Cuts.of(now, before) if name == CUTS else None
    for standing, tonight in ranges(spill, key, [before, now], rows, (_PLACE,)):
        whole = cuts.beside(tonight, standing) if cuts else tonight
        yield whole, Delta(key, standing, whole.select(standing.schema.names))


@contextlib.contextmanager
def _written(folder: Path, name: str, schema: pa.Schema) -> Iterator[Callable[[pa.Table, Delta], None]]:
    """Where the ranges of a table go: keys that end, rows that begin, of the crosswalk every row."""
    key = list(key_of(name))
    keys = pa.schema([schema.field(column) for column in key])
    with contextlib.ExitStack() as open_files:
        ends = open_files.enter_context(store.writing(folder / f"{name}.close.parquet", keys))
        begins = open_files.enter_context(store.writing(folder / f"{name}.open.parquet", schema))
        every = None

        def write(whole: pa.Table, delta: Delta) -> None:
            nonlocal every
            ends(delta.ended.select(key))
            begins(delta.begun)
            if name == _RECORD:
                every = every or open_files.enter_context(store.writing(folder / f"{name}.parquet", whole.schema))
                every(whole)

        yield write
