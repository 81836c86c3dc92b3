"""Days as departments write them: read from bytes in the formats a contract declares; none is guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from transforms.cells import Bytes, Cells, Mask, Numbers, digits, number

Dates = npt.NDArray[np.datetime64]
PRECISIONS = (None, "year", "month", "day")  # what a text tells of a day; a code is a place in this
_WORD = re.compile("(%[Ymd])")
_WIDTHS = {"%Y": (4,), "%m": (2, 1), "%d": (2, 1)}
_FIRST_YEAR, _LAST_YEAR = 0, 9999
_FIRSTS = (  # the first day of every month of four-figure years, and of the month after the last
    np.arange((_FIRST_YEAR - 1970) * 12, (_LAST_YEAR - 1969) * 12 + 1).astype("datetime64[M]").astype("datetime64[D]")
)
# The days that nanoseconds since 1970 can tell, in which pandas counts: no other is read.
_EARLIEST, _LATEST = np.datetime64("1677-09-22"), np.datetime64("2262-04-11")


@dataclass(frozen=True)
class Days:
    """What cells say: ``day`` (NaT where none of the formats fits), ``precision`` as a code (0 where none fits)."""

    day: Dates
    precision: npt.NDArray[np.uint8]

    @property
    def told(self) -> Mask:
        """Cells that say a day."""
        return self.precision > 0


@dataclass(frozen=True)
class Layout:
    """A format with the width of every part: where in a cell its bytes stand, and where year, month and day."""

    length: int
    literals: tuple[tuple[int, int], ...]
    parts: dict[str, slice]

    def fitting(self, places: Bytes) -> Mask:
        """Cells with a figure or the format's own byte at every place."""
        fits = np.ones(places.shape[1], dtype=bool)
        for at, byte in self.literals:
            fits &= places[at] == byte
        for part in self.parts.values():
            fits &= (digits(places[part]) <= 9).all(axis=0)
        return fits

    def part(self, places: Bytes, word: str) -> Numbers:
        """The number that cells say of a part; 1 where the format lacks it."""
        if word not in self.parts:
            return np.ones(places.shape[1], np.int32)
        return number(digits(places[self.parts[word]]))


def calendar(year: Numbers, month: Numbers, day: Numbers) -> tuple[Dates, Mask]:
    """Days by their numbers (of four-figure years), and which of them a calendar has."""
    in_year = (month >= 1) & (month <= 12)
    at = year * 12 + np.where(in_year, month - 1, 0)
    found: Dates = _FIRSTS[at] + (day - 1).astype("timedelta64[D]")
    return found, in_year & (day >= 1) & (found < _FIRSTS[at + 1])


def read(cells: Cells, formats: Sequence[str]) -> Days:
    """Read cells whose text is clean; the formats are tried in order, each on the whole cell.

    Args:
        cells: a column; null says nothing.
        formats: ``strftime`` words of year, month (one figure or two) and day (likewise). A part that one lacks is 1.
    """
    day = np.full(len(cells), np.datetime64("NaT"), dtype="datetime64[D]")
    precision = np.zeros(len(cells), np.uint8)
    for form in formats:
        untried = (precision == 0) & ~cells.null
        for layout in _layouts(form):
            rows = np.flatnonzero(untried & (cells.lengths == layout.length))
            places = cells.places(rows, layout.length)
            fits = layout.fitting(places)
            if not fits.all():
                rows, places = rows[fits], places[:, fits]
            untried[rows] = False
            found, real = calendar(*(layout.part(places, word) for word in _WIDTHS))
            real &= (found >= _EARLIEST) & (found <= _LATEST)
            day[rows[real]] = found[real]
            precision[rows[real]] = _precision(form)
    return Days(day, precision)


@lru_cache(maxsize=64)
def _layouts(form: str) -> tuple[Layout, ...]:
    """The widths that a format's parts may have, two figures before one."""
    tokens = [token for token in _WORD.split(form) if token]
    widths = [_WIDTHS.get(token, (len(token.encode()),)) for token in tokens]
    if form == "%Y%m%d":  # without separators the parts have fixed widths
        widths = [of_part[:1] for of_part in widths]
    return tuple(_layout(tokens, each) for each in product(*widths))


def _layout(tokens: Sequence[str], widths: Sequence[int]) -> Layout:
    literals, parts, at = [], {}, 0
    for token, width in zip(tokens, widths, strict=True):
        if token in _WIDTHS:
            parts[token] = slice(at, at + width)
        else:
            literals += list(enumerate(token.encode(), at))
        at += width
    return Layout(at, tuple(literals), parts)


def _precision(form: str) -> int:
    if "%d" in form:
        return PRECISIONS.index("day")
    return PRECISIONS.index("month" if "%m" in form else "year")
