"""Errors of birth dates and other days."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from demo.config import Rates
from demo.damage.bands import Errors, bands
from demo.draw import Dice, Ints, Texts

_ALL = [
    "birth_default", "birth_year_month_only", "birth_year_only", "birth_lunar", "birth_typo", "birth_day_month",
    "birth_excel_serial", "birth_impossible", "birth_excel_1904", "birth_short_month", "birth_us_order",
]  # fmt: skip
_EXCEL_ZERO = {"birth_excel_serial": np.datetime64("1899-12-30"), "birth_excel_1904": np.datetime64("1904-01-01")}
Form = Callable[[str, str, str], str]


def _shifted(births: Texts, days: Ints) -> Texts:
    """Eight-digit days moved by a number of days."""
    stamps = _stamps(births) + days.astype("timedelta64[D]")
    return np.char.replace(np.datetime_as_string(stamps), "-", "").astype(object)


def _stamps(births: Texts) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.array([f"{t[:4]}-{t[4:6]}-{t[6:]}" for t in births], dtype="datetime64[D]")


def birth_errors(
    births: Texts, form: Form, rates: Rates, dice: Dice, ids: Ints, default: str = "19000101", month_form: str = "{}-{}"
) -> tuple[Texts, Errors]:
    """Birth dates in a department's form with at most one error each.

    Args:
        births: eight digits, YYYYMMDD.
        form: (year, month, day) -> text, such as `"{}/{}/{}".format`.
        rates: birth_default (the form's default), birth_year_month_only, birth_year_only, birth_lunar (the day of
            the farmers' calendar, 18 to 49 days before; no calendar table is used), birth_typo (one digit of
            the day or month), birth_day_month (swapped where both are 1 to 12), birth_excel_serial (31113),
            birth_impossible (2099 or 1850), birth_excel_1904 (29651: days since 1904), birth_short_month (1970-1),
            birth_us_order (03/07/1985).
        dice: the department's draws.
        ids: the rows' ids.
        default: what the form holds when nobody filled it.
        month_form: (year, month) -> text for `birth_year_month_only`.
    """
    found = bands(dice.uniform(ids, 20), rates, _ALL)
    result = births.copy()
    swapped = found.get("birth_day_month")
    if swapped is not None:
        swapped &= np.array([t[4:6] != t[6:] and t[6:] <= "12" for t in births], dtype=bool)
    for error, flags in found.items():
        at = np.flatnonzero(flags)
        if len(at):
            result[at] = _whole(error, births[at], dice, ids[at], default)
    codes, days = pd.factorize(result)  # there are few different days
    texts = np.array([form(t[:4], t[4:6], t[6:]) for t in days], dtype=object)[codes]
    for error, flags in found.items():
        at = np.flatnonzero(flags)
        if error == "birth_year_month_only":
            texts[at] = [month_form.format(t[:4], t[4:6]) for t in births[at]]
        elif error == "birth_year_only":
            texts[at] = [t[:4] for t in births[at]]
        elif error in _EXCEL_ZERO:
            texts[at] = (_stamps(births[at]) - _EXCEL_ZERO[error]).astype(np.int64).astype(str).astype(object)
        elif error == "birth_short_month":
            texts[at] = [f"{t[:4]}-{int(t[4:6])}" for t in births[at]]
        elif error == "birth_us_order":
            texts[at] = [f"{t[4:6]}/{t[6:]}/{t[:4]}" for t in births[at]]
    return texts, found


def _whole(error: str, births: Texts, dice: Dice, ids: Ints, default: str) -> Texts:
    """Wrong days that are still written as days."""
    if error == "birth_default":
        return np.full(len(births), default, dtype=object)
    if error == "birth_lunar":
        return _shifted(births, -(18 + dice.below(ids, 32, 21)))
    if error == "birth_typo":
        return _shifted(births, np.array([-30, -10, -1, 1, 10, 30])[dice.below(ids, 6, 22)])
    if error == "birth_day_month":
        return np.array([t[:4] + t[6:] + t[4:6] for t in births], dtype=object)
    if error == "birth_impossible":
        year = np.array(["2099", "1850"], dtype=object)[dice.below(ids, 2, 23)]
        return np.array([y + t[4:] for y, t in zip(year, births, strict=True)], dtype=object)
    return births
