"""Texts, dates and phones as departments write them, column by column. Pure functions on pandas Series of text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import days
from transforms.cells import Bytes, Cells, Mask, digits

# NFKC leaves these in place: zero-width characters, soft hyphen, byte-order mark, variation selectors.
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufe00-\ufe0f\ufeff]")
# Rare hanzi that older tables (GBK, GB 18030-2000) put into the private use area, U+E815 to U+E864, one for each place
# FE50 to FEA0 of the code; Python's own table still leaves fourteen of them there (GB 18030-2022; faults.md
# C19).
_PLACES = [bytes([0xFE, low]).decode("gb18030") for low in range(0x50, 0xA1) if low != 0x7F]
_LATEST = {
    0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE81E: 0x9FB4, 0xE826: 0x9FB5, 0xE82B: 0x9FB6, 0xE82C: 0x9FB7,
    0xE831: 0x215D7, 0xE832: 0x9FB8, 0xE83B: 0x2298F, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE855: 0x241FE, 0xE864: 0x9FBB,
}  # fmt: skip
_PRIVATE = {0xE815 + at: told for at, told in enumerate(_PLACES)} | _LATEST
_MOBILE = re.compile(r"1[3-9]\d{9}")
_MOBILE_FIGURES = 11
_EXAMPLE = np.array(
    [[int(figure)] for figure in "13800138000"], np.uint8
)  # stands in manuals, as :data:`PLACEHOLDER` says
_BLANKS = [3, 8]  # of a mobile in groups
# Marks that part numbers, as bytes (no character that cleaning could put before or behind them changes them).
_MARKS, _COMMA = np.frombuffer(b";/, ", np.uint8), np.frombuffer("、".encode(), np.uint8)[:, None]
_LANDLINE = re.compile(r"0\d{2,3}-?\d{7,8}")
_BETWEEN_PHONES = re.compile(r"[;；/、,，\s]+")
# A number written in groups: 154 0000 0001, 0766 8800001. Blanks between numbers of full length part them.
_GROUPED_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)\s(\d{4})\s(\d{4})(?!\d)")
_GROUPED_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3})\s(\d{7,8})(?!\d)")
# One digit repeated, or a published example: no person's number (domain.md section 2.5; faults.md F4).
PLACEHOLDER = re.compile(r"(\d)\1{6,}|1(\d)\2{9}|13800138000|12345678\d*|0{4,}\d*")
# Resident numbers, mobiles and landlines as people write them into names and addresses.
_NUMBERS = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|\d{15}|(?:\+?86-?)?1[3-9]\d{9}|0\d{2,3}-?\d{7,8})(?![\dXx])")
_DIGITS = r"\p{Nd}{7}"  # each of them holds seven digits in a row; few texts do
_MASK = "＊"


def per_distinct(series: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The distinct values of a column and, for each row, the position of its own.

    Cleaning is dear and values repeat: clean the first, then ``cleaned.take(codes)``.
    """
    codes, distinct = pd.factorize(series, use_na_sentinel=False)
    return pd.Series(distinct, dtype=object), pd.Series(codes, index=series.index)


def clean_text(series: pd.Series) -> pd.Series:
    """NFKC (full-width digits, Kangxi radicals ...), rare hanzi one way, no invisible characters and outer blanks.

    Null stays null.
    """
    cells = pa.array(series, pa.string(), from_pandas=True)
    read = Cells(cells)
    cleaned = np.array(series, dtype=object)
    cleaned[read.null] = None
    for place in np.flatnonzero(~read.plain):
        cleaned[place] = _cleaned(cleaned[place])
    return pd.Series(cleaned, index=series.index, dtype=object)


def _cleaned(text: str) -> str:
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text).translate(_PRIVATE)).strip()


def mask_numbers(series: pd.Series) -> pd.Series:
    """Free text without the document numbers and phones that people write into it; null stays null."""
    cells = pa.array(series, pa.string(), from_pandas=True)
    doubtful = pc.fill_null(pc.match_substring_regex(cells, _DIGITS), False).to_numpy(zero_copy_only=False)
    masked = np.asarray(cells.to_pandas(), dtype=object)
    for place in np.flatnonzero(doubtful):
        masked[place] = _NUMBERS.sub(_MASK, masked[place])
    return pd.Series(masked, index=series.index, dtype=object)


def is_null(series: pd.Series, null_marks: Sequence[str]) -> pd.Series:
    """True where a cell says nothing: null, or one of the contract's null marks once cleaned."""
    cleaned = clean_text(series)
    return cleaned.isna() | cleaned.isin(list(null_marks))


