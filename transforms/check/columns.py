"""A landed table column by column, each as its distinct values and the position of every row's own.

Values repeat: a city's streets, words of code maps, dates. Rules look at each distinct value (or pair of values) once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from expectations import kernels, readers
from expectations.rules import Rule
from transforms import values
from transforms.check import quiet

_BY_BYTES = ("control", "fits_bytes", "total", "filled", "length")  # checks of one column that its bytes may answer
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Distinct:
    """Distinct values (the last one is null) and, per row, the position of its own."""

    values: pd.Series
    codes: Positions


class Columns:
    """The columns of the rows of one batch that could be split, encoded when first asked for."""

    def __init__(self, table: pa.Table, null_marks: Sequence[str]) -> None:
        """Keep the table; nothing is read yet."""
        self._table = table
        self._null_marks = null_marks
        self._raw: dict[str, Distinct] = {}
        self._clean: dict[str, Distinct] = {}
        self._look: dict[str, quiet.Look] = {}

    def quiet(self, rule: Rule) -> bool:
        """Whether the bytes of the rule's column say that it finds nothing there."""
        if rule.check not in _BY_BYTES:
            return False
        (heading,) = rule.columns
        column = self._table[heading]
        if heading not in self._look:
            self._look[heading] = quiet.Look.at(column)
        return quiet.quiet(rule, self._look[heading], column, self._null_marks)

    def phones(self, heading: str) -> tuple[Distinct, Positions]:
        """The clean cells that are not simply a usual mobile number, and their rows: most differ, few are looked at."""
        column = self._table[heading].combine_chunks()
        rows = np.flatnonzero(
            pc.and_not(column.is_valid(), values.usual_mobiles(column)).to_numpy(zero_copy_only=False)
        )
        own = Columns(pa.table({heading: column.take(pa.array(rows))}), self._null_marks)
        return own.clean(heading), rows

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self._table.num_rows)

    def raw(self, heading: str) -> Distinct:
        """The landed text."""
        if heading not in self._raw:
            encoded = pc.dictionary_encode(self._table[heading].combine_chunks())
            words = np.full(len(encoded.dictionary) + 1, None, dtype=object)
            words[:-1] = encoded.dictionary.to_numpy(zero_copy_only=False)
            codes = encoded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False).astype(np.int64)
            self._raw[heading] = Distinct(pd.Series(words, dtype=object), codes)
        return self._raw[heading]

    def clean(self, heading: str) -> Distinct:
        """The cleaned text, None where the cell says nothing."""
        if heading not in self._clean:
            raw = self.raw(heading)
            self._clean[heading] = Distinct(readers.clean(raw.values, self._null_marks), raw.codes)
        return self._clean[heading]

    def joined(self, headings: Sequence[str], *, raw: bool) -> tuple[pd.DataFrame, Positions]:
        """The distinct combinations of several headings (frame with columns 0, 1 ...) and each row's position."""
        parts = [self.raw(h) if raw else self.clean(h) for h in headings]
        if len(parts) == 1:
            return pd.DataFrame({0: parts[0].values}), parts[0].codes
        mixed = parts[0].codes
        for part in parts[1:]:
            mixed = pd.factorize(mixed)[0].astype(np.int64) * len(part.values) + part.codes
        codes = pd.factorize(mixed)[0].astype(np.int64)
        first = _first(codes)
        frame = {i: part.values.to_numpy()[part.codes[first]] for i, part in enumerate(parts)}
        return pd.DataFrame(frame, dtype=object), codes


class Readings:
    """What readers made of the columns, each read once however many rules look at it."""

    def __init__(self, columns: Columns) -> None:
        """Nothing is read yet."""
        self._columns = columns
        self._read: dict[object, tuple[pd.DataFrame, Positions]] = {}

    def answer(self, rule: Rule) -> tuple[kernels.Reasons, Positions | None]:
        """The broken rule's id or None: per distinct value with each row's position, or (None) per row."""
        check = kernels.CHECKS[rule.check]
        if self._columns.quiet(rule):
            return np.full(1, None, dtype=object), np.zeros(self._columns.rows, dtype=np.int64)
        if rule.check == "phone" and not rule.raw:
            return self._phones(rule)
        read = []
        for reader, positions in check.readings:
            headings = [rule.columns[p] for p in positions if p < len(rule.columns)]
            read.append(self._of(reader, headings, rule))
        if len(read) == 1:
            frame, codes = read[0]
            return check.judge(frame, rule.options), codes
        return _beside(check, read, rule)

    def _phones(self, rule: Rule) -> tuple[kernels.Reasons, Positions | None]:
        told, rows = self._columns.phones(rule.columns[0])
        reasons = kernels.CHECKS[rule.check].judge(pd.DataFrame({0: told.values}), rule.options)
        codes = np.full(self._columns.rows, len(reasons), dtype=np.int64)
        codes[rows] = told.codes
        return np.array([*reasons, None], dtype=object), codes

    def _of(self, reader: str, headings: list[str], rule: Rule) -> tuple[pd.DataFrame, Positions]:
        raw = rule.raw or rule.check == "numeric"
        looked_at = [(name, repr(rule.options.get(name))) for name in readers.READERS[reader].options]
        key = (reader, *headings, raw, *looked_at)
        if key not in self._read:
            frame, codes = self._columns.joined(headings, raw=raw)
            self._read[key] = readers.READERS[reader].read(frame, rule.options), codes
        return self._read[key]


Reading = tuple[pd.DataFrame, Positions]


def _beside(check: kernels.Check, read: Sequence[Reading], rule: Rule) -> tuple[kernels.Reasons, Positions]:
    """The judgement of every distinct combination of what was read in several columns, and each row's position."""
    told = [_distinct(frame, codes) for frame, codes in read]
    mixed = np.zeros(len(told[0][1]), dtype=np.int64)
    for frame, codes in told:
        mixed = pd.factorize(mixed * max(len(frame), 1) + codes)[0].astype(np.int64)
    first = _first(mixed)
    aligned = [frame.take(codes[first]).reset_index(drop=True) for frame, codes in told]
    return check.judge(*aligned, rule.options), mixed


def _distinct(frame: pd.DataFrame, codes: Positions) -> Reading:
    """What was read with equal readings as one: of a million numbers there are few births and two sexes."""
    mixed = np.zeros(len(frame), dtype=np.int64)
    for name in frame:
        column = pd.factorize(frame[name], use_na_sentinel=False)[0].astype(np.int64)
        mixed = pd.factorize(mixed * (int(column.max(initial=0)) + 1) + column)[0].astype(np.int64)
    return frame.take(_first(mixed)).reset_index(drop=True), mixed[codes]


def _first(codes: Positions) -> Positions:
    """A row that shows each code."""
    first = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1, dtype=np.int64)
    return first
