"""One batch judged piece by piece: a register of a city is never held whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations import rules, suites
from transforms import attested as words
from transforms import divisions, kinds, model, store
from transforms.cells import Cells
from transforms.check import attested, holds, verdict
from transforms.check.again import ATTESTED, Before
from transforms.contract import Contract
from transforms.memory import give_back
from transforms.run import Settings

Facts = dict[str, str | int | None]
_WORDS = pa.dictionary(pa.int32(), model.TEXT)
_SPARE = 0.25  # of the rows that Great Expectations looks at; so many more are gathered before the surplus is dropped
_BEGIN, _BEYOND = 8, "g"  # characters of a digest that make a number, and what is greater than any of the others
_PLAIN = pa.schema([("ordinal", model.LONG), ("rule", model.TEXT), ("field", model.TEXT)])
_NARROW = pa.schema([("ordinal", model.LONG), ("rule", _WORDS), ("field", _WORDS)])


@dataclass
class Tally:
    """What is counted while pieces are judged; ``found``: every finding, attested ones too, without the wording."""

    rows: int = 0
    accepted: int = 0
    told: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    found: list[pa.Table] = field(default_factory=list)

    def count(self, judged: verdict.Verdicts) -> None:
        """Add a piece."""
        self.rows += judged.verdict.num_rows
        self.accepted += pc.sum(judged.verdict["accepted"]).as_py() or 0
        grouped = judged.finding.group_by(["rule", "field", "effect"]).aggregate([("ordinal", "count")])
        for row in grouped.to_pylist():
            self.told[row["rule"], row["field"]] += row["ordinal_count"]
            self.effects[row["effect"]] += row["ordinal_count"]
        self.found += [part.select(_NARROW.names).cast(_NARROW) for part in (judged.finding, judged.freed)]

    def of(self, rows: pa.Table) -> pa.Table:
        """What was found in these rows: (ordinal, rule, field)."""
        every = pa.concat_tables(self.found)
        return every.filter(pc.is_in(every["ordinal"], rows["ordinal"].combine_chunks())).cast(_PLAIN)


class Sample:
    """The rows that Great Expectations looks at, gathered from pieces (:func:`expectations.suites.sample`)."""

    def __init__(self) -> None:
        """Nothing was seen."""
        self._rows: list[pa.Table] = []
        self._last: pa.Scalar | None = None

    def add(self, piece: pa.Table) -> None:
        """Rows that may be among those of the smallest digests are kept."""
        if self._last is not None:
            piece = piece.filter(pc.less_equal(piece["digest"], self._last))
        self._rows.append(piece)
        if sum(map(len, self._rows)) > suites.MOST_ROWS * (1 + _SPARE):
            every = pa.concat_tables(self._rows)
            self._last = _bound(every["digest"], suites.MOST_ROWS)
            self._rows = [every.filter(pc.less_equal(every["digest"], self._last))]

    @property
    def rows(self) -> pa.Table:
        """The sample of all that was seen."""
        self._rows = [suites.sample(pa.concat_tables(self._rows), suites.MOST_ROWS)]  # nothing else of them is held
        return self._rows[0]


def _bound(digests: pa.ChunkedArray, count: int) -> pa.Scalar:
    """What so many smallest digests do not exceed, and hardly another: their beginnings are numbers soon compared."""
    cells = Cells(digests)
    begin = np.ascontiguousarray(cells.places(np.arange(len(cells)), _BEGIN).T).view(">u8").ravel()
    last = np.partition(begin, count - 1)[count - 1 : count]
    return pa.scalar(last.tobytes().decode() + _BEYOND, pa.string())


@dataclass(frozen=True)
class Judging:
    """What a batch is judged by.

    Attributes:
        rules: of the source on the day of the delivery.
        land: the folder of its landed rows.
        told: what persons attested.
        before: the delivery whose findings need not be found again.
    """

    settings: Settings
    contract: Contract
    rules: Sequence[rules.Rule]
    land: Path
    told: words.Attested
    before: Before | None

    @classmethod
    def of(
        cls,
        settings: Settings,
        contract: Contract,
        batch: model.Batch,
        told: words.Attested,
        denied: Mapping[str, str],
        before: Before | None,
    ) -> Judging:
        """Derive the rules; ``denied``: the words of the deny-list tonight, with the reason of each."""
        towns = divisions.towns(settings.expectations)
        derived = rules.derive(contract, kinds.load_all(settings.expectations), batch.as_of, denied, towns)
        return cls(settings, contract, derived, store.batch_dir(settings, "land", batch.id), told, before)

    def write(self, fresh: Path) -> Facts:
        """Write the tables and the suite; what the manifest shall tell."""
        tally, sample = Tally(), Sample()
        self._tables(fresh, tally, sample)
        give_back()
        suite = self._suite(tally, sample.rows)
        columns = [suites.ColumnSummary(**column) for column in suite["columns"]]
        (fresh / "suite.json").write_text(json.dumps(suite, ensure_ascii=False, sort_keys=True, indent=1), "utf-8")
        hold = holds.judge(self.contract, self.rules, holds.Counts(tally.rows, tally.accepted, tally.told), columns)
        return {
            "rows": tally.rows, "accepted": tally.accepted, "quarantined": tally.rows - tally.accepted,
            "struck": tally.effects["strike"], "noted": tally.effects["note"], "differing": len(suite["differing"]),
            "hold": hold.code if hold else None, "hold_field": hold.field if hold else None,
        }  # fmt: skip

    def _tables(self, fresh: Path, tally: Tally, sample: Sample) -> None:
        freed = []
        with (
            store.writing(fresh / "verdict.parquet", model.VERDICT) as write_verdict,
            store.writing(fresh / "finding.parquet", model.FINDING) as write_finding,
        ):
            for piece in self._pieces():
                judged = self._judged(piece)
                write_verdict(judged.verdict)
                write_finding(judged.finding)
                freed.append(judged.freed)
                tally.count(judged)
                sample.add(piece)
        if (answered := pa.concat_tables(freed)).num_rows:
            store.write_table(fresh / ATTESTED, answered)

    def _judged(self, piece: pa.Table) -> verdict.Verdicts:
        asked, known = self.before.asked(piece, self.rules) if self.before else (None, [])
        judged = verdict.judge(piece, self.rules, self.contract.arrives.null_marks, asked, known)
        return attested.without(self.settings, self.contract, piece, judged, self.told) if self.told else judged

    def _pieces(self) -> Iterator[pa.Table]:
        """The landed rows, one piece at least."""
        path, none = self.land / "rows.parquet", True
        for piece in store.read_pieces(path, store.PIECE):
            none = False
            yield piece
        if none:
            yield store.read_table(path)

    def _suite(self, tally: Tally, rows: pa.Table) -> dict[str, Any]:
        """What Great Expectations counts in a sample of rows, and what every column of the batch holds."""
        outcomes = suites.validate(rows, self.contract, self.rules)
        counted = verdict.counts(tally.of(rows), suites.TOGETHER)
        differing = [
            f"{outcome.rule} {outcome.heading or ''}".strip()
            for outcome in outcomes
            if outcome.unexpected != counted.get((outcome.rule, outcome.heading), 0)
        ]
        return {
            "rows": tally.rows, "evaluated": rows.num_rows, "differing": differing,
            "expectations": suites.as_json(outcomes), "columns": self._columns(tally.rows),
        }  # fmt: skip

    def _columns(self, rows: int) -> list[dict[str, Any]]:
        """What every column holds; where the rows are those of the delivery before, that was counted then."""
        if self.before and self.before.whole:
            told: list[dict[str, Any]] = json.loads((self.before.check / "suite.json").read_text("utf-8"))["columns"]
            return told
        give_back()  # a register's column is as large as what judging its rows held
        found = suites.summaries(_OnDisk(self.land / "rows.parquet", rows), self.contract)
        return [asdict(column) for column in found]


@dataclass(frozen=True)
class _OnDisk:
    """A landed table whose columns are read one at a time, as they are asked for."""

    path: Path
    num_rows: int

    def __getitem__(self, heading: str) -> pa.ChunkedArray:
        return store.read_table(self.path, [heading])[heading]