def dates(series: pd.Series, formats: Sequence[str]) -> pd.DataFrame:
    """Dates in the formats a contract declares; none is guessed.

    Args:
        series: text.
        formats: ``strftime`` words of year, month and day, tried in order, whole value only.

    Returns:
        Columns ``day`` (``datetime.date`` or None), ``precision`` (day, month, year or None) and ``ok`` (False for a
        value that fits no format or no calendar; null is ok). A part the format lacks is taken as 1.
    """
    cells = Cells(pa.array(clean_text(series), pa.string()))
    read = days.read(cells, formats)
    precision = np.array(days.PRECISIONS, dtype=object)[read.precision]
    told = {"day": read.day.astype(object), "precision": precision}
    return pd.DataFrame(told, index=series.index, dtype=object).assign(ok=read.told | cells.null)


def phones(series: pd.Series) -> pd.Series:
    r"""The usable numbers of each cell: a sorted list per row, without placeholders.

    Rules: domain.md section 2.5 (``^1[3-9]\d{9}$`` after removing +86, 0 and hyphens; landlines with area code).
    """
    distinct, codes = per_distinct(series)
    clean = clean_text(distinct)
    told = [[cell] if plain else _phones_of(cell) for cell, plain in zip(clean, _usual(clean), strict=True)]
    lists = pd.Series(told, dtype=object)
    return pd.Series(lists.take(codes).to_numpy(), index=series.index, dtype=object)


def phone_ok(series: pd.Series) -> pd.Series:
    """True where a cell is null or holds at least one usable number."""
    clean = clean_text(series)
    ok = clean.isna().to_numpy() | _usual(clean)
    known: dict[str, bool] = {}  # what is no number is often the same word
    for place in np.flatnonzero(~ok):
        cell = clean.iloc[place]
        if cell not in known:
            known[cell] = bool(_phones_of(cell))
        ok[place] = known[cell]
    return pd.Series(ok, index=series.index)


def _usual(clean: pd.Series) -> Mask:
    return usual_mobiles(Cells(pa.array(clean, pa.string())))


def usual_mobiles(cells: Cells) -> Mask:
    """True where a cell, clean or not, is a mobile number and nothing else, as most are, and nobody's placeholder."""
    rows = np.flatnonzero(cells.lengths == _MOBILE_FIGURES)
    found = np.zeros(len(cells), dtype=bool)
    found[rows] = _mobiles(cells.places(rows, _MOBILE_FIGURES))
    return found


def usual_phones(cells: Cells) -> Mask:
    """True where a cell, clean or not, surely has a usable number: a mobile, alone or before another, or in groups."""
    found, parted, grouped = usual_mobiles(cells), _MOBILE_FIGURES + len(_COMMA), _MOBILE_FIGURES + len(_BLANKS)
    rows = np.flatnonzero(cells.lengths >= parted)
    places = cells.places(rows, parted)
    behind = places[_MOBILE_FIGURES:]
    found[rows] = _mobiles(places) & (np.isin(behind[0], _MARKS) | (behind == _COMMA).all(axis=0))
    rows = np.flatnonzero(cells.lengths == grouped)
    places = cells.places(rows, grouped)
    found[rows] = _mobiles(np.delete(places, _BLANKS, axis=0)) & (places[_BLANKS] == ord(" ")).all(axis=0)
    return found


def _mobiles(places: Bytes) -> Mask:
    """Cells that begin with a mobile number which is no placeholder."""
    figures = digits(places[:_MOBILE_FIGURES])
    usual = (figures <= 9).all(axis=0) & (figures[0] == 1) & (figures[1] >= 3)
    return np.asarray(
        usual & (figures[2:] != figures[1]).any(axis=0) & (figures != _EXAMPLE).any(axis=0), dtype=np.bool_
    )


def _phones_of(cell: str | None) -> list[str]:
    if not cell:
        return []
    whole = _GROUPED_LANDLINE.sub(r"\1-\2", _GROUPED_MOBILE.sub(r"\1\2\3", cell))
    found = {number for part in _BETWEEN_PHONES.split(whole) if (number := _phone(part))}
    return sorted(found)


def _phone(part: str) -> str | None:
    bare = re.sub(r"^(\+?86|0086)-?", "", part.strip("()（）"))
    digits = bare.replace("-", "")
    if PLACEHOLDER.fullmatch(digits):
        return None
    if _MOBILE.fullmatch(digits):
        return digits
    if digits.startswith("0") and _MOBILE.fullmatch(digits[1:]):
        return digits[1:]
    return digits if _LANDLINE.fullmatch(bare) else None
