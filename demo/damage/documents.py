"""Errors of document numbers and codes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demo.config import Rates
from demo.damage.bands import Errors, among, bands
from demo.draw import Dice, Flags, Ints, Texts
from demo.numbers import mistyped, resident_check
from demo.wording import to_full_width

_ANY = [
    "id_typo", "id_15_digit", "id_borrowed", "id_excel_number", "full_width", "id_transposed", "id_rechecked",
    "id_exponent", "id_masked", "id_spaces", "id_apostrophe", "id_placeholder", "id_float", "id_centenarian",
]  # fmt: skip
_X_ONLY = [("id_lowercase_x", "x"), ("id_cyrillic_x", "Х"), ("id_star_x", "*")]  # the second is Cyrillic
_OLDEST = "1951"  # birth year of those who are 75 on the first night
PLACEHOLDERS = ["111111111111111111", "000000000000000000", "无", "123456789012345678"]


def number_errors(
    numbers: Texts, relative: Texts, resident: Flags, missing: Flags, rates: Rates, dice: Dice, ids: Ints
) -> tuple[Texts, Errors]:
    """Numbers with at most one error each.

    Args:
        numbers: the true numbers.
        relative: a relative's number, empty where there is none.
        resident: whether the number is an 18-digit resident number; others stay whole.
        missing: rows without a number (recorded as `id_missing`).
        rates: of all rows: id_typo, id_15_digit (born 19xx), id_borrowed (with a relative), id_excel_number (18
            digits ending in 000; the file types the cell as a number), full_width, id_transposed, id_rechecked
            (mistyped, yet with a good check digit), id_exponent (4.49991E+17), id_masked (6+8+4), id_spaces,
            id_apostrophe, id_placeholder, id_float (read as a number beside an empty cell: 449991198503071200.0),
            id_centenarian (15 digits under a serial kept for those born before 1900, of people of 75 and more). Among
            numbers ending in X: id_lowercase_x, id_cyrillic_x, id_star_x.
        dice: the department's draws.
        ids: the rows' ids.
    """
    result = numbers.copy()
    possible = resident & ~missing
    found = bands(dice.uniform(ids, 40), rates, _ANY)
    for error, flags in found.items():
        at = np.flatnonzero(flags & possible)
        at = at[_fits(error, numbers[at], relative[at])]
        flags[:] = False
        flags[at] = True
        result[at] = _CHANGES[error](numbers[at], relative[at], dice, ids[at])
    for turn, (error, letter) in enumerate(_X_ONLY, start=41):
        if rates.get(error):
            whole = possible & (result == numbers)
            ends = whole & np.fromiter((text[-1:] == "X" for text in numbers), dtype=bool, count=len(numbers))
            found |= among(ends, error, rates, dice, ids, turn)
            result[found[error]] = [text[:-1] + letter for text in numbers[found[error]]]
    result[missing] = ""
    return result, {"id_missing": missing} | found


def _fits(error: str, numbers: Texts, relative: Texts) -> Flags:
    """Which of the struck numbers the error is possible for."""
    if error == "id_borrowed":
        return np.asarray(relative != "", dtype=bool)
    if error == "id_15_digit":
        return np.array([text[6:8] == "19" for text in numbers], dtype=bool)
    if error == "id_centenarian":
        return np.array([text[6:10] <= _OLDEST for text in numbers], dtype=bool)
    if error in ("id_excel_number", "id_float"):
        return np.array([text[-1:] != "X" for text in numbers], dtype=bool)
    if error == "id_transposed":
        return np.array([_swap(text) != text for text in numbers], dtype=bool)
    return np.ones(len(numbers), dtype=bool)


def _swap(text: str) -> str:
    """Two neighbouring unequal digits of the serial or the day swapped."""
    for at in (15, 12, 14, 13):
        if text[at] != text[at - 1]:
            return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
    return text


def _rechecked(numbers: Texts, dice: Dice, ids: Ints) -> Texts:
    """One digit of the serial wrong and the check digit made to fit (somebody 'corrected' it)."""
    step = 1 + dice.below(ids, 9, 44)
    first = np.array(
        [f"{t[:14]}{(int(t[14]) + s) % 10}{t[15:17]}" for t, s in zip(numbers, step.tolist(), strict=True)],
        dtype=object,
    )
    result: Texts = first + resident_check(first) if len(first) else first
    return result


def _of_centenarians(numbers: Texts, dice: Dice, ids: Ints) -> Texts:
    """15 digits whose serial is one of 996 to 999 (GB 11643-1989 kept them for people over a hundred)."""
    serial = 996 + dice.below(ids, 4, 45)
    return np.array([f"{t[:6]}{t[8:14]}{s}" for t, s in zip(numbers, serial.tolist(), strict=True)], dtype=object)


def _placeholder(dice: Dice, ids: Ints) -> Texts:
    return np.array(PLACEHOLDERS, dtype=object)[dice.below(ids, len(PLACEHOLDERS), 43)]


def _each(change: Callable[[str], str]) -> Callable[[Texts, Texts, Dice, Ints], Texts]:
    """A change that needs nothing but the number."""
    return lambda numbers, _relative, _dice, _ids: np.array([change(text) for text in numbers], dtype=object)


_CHANGES: dict[str, Callable[[Texts, Texts, Dice, Ints], Texts]] = {
    "id_typo": lambda numbers, _, dice, ids: mistyped(numbers, dice, ids),
    "id_15_digit": _each(lambda text: text[:6] + text[8:17]),
    "id_borrowed": lambda _, relative, __, ___: relative,
    "id_excel_number": _each(lambda text: text[:15] + "000"),
    "full_width": _each(to_full_width),
    "id_transposed": _each(_swap),
    "id_rechecked": lambda numbers, _, dice, ids: _rechecked(numbers, dice, ids),
    "id_exponent": _each(lambda text: f"{text[0]}.{text[1:6]}E+17"),
    "id_masked": _each(lambda text: text[:6] + "********" + text[14:]),
    "id_spaces": _each(lambda text: f"{text[:6]} {text[6:14]} {text[14:]}"),
    "id_apostrophe": _each(lambda text: "'" + text),
    "id_placeholder": lambda _, __, dice, ids: _placeholder(dice, ids),
    "id_float": _each(lambda text: f"{round(int(text), -2)}.0"),
    "id_centenarian": lambda numbers, _, dice, ids: _of_centenarians(numbers, dice, ids),
}


def shared_number_errors(numbers: Texts, others: Texts, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
    """`id_shared`: the number of somebody unrelated (one number, two people), drawn from `others`; blanks stay."""
    rate = rates.get("id_shared", 0.0)
    flags = dice.happens(ids, rate, 38) & (numbers != "")
    strange = others[dice.below(ids, len(others), 37)]
    flags &= strange != numbers
    return np.where(flags, strange, numbers).astype(object), {"id_shared": flags} if rate else {}


def zero_errors(codes: Texts, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
    """`leading_zero_lost`: codes a spreadsheet took for numbers, by rate among those that begin with 0."""
    fits = np.fromiter((text[:1] == "0" for text in codes), dtype=bool, count=len(codes))
    flags = among(fits, "leading_zero_lost", rates, dice, ids, 29)
    result = codes.copy()
    for name in flags:
        result[flags[name]] = [text.lstrip("0") or "0" for text in codes[flags[name]]]
    return result, flags
