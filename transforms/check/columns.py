"""A landed table column by column, each as its distinct values and the position of every row's own.

Values repeat: words of code maps, streets, what is left where usual cells are read from their bytes. Rules look at each
distinct value (or pair of values) once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from expectations import readers
from expectations.rules import Rule
from transforms.cells import Positions
from transforms.check.column import Column
from transforms.check.usual import USUAL

Reading = tuple[pd.DataFrame, Positions]


class Columns:
    """The columns of some rows of a batch, all of which could be split, and what readers made of them.

    Each is read once however many rules look at it.
    """

    def __init__(self, table: pa.Table, null_marks: Sequence[str]) -> None:
        """Keep the table; nothing is read yet."""
        self._table = table
        self._null_marks = null_marks
        self._columns: dict[str, Column] = {}
        self._read: dict[object, Reading] = {}
        self._whole: dict[object, pd.DataFrame] = {}

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self._table.num_rows)

    def __getitem__(self, heading: str) -> Column:
        """A column."""
        if heading not in self._columns:
            self._columns[heading] = Column(self._table[heading], self._null_marks)
        return self._columns[heading]

    def at(self, rows: Positions, headings: Sequence[str]) -> Columns:
        """Some of the rows, by themselves."""
        here = self._table.select(list(dict.fromkeys(headings)))
        return Columns(here.take(pa.array(rows)), self._null_marks)

    def distinct(self, reader: str, headings: Sequence[str], rule: Rule) -> Reading:
        """What a reader makes of each distinct value (or combination of values), and each row's place among them."""
        raw = rule.raw or rule.check == "numeric"
        key = (reader, *headings, raw, readers.READERS[reader].asked(rule.options))
        if key not in self._read:
            frame, codes = self._joined(headings, raw=raw)
            self._read[key] = readers.READERS[reader].read(frame, rule.options), codes
        return self._read[key]

    def every(self, reader: str, headings: Sequence[str], rule: Rule) -> pd.DataFrame:
        """What a reader makes of every row: usual cells are read from their bytes, others once per distinct value."""
        key = (reader, *headings, readers.READERS[reader].asked(rule.options))
        if key not in self._whole:
            usual = USUAL[reader]([self[heading] for heading in headings], rule.options)
            if len(others := np.flatnonzero(~usual.rows)):
                frame, codes = self.at(others, headings).distinct(reader, headings, rule)
                for name, column in usual.told.items():
                    column[others] = frame[name].to_numpy()[codes]
            self._whole[key] = pd.DataFrame(usual.told, copy=False)
        return self._whole[key]

    def _joined(self, headings: Sequence[str], *, raw: bool) -> Reading:
        """The distinct combinations of several headings (frame with columns 0, 1 ...) and each row's position."""
        parts = [self[heading].raw if raw else self[heading].clean for heading in headings]
        if len(parts) == 1:
            return pd.DataFrame({0: parts[0].values}), parts[0].codes
        mixed = parts[0].codes
        for part in parts[1:]:
            mixed = pd.factorize(mixed)[0].astype(np.int64) * len(part.values) + part.codes
        codes = pd.factorize(mixed)[0].astype(np.int64)
        first = _first(codes)
        frame = {i: part.values.to_numpy()[part.codes[first]] for i, part in enumerate(parts)}
        return pd.DataFrame(frame, dtype=object), codes


def _first(codes: Positions) -> Positions:
    """A row that shows each code."""
    first = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1, dtype=np.int64)
    return first
