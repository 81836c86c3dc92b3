"""What is wrong with a value: one check per family of rules, used by the verdict pass and by Great Expectations alike.

A check first *reads* text (dear: once per distinct value) and then *judges* what was read (cheap, whole arrays). Judges
return, per row, the id of the broken rule or None. A null value breaks nothing except where the rule asks for a value.
Checks see values and never report them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from expectations import purposes, readers
from expectations.readers import Options
from transforms import days, documents, values
from transforms.cells import Mask

Reasons = npt.NDArray[np.object_]

# Days that systems fill in where nobody typed one: the first days of SQL Server and Excel (a habit, no standard).
_DEFAULT_DAYS = np.array(["1900-01-01", "1899-12-30"], "datetime64[D]")
OLDEST_YEARS = 120  # the age above which a birth date waits for a person's word (faults.md F5)
CHINA = {"lon": (73.0, 136.0), "lat": (3.0, 54.0)}
TOTAL = r"^(?:合\s*计|总\s*计|小\s*计|共\s*计)(?:[\s:：(（].*)?$"
# C0 controls but tab and line ends, DEL, C1 controls but NEL, and the mark of a failed decoding.
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{84}\x{86}-\x{9f}\x{fffd}]"
_NO_NAME = re.compile(r"未知|不明|无名氏?|某某某?|测试.{0,2}|姓名|[xX*?]{2,}", re.DOTALL)
# A mobile, and eighteen digits with a day of birth at its place (GB 11643-1999): RE2 finds the few texts to look at.
_MOBILE = "1[3-9][0-9]{9}"
_BORN = "[0-9]{6}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"
_EDGES = "(?:^|[^0-9])(?:{})(?:[^0-9Xx]|$)"
_ALONE = re.compile(rf"(?<![0-9])(?:{_BORN})(?![0-9Xx])")
_PARTS = {"day": "D", "month": "M", "year": "Y"}  # precisions and numpy's words for them


@dataclass(frozen=True)
class Check:
    """A reader per group of the rule's columns (their positions), and the judge of what was read."""

    readings: tuple[tuple[str, tuple[int, ...]], ...]
    judge: Callable[..., Reasons]


def _said(mask: pd.Series | Mask | list[bool], rule: str) -> Reasons:
    broken = np.full(len(mask), None, dtype=object)
    broken[np.asarray(mask, dtype=bool)] = rule
    return broken


def _first(*found: tuple[pd.Series | Mask, str]) -> Reasons:
    """Per row the first of the rules that is broken."""
    result = np.full(len(found[0][0]), None, dtype=object)
    for mask, rule in reversed(found):
        result[np.asarray(mask, dtype=bool)] = rule
    return result


def _arrow(series: pd.Series) -> pa.Array:
    return pa.array(series, pa.string(), from_pandas=True)


def _matches(series: pd.Series, pattern: str) -> Mask:
    return np.asarray(pc.match_substring_regex(_arrow(series), pattern).fill_null(False).to_numpy(zero_copy_only=False))


def _longer(lengths: pa.Array, most: int) -> Mask:
    return np.asarray(pc.greater(lengths, most).fill_null(False).to_numpy(zero_copy_only=False))


def filled(text: pd.DataFrame, options: Options) -> Reasons:
    """Null where a value is needed."""
    return _said(text[0].isna(), options["rule"])


def total(text: pd.DataFrame, _: Options) -> Reasons:
    """A key that says 合计: a line of totals."""
    return _said(_matches(text[0], TOTAL), "TOTAL_LINE")


def control(text: pd.DataFrame, _: Options) -> Reasons:
    """Control characters in the landed text."""
    return _said(_matches(text[0], CONTROL), "CONTROL_CHAR")


def fits_bytes(text: pd.DataFrame, options: Options) -> Reasons:
    """More UTF-8 bytes than a field may have."""
    return _said(_longer(pc.binary_length(_arrow(text[0])), options["most"]), "FIELD_TOO_LONG")


