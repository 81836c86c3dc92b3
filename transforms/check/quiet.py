"""Cells in which a rule surely finds nothing, known by their bytes alone: their text need not be looked at.

Each question is stricter than the rule's check (:mod:`expectations.kernels`), which alone says what is wrong: a cell
that does not pass is judged by it. A test holds that cells which pass break nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from expectations.readers import Options
from transforms import values
from transforms.cells import Mask, digits
from transforms.check.column import Column

# Characters that cleaning (NFKC) makes of a byte at the most: where no first byte is 0xEF, and where one is (U+FDFA).
_LONGER, _LONGEST = 3, 6
_MOBILE, _RESIDENT = 11, 18  # figures in a row that may be somebody's number; of the latter the last may be an X
_TOTALS = "合总小共"  # what the words for a total begin with
_NO_NAMES = "未不无某测姓xX*?"  # what stands for no name begins with one of these


def _control(column: Column, _: Options) -> Mask:
    return ~column.cells.controls


def _fits_bytes(column: Column, options: Options) -> Mask:
    return np.asarray(column.cells.lengths <= options["most"], dtype=np.bool_)


def _length(column: Column, options: Options) -> Mask:
    cells, most = column.cells, options["most"]
    if cells.longest * _LONGEST <= most:
        return np.ones(len(cells), dtype=bool)
    narrow = ~cells.holding(cells.wide)
    return np.asarray(cells.lengths * np.where(narrow, _LONGER, _LONGEST) <= most, dtype=np.bool_)


def _total(column: Column, _: Options) -> Mask:
    return column.cells.plain & ~column.cells.begins(_TOTALS)


def _filled(column: Column, _: Options) -> Mask:
    return column.cells.plain & ~column.nothing


def _name(column: Column, _: Options) -> Mask:
    return column.nothing | (column.cells.plain & ~column.cells.begins(_NO_NAMES))


def _numeric(column: Column, _: Options) -> Mask:
    return column.cells.null


def _phone(column: Column, _: Options) -> Mask:
    usual = values.usual_phones(column.cells)
    return usual if usual.all() else usual | column.nothing


def _person_number(column: Column, _: Options) -> Mask:
    """Of no cell so many figures stand in a row as a mobile or a resident's number has."""
    cells = column.cells
    figure, edge = digits(cells.data) <= 9, np.zeros(len(cells.data) + 1, dtype=bool)
    edge[cells.starts] = edge[-1] = True
    before, after = np.append(False, figure[:-1]), np.append(figure[1:], False)
    first = np.flatnonzero(figure & (edge[:-1] | ~before))
    last = np.flatnonzero(figure & (edge[1:] | ~after))
    length, behind = last - first + 1, np.append(cells.data, 0)[last + 1] | 0x20
    telling = (length == _MOBILE) | (length == _RESIDENT) | ((length == _RESIDENT - 1) & (behind == ord("x")))
    return cells.plain & ~cells.holding(first[telling])


QUIET: dict[str, Callable[[Column, Options], Mask]] = {
    "control": _control,
    "fits_bytes": _fits_bytes,
    "length": _length,
    "total": _total,
    "filled": _filled,
    "name": _name,
    "numeric": _numeric,
    "phone": _phone,
    "person_number": _person_number,
}
