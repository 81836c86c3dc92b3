"""What most cells say, read from their bytes: no text is made of them.

Each reading is that of the reader of the same name (:mod:`expectations.readers`), by the same tables and sums, of cells
that need no cleaning and have their usual form. All others are left to the reader; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from expectations import readers
from expectations.readers import Options
from transforms import days, documents
from transforms.cells import Mask
from transforms.check.column import Column

_WHOLE, _DECIMAL = r"^[0-9]{1,15}$", r"^[0-9]{1,15}(?:\.[0-9]{1,15})?$"


@dataclass(frozen=True)
class Usual:
    """What was read: ``told`` has the reader's columns for every row, ``rows`` are those of which it is so."""

    rows: Mask
    told: Mapping[str, npt.NDArray[Any]]


def _document(columns: Sequence[Column], options: Options) -> Usual:
    """Resident numbers with a day of birth until that of the delivery, which no placeholder has."""
    number = columns[0]
    read = documents.residents(number.cells)
    here = read.dated & (read.birth <= np.datetime64(options["as_of"]))
    here &= ~(number.nothing | _other_kind(columns, options))[read.rows]
    usual, good, wrong = number.nothing.copy(), here & read.checked, here & ~read.checked
    usual[read.rows[here]] = True
    reason = np.full(len(usual), None, dtype=object)
    birth, sex = np.full(len(usual), np.datetime64("NaT"), dtype="datetime64[s]"), np.zeros(len(usual), np.uint8)
    reason[read.rows[wrong]] = np.where(read.rounded[wrong], "ID_PRECISION_LOSS", "ID_CHECKSUM")
    birth[read.rows[good]] = read.birth[good]
    sex[read.rows[good]] = np.where(read.male[good], readers.SEXES["male"], readers.SEXES["female"])
    return Usual(usual, {"reason": reason, "birth": birth, "sex": sex})


def _other_kind(columns: Sequence[Column], options: Options) -> Mask:
    """Rows whose document is of a kind with numbers of its own."""
    number, *kinds = columns
    if not kinds:
        return np.full(len(number.cells), options.get("fixed") in documents.FORMS)
    words = kinds[0].clean
    told = words.values.map(readers.meanings(options["kinds"])) if options["kinds"] else words.values
    return np.asarray(told.isin(list(documents.FORMS)).to_numpy()[words.codes], dtype=np.bool_)


def _dates(columns: Sequence[Column], options: Options) -> Usual:
    (column,) = columns
    read = days.read(column.cells, options["formats"].split("|"))
    day = np.where(column.nothing, np.datetime64("NaT"), read.day).astype("datetime64[s]")
    usual = column.nothing | (read.told & column.cells.plain)
    return Usual(usual, {"day": day, "precision": np.where(column.nothing, 0, read.precision), "ok": usual.copy()})


def _sexes(columns: Sequence[Column], options: Options) -> Usual:
    """Few words: each is read once."""
    words = columns[0].clean
    sex = readers.READERS["sexes"].read(pd.DataFrame({0: words.values}), options)["sex"].to_numpy()
    return Usual(np.ones(len(words.codes), dtype=bool), {"sex": sex[words.codes]})


def _numbers(columns: Sequence[Column], options: Options) -> Usual:
    """Figures, with a point between them where one may be."""
    (column,) = columns
    form = _WHOLE if options.get("whole") else _DECIMAL
    fits = pc.match_substring_regex(column.cells.text, form).fill_null(False)
    rows = fits.to_numpy(zero_copy_only=False) & ~column.nothing
    number = np.full(len(rows), np.nan)
    number[rows] = pc.cast(column.cells.text.filter(rows), "float64").to_numpy()
    return Usual(rows | column.nothing, {"told": ~column.nothing, "number": number})


USUAL: dict[str, Callable[[Sequence[Column], Options], Usual]] = {
    "document": _document,
    "dates": _dates,
    "sexes": _sexes,
    "numbers": _numbers,
}
