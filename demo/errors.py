"""Named errors on names, numbers, dates and phones; the rates come from `rates.yml`."""

from __future__ import annotations

from functools import cache

import numpy as np

from demo.config import Rates, table
from demo.draw import Dice, Flags, Floats, Ints, Texts
from demo.numbers import mistyped
from demo.wording import to_full_width, to_traditional

Errors = dict[str, Flags]
PLACEHOLDERS = ["13800138000", "11111111111", "00000000000", "无"]
_NAME_ERRORS = ["homophone_char", "lookalike_char", "dropped_char", "swapped_char", "traditional_form"]


@cache
def _variants(column: str) -> dict[str, str]:
    source = table("character_variants")
    return {char: text for char, text in zip(source["char"], source[column], strict=True) if text}


def _replace(name: str, at: int, choice: int, column: str) -> str:
    """The name with one character replaced by a variant (unchanged where none is known)."""
    variants = _variants(column)
    for step in range(len(name)):
        place = (at + step) % len(name)
        options = variants.get(name[place], "")
        if options:
            return name[:place] + options[choice % len(options)] + name[place + 1 :]
    return name


def _damage(name: str, error: str, at: int, choice: int) -> str:
    if error == "homophone_char":
        return _replace(name, at, choice, "homophones")
    if error == "lookalike_char":
        return _replace(name, at, choice, "lookalikes")
    if error == "traditional_form":
        return to_traditional(name)
    if len(name) < 3:
        return name
    if error == "dropped_char":
        place = 1 + at % (len(name) - 1)
        return name[:place] + name[place + 1 :]
    return name[:-2] + name[-1] + name[-2]


def name_errors(names: Texts, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
    """Names with at most one damage each; an error is recorded only where the text really changed."""
    result, found = names.copy(), {}
    chance = dice.uniform(ids, 30)
    at, choice = dice.below(ids, 4, 31).tolist(), dice.below(ids, 60, 32).tolist()
    floor = 0.0
    for error in _NAME_ERRORS:
        rate = rates.get(error, 0.0)
        flags = np.zeros(len(ids), dtype=bool)
        for row in np.flatnonzero((chance >= floor) & (chance < floor + rate)).tolist():
            damaged = _damage(names[row], error, at[row], choice[row])
            flags[row] = damaged != names[row]
            result[row] = damaged
        floor += rate
        if rate:
            found[error] = flags
    return result, found


def number_errors(
    numbers: Texts, relative: Texts, resident: Flags, missing: Flags, rates: Rates, dice: Dice, ids: Ints
) -> tuple[Texts, Errors]:
    """Numbers with at most one error each.

    Args:
        numbers: the true numbers.
        relative: a relative's number, empty where there is none.
        resident: whether the number is an 18-digit resident number.
        missing: rows without a number.
        rates: rates of `id_*` errors.
        dice: the department's draws.
        ids: the rows' ids.
    """
    result = numbers.copy()
    chance = dice.uniform(ids, 40)
    found: Errors = {"id_missing": missing}
    floor = 0.0
    born_1900s = np.array([text[6:8] == "19" for text in numbers], dtype=bool)
    possible = {
        "id_typo": resident,
        "id_15_digit": resident & born_1900s,
        "id_borrowed": resident & (relative != ""),
        "id_excel_number": resident & np.array([text[-1:] != "X" for text in numbers], dtype=bool),
        "full_width": resident,
    }
    for error, fits in possible.items():
        rate = rates.get(error, 0.0)
        flags = (chance >= floor) & (chance < floor + rate) & fits & ~missing
        floor += rate
        if rate:
            found[error] = flags
            at = np.flatnonzero(flags)
            result[at] = _damaged_numbers(error, numbers[at], relative[at], dice, ids[at])
    result[missing] = ""
    return result, found


def _damaged_numbers(error: str, numbers: Texts, relative: Texts, dice: Dice, ids: Ints) -> Texts:
    if error == "id_typo":
        return mistyped(numbers, dice, ids)
    if error == "id_15_digit":
        return np.array([text[:6] + text[8:17] for text in numbers], dtype=object)
    if error == "id_borrowed":
        return relative
    if error == "full_width":
        return np.array([to_full_width(text) for text in numbers], dtype=object)
    return np.array([text[:15] + "000" for text in numbers], dtype=object)


def phone_errors(phones: Texts, old: Texts, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
    """Phones that are missing, stale or placeholders."""
    chance = dice.uniform(ids, 45)
    missing = chance < rates.get("phone_missing", 0.0)
    floor = rates.get("phone_missing", 0.0)
    stale = (chance >= floor) & (chance < floor + rates.get("stale_phone", 0.0))
    floor += rates.get("stale_phone", 0.0)
    fake = (chance >= floor) & (chance < floor + rates.get("phone_placeholder", 0.0))
    which = np.asarray(PLACEHOLDERS, dtype=object)[dice.below(ids, len(PLACEHOLDERS), 46)]
    result = np.where(missing, "", np.where(stale, old, np.where(fake, which, phones))).astype(object)
    return result, {"phone_missing": missing, "stale_phone": stale, "phone_placeholder": fake}


def coordinate_errors(lon: Floats, lat: Floats, rates: Rates, dice: Dice, ids: Ints) -> tuple[Floats, Floats, Errors]:
    """Points with the axes swapped or both zero."""
    chance = dice.uniform(ids, 48)
    zero = chance < rates.get("zero_coordinates", 0.0)
    edge = rates.get("zero_coordinates", 0.0)
    swapped = (chance >= edge) & (chance < edge + rates.get("swapped_coordinates", 0.0))
    first = np.where(zero, 0.0, np.where(swapped, lat, lon))
    second = np.where(zero, 0.0, np.where(swapped, lon, lat))
    return first, second, {"zero_coordinates": zero, "swapped_coordinates": swapped}


def code_errors(words: Texts, strange: str, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
    """Code words the contract does not know."""
    flags = dice.happens(ids, rates.get("unknown_code", 0.0), 49)
    return np.where(flags, strange, words).astype(object), {"unknown_code": flags}
