"""Which rows break a rule: usual cells are judged at once by their bytes, the few others once per distinct value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from expectations import kernels
from expectations.rules import Rule
from transforms.cells import Positions
from transforms.check.columns import Columns
from transforms.check.quiet import QUIET
from transforms.check.usual import USUAL


@dataclass(frozen=True)
class Broken:
    """Rows in which a check found something, ascending, and the id of the rule that each breaks."""

    rows: Positions
    reasons: kernels.Reasons

    def of(self, rule: str) -> Positions:
        """The rows that break one rule."""
        broken: Positions = self.rows[np.asarray(self.reasons == rule, dtype=bool)]
        return broken


_NOTHING = Broken(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=object))


class Answers:
    """What every check finds in the rows of a batch, each asked once for all the rules that it answers."""

    def __init__(self, table: pa.Table, null_marks: Sequence[str]) -> None:
        """Keep the table; nothing is asked yet."""
        self._columns = Columns(table, null_marks)
        self._told: dict[object, Broken] = {}

    def rows(self, rule: Rule) -> Positions:
        """The rows that break a rule, ascending."""
        if rule.judgement not in self._told:
            self._told[rule.judgement] = self._asked(rule)
        return self._told[rule.judgement].of(rule.id)

    def _asked(self, rule: Rule) -> Broken:
        check = kernels.CHECKS[rule.check]
        if any(reader in USUAL for reader, _ in check.readings):
            read = (self._columns.every(reader, _headings(rule, places), rule) for reader, places in check.readings)
            reasons = check.judge(*read, rule.options)
            rows = np.flatnonzero(pd.notna(reasons))
            return Broken(rows, reasons[rows])
        doubtful = np.arange(self._columns.rows)
        if rule.check in QUIET:
            doubtful = np.flatnonzero(~QUIET[rule.check](self._columns[rule.columns[0]], rule.options))
        return self._judged(rule, doubtful)

    def _judged(self, rule: Rule, rows: Positions) -> Broken:
        """What a check of one reading says of some rows, of each distinct value once."""
        if not len(rows):
            return _NOTHING
        check, many = kernels.CHECKS[rule.check], 2 * len(rows) > self._columns.rows
        columns = (
            self._columns if many else self._columns.at(rows, rule.columns)
        )  # many: what is read serves others too
        ((reader, places),) = check.readings
        frame, codes = columns.distinct(reader, _headings(rule, places), rule)
        reasons = check.judge(frame, rule.options)
        bad = pd.notna(reasons)
        if not bad.any():
            return _NOTHING
        codes = codes[rows] if many else codes
        broken = np.flatnonzero(bad[codes])
        return Broken(rows[broken], reasons[codes[broken]])


def _headings(rule: Rule, places: Sequence[int]) -> list[str]:
    """The headings of a rule that a reader reads."""
    return [rule.columns[place] for place in places if place < len(rule.columns)]