def length(text: pd.DataFrame, options: Options) -> Reasons:
    """More characters than an address may have."""
    return _said(_longer(pc.utf8_length(_arrow(text[0])), options["most"]), "ADDRESS_TOO_LONG")


def name(text: pd.DataFrame, _: Options) -> Reasons:
    """Words that stand where a name is not known."""
    return _said([isinstance(v, str) and _NO_NAME.fullmatch(v) is not None for v in text[0]], "PLACEHOLDER")


def code(text: pd.DataFrame, options: Options) -> Reasons:
    """A word that the code map does not know."""
    if "codes" in options:
        known = text[0].isin(readers.accepted_words(options["codes"])).to_numpy()
    else:
        known = _matches(text[0], f"^(?:{options['pattern']})$")
    return _said(text[0].notna().to_numpy() & ~known, "CODE_UNKNOWN")


def person_number(text: pd.DataFrame, options: Options) -> Reasons:
    """A mobile phone in a text that should have none, or a resident's number: region, day of birth and check digit.

    Codes of grids and buildings may have eighteen digits too, and end in a right check digit by chance. They begin with
    the code of their town: of a column of codes (option ``towns``: nine digits each) what begins so is a place's.
    """
    found = _matches(text[0], _EDGES.replace("{}", _MOBILE))
    towns = frozenset(options["towns"].split("|")) if options["towns"] else frozenset()
    like = np.flatnonzero(_matches(text[0], _EDGES.replace("{}", _BORN)))
    runs = [(at, run) for at in like for run in _ALONE.findall(text[0].iloc[at]) if run[:9] not in towns]
    valid = documents.resident(pd.Series([run for _, run in runs], dtype=object))["valid"]
    found[[at for (at, _), good in zip(runs, valid, strict=True) if good]] = True
    return _said(found, "PERSON_NUMBER")


def denied(text: pd.DataFrame, options: Options) -> Reasons:
    """A word of the deny-list that arrives as a value."""
    return _said(purposes.says(text[0].where(text[0].notna(), None).tolist(), options["denied"]), "DENIED_VALUE")


def reason(read: pd.DataFrame, _: Options) -> Reasons:
    """Document numbers and credit codes: their reader already says what is wrong."""
    return np.asarray(read["reason"].astype(object).where(read["reason"].notna(), None), dtype=object)


def phone(text: pd.DataFrame, _: Options) -> Reasons:
    """A cell without one usable number; a placeholder is named as such."""
    bad = (~values.phone_ok(text[0])).to_numpy()
    digits = pd.Series([re.sub(r"\D", "", value) for value in text[0][bad]], dtype=object)
    found = _said(bad, "PHONE_INVALID")
    found[np.flatnonzero(bad)[readers.placeholder(digits)]] = "PLACEHOLDER"
    return found


def date(read: pd.DataFrame, _: Options) -> Reasons:
    """A date in none of the contract's formats, or on no calendar."""
    return _said(~read["ok"], "DATE_INVALID")


def birth(read: pd.DataFrame, options: Options) -> Reasons:
    """A birth that is no date, a system's default, after the delivery, or more than 120 years before it."""
    as_of = pd.Timestamp(options["as_of"])
    oldest = as_of - pd.DateOffset(years=OLDEST_YEARS)
    day = read["day"].to_numpy()
    return _first(
        (~read["ok"], "DATE_INVALID"),
        ((day == _DEFAULT_DAYS[0]) | (day == _DEFAULT_DAYS[1]), "PLACEHOLDER"),
        (day > as_of.to_datetime64(), "BIRTH_FUTURE"),
        (day < oldest.to_datetime64(), "BIRTH_TOO_OLD"),
    )


def birth_of_number(read: pd.DataFrame, document: pd.DataFrame, _: Options) -> Reasons:
    """Birth date and the date in a valid number differ, as far as the date is told (a month, a year)."""
    said, inside = (series.to_numpy().astype("datetime64[D]") for series in (read["day"], document["birth"]))
    precision, both = read["precision"].to_numpy(), ~np.isnat(said) & ~np.isnat(inside)
    differs = np.zeros(len(said), dtype=bool)
    for told, unit in _PARTS.items():
        rows = np.flatnonzero(both & (precision == days.PRECISIONS.index(told)))
        differs[rows] = said[rows].astype(f"datetime64[{unit}]") != inside[rows].astype(f"datetime64[{unit}]")
    return _said(differs, "BIRTH_DIFFERS_FROM_NUMBER")


