"""The fold of the deliveries, some sources at a time: a record is of one source, so that none knows of another.

A source of too many rows is folded kind by kind. What comes out waits on disk where it is much, and does not depend on
how it was cut.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import model, store
from transforms.account import tail
from transforms.account.pieces import PIECE, Pieces, kept
from transforms.engine import Engine

_STEPS = Path(__file__).with_name("apply.sql")
ROWS = 500_000  # rows of deliveries that are folded at once: some six hundred megabytes of steps
_CODE = pa.int32()
_TOLD = pa.schema([model.STANDARD.field(n) for n in ("ordinal", "line", "record_id", "content_hash", "operation")])
_NUMBERED = ("source", "batch", "kind")
_STATES = pa.schema([(f.name, _CODE if f.name in _NUMBERED else f.type) for f in model.VERSION])
_LIVE = pa.schema(
    [("kind", _CODE), ("batch", _CODE), ("ordinal", pa.int64()), ("record_id", pa.string()), ("as_of", _CODE),
     ("since", _CODE)]
)  # fmt: skip
Files = Mapping[str, list[Path]]


@dataclass(frozen=True)
class Given:
    """What the steps are given besides rows, of all sources: see ``apply.sql``.

    Attributes:
        words: column → the names whose places are its numbers: in their order, so that both sort alike.
        delivery, kept, tail: tables of the steps, with names.
        files: kind → the files that hold its rows.
        erased: records of which nothing is taken up that deliveries said which went.
    """

    words: dict[str, list[str]]
    delivery: pa.Table
    kept: pa.Table
    tail: pa.Table
    files: Files
    erased: Collection[str]


class Fold:
    """The fold, done. Its steps compare and sort rows by numbers: a batch's name is ninety characters long.

    Attributes:
        beside: what a further file of steps said, part by part, with names.
    """

    def __init__(
        self, engine: Engine, given: Given, folder: Path, rows: int = ROWS, beside: Path | None = None
    ) -> None:
        """Run the steps for every part.

        Args:
            engine: where.
            given: of all sources.
            folder: for what does not fit; it must stay as long as the fold is asked.
            rows: rows of deliveries that are folded at once.
            beside: steps to be run after those of the fold, in the same engine.
        """
        self._words, self._days = given.words, sorted(set(_days(given)))
        self._states: list[tuple[list[str], Pieces]] = []
        self._live: list[Pieces] = []
        self.beside: list[pa.Table] = []
        for at, (sources, named) in enumerate(_parts(given, rows)):
            states = engine.run(_STEPS, self._told(given, sources, named)).cast(_STATES)
            self._states.append((sources, kept(_STATES, iter([states]), folder / f"states.{at}")))
            del states
            lives = self._coded_days(engine.table("live").select(_LIVE.names)).cast(_LIVE)
            self._live.append(kept(_LIVE, iter([lives]), folder / f"live.{at}"))
            del lives
            if beside is not None:
                self.beside.append(self.named(engine.run(beside)))

    def versions(self) -> Iterator[pa.Table]:
        """The versions that deliveries which are held brought (:data:`transforms.model.VERSION`), in order."""
        yield model.VERSION.empty_table()
        for _, group in itertools.groupby(self._states, key=lambda part: part[0]):
            parts = [states for _, states in group]
            yield from map(self.named, parts[0].each() if len(parts) == 1 else _by_batch(parts))

    def live(self, kind: str) -> pa.Table:
        """Which rows of a kind are live: (batch, ordinal, record_id, as_of, since)."""
        code, found = self._words["kind"].index(kind), [_LIVE.empty_table()]
        for part in self._live:
            found += [piece.filter(pc.equal(piece["kind"], code)) for piece in part.each()]
        rows = pa.concat_tables(found).select(_LIVE.names[1:])
        words = {"batch": self._words["batch"], "as_of": self._days, "since": self._days}
        for name, of in words.items():
            codes = rows[name].combine_chunks()
            named = pa.DictionaryArray.from_arrays(codes, pa.array(of, pa.string()))
            rows = rows.set_column(rows.schema.get_field_index(name), name, named)
        return rows

    def named(self, table: pa.Table) -> pa.Table:
        """The table with names again for the numbers."""
        for at, name in enumerate(table.column_names):
            if name in self._words:
                table = table.set_column(at, name, pc.take(pa.array(self._words[name], pa.string()), table[name]))
        return table.cast(model.VERSION) if table.column_names == model.VERSION.names else table

    def _told(self, given: Given, sources: list[str], named: list[str]) -> dict[str, pa.Table]:
        tables = {"delivery": given.delivery, "tail": given.tail}
        for name, table in tables.items():
            mine = pc.is_in(table["source"], value_set=pa.array(sources, pa.string()))
            if name == "tail":
                mine = pc.and_(mine, pc.is_in(table["kind"], value_set=pa.array(named, pa.string())))
            tables[name] = self._coded(table.filter(mine))
        return tables | {"kept": self._coded(given.kept), "told_row": self._rows(given.files, sources, named)}

    def _coded(self, table: pa.Table) -> pa.Table:
        """The table with a number for each source, batch and kind."""
        for at, name in enumerate(table.column_names):
            if name in self._words:
                codes = pc.index_in(table[name], value_set=pa.array(self._words[name], pa.string()))
                table = table.set_column(at, name, codes.cast(_CODE))
        return table

    def _coded_days(self, live: pa.Table) -> pa.Table:
        for name in ("as_of", "since"):
            codes = pc.index_in(live[name], value_set=pa.array(self._days, pa.string()))
            live = live.set_column(live.schema.get_field_index(name), name, codes)
        return live

    def _rows(self, files: Files, sources: Collection[str], named: Collection[str]) -> pa.Table:
        """What deliveries that are held said, coded; a file holds the rows of one kind of one batch.

        Of deliveries that went, their tail says it.
        """
        told = [pa.schema([*((name, _CODE) for name in _NUMBERED), *_TOLD]).empty_table()]
        paths = [(one, path) for one in named for path in files[one] if not tail.in_checkpoint(path)]
        for kind, path in paths:
            said = {"source": path.parent.name.split("-", 1)[0], "batch": path.parent.name, "kind": kind}
            if said["source"] in sources:
                rows = store.read_table(path, _TOLD.names).select(_TOLD.names).cast(_TOLD)
                numbers = [self._words[name].index(said[name]) for name in _NUMBERED]
                codes = [pa.repeat(pa.scalar(number, _CODE), rows.num_rows) for number in numbers]
                told.append(pa.table([*codes, *rows.columns], schema=told[0].schema))
        return pa.concat_tables(told)


def _days(given: Given) -> Iterator[str]:
    for table in (given.delivery, given.tail):
        yield from (day for day in pc.unique(table["as_of"]).to_pylist() if day is not None)


def _parts(given: Given, rows: int) -> Iterator[tuple[list[str], list[str]]]:
    """Sources in their order, and kinds in theirs, that are folded at once; all of a small deployment."""
    every = given.words["kind"]
    counts: dict[str, int] = dict.fromkeys(given.words["source"], 0)
    for path in (path for paths in given.files.values() for path in paths):
        source = path.name.split(".", 1)[0] if tail.in_checkpoint(path) else path.parent.name.split("-", 1)[0]
        counts[source] = counts.get(source, 0) + pq.read_metadata(path).num_rows
    together: list[str] = []
    for source in given.words["source"]:
        if together and sum(counts[one] for one in together) + counts[source] > rows:
            yield together, every
            together = []
        if counts[source] > rows:
            yield from (([source], [kind]) for kind in every)
        else:
            together.append(source)
    if together or not given.words["source"]:
        yield together, every


def _by_batch(parts: list[Pieces]) -> Iterator[pa.Table]:
    """Versions of one source that come kind by kind, each in order: batch by batch."""
    held = [pa.concat_tables([_STATES.empty_table(), *part.each()]) for part in parts]
    batches = sorted({int(code) for part in held for code in pc.unique(part["batch"]).to_pylist()})
    for batch in batches:
        for part in held:
            codes = part["batch"].to_numpy()
            start, stop = np.searchsorted(codes, [batch, batch + 1])
            yield from (part.slice(at, min(PIECE, stop - at)) for at in range(start, stop, PIECE))