def sex_of_number(read: pd.DataFrame, document: pd.DataFrame, _: Options) -> Reasons:
    """Sex and the 17th digit of a valid number differ."""
    said, inside = (told["sex"].to_numpy() for told in (read, document))
    return _said((said > 0) & (inside > 0) & (said != inside), "SEX_DIFFERS_FROM_NUMBER")


def number(read: pd.DataFrame, options: Options) -> Reasons:
    """Not a number, not a whole one where one is asked for, or outside the kind's bounds."""
    bad = read["number"].isna()
    if options["least"] is not None:
        bad |= read["number"] < options["least"]
    if options["most"] is not None:
        bad |= read["number"] > options["most"]
    return _said(bad & read["told"], "NUMBER_RANGE")


def point(here: pd.DataFrame, there: pd.DataFrame, options: Options) -> Reasons:
    """A coordinate beside its other half: half, zero, swapped, or not in China (longitude 73-136, latitude 3-54)."""
    axis = options["axis"]
    opposite = "lat" if axis == "lon" else "lon"
    own, other = here["number"].to_numpy(), there["number"].to_numpy()
    told, both = here["told"].to_numpy(), here["told"].to_numpy() & there["told"].to_numpy()
    inside = _within(own, axis) & _within(other, opposite)
    swapped = _within(own, opposite) & _within(other, axis) & ~inside
    return _first(
        (told & ~both, "COORDINATE_HALF"),
        (both & ((own == 0) | (other == 0)), "COORDINATE_ZERO"),
        (both & swapped, "COORDINATE_SWAPPED"),
        (both & ~inside, "COORDINATE_RANGE"),
    )


def _within(read: npt.NDArray[np.float64], axis: str) -> Mask:
    least, most = CHINA[axis]
    return np.asarray((read >= least) & (read <= most), dtype=np.bool_)


def geometry(text: pd.DataFrame, _: Options) -> Reasons:
    """GeoJSON that is no valid, non-empty polygon inside China's bounds."""
    told = text[0].notna().to_numpy()
    shapes = shapely.from_geojson(text[0].where(told, None).to_numpy(dtype=object), on_invalid="ignore")
    good = np.isin(shapely.get_type_id(shapes), [shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON])
    good &= shapely.is_valid(shapes) & ~shapely.is_empty(shapes)
    west, south, east, north = shapely.bounds(shapes).T
    good &= _within(west, "lon") & _within(east, "lon") & _within(south, "lat") & _within(north, "lat")
    return _said(told & ~good, "GEOMETRY_INVALID")


def numeric(text: pd.DataFrame, options: Options) -> Reasons:
    """The workbook held a number where the contract expects an identifier."""
    return _said([isinstance(v, str) and options["heading"] in v.split("|") for v in text[0]], "ID_NUMERIC_CELL")


_TEXT = (("text", (0,)),)
_NUMBER_BESIDE = ("document", (1, 2))
CHECKS: dict[str, Check] = {
    **{check.__name__: Check(_TEXT, check) for check in (filled, total, control, fits_bytes, length, name)},
    **{check.__name__: Check(_TEXT, check) for check in (code, denied, person_number, phone, geometry, numeric)},
    "document": Check((("document", (0, 1)),), reason),
    "credit_code": Check((("credit_code", (0,)),), reason),
    "date": Check((("dates", (0,)),), date),
    "birth": Check((("dates", (0,)),), birth),
    "birth_of_number": Check((("dates", (0,)), _NUMBER_BESIDE), birth_of_number),
    "sex_of_number": Check((("sexes", (0,)), _NUMBER_BESIDE), sex_of_number),
    "number": Check((("numbers", (0,)),), number),
    "point": Check((("numbers", (0,)), ("numbers", (1,))), point),
}
