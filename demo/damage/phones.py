"""Errors of phone numbers."""

from __future__ import annotations

import numpy as np

from demo.config import Rates
from demo.damage.bands import Errors, bands
from demo.draw import Dice, Ints, Texts

PLACEHOLDERS = ["13800138000", "11111111111", "00000000000", "无"]
_ALWAYS = ["phone_missing", "stale_phone", "phone_placeholder"]
_SHAPE = ["phone_two_in_cell", "phone_prefix", "phone_spaces", "phone_typo", "phone_digit_lost"]


def phone_errors(phones: Texts, old: Texts, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
    """Phones with at most one error each.

    Rates: phone_missing, stale_phone (`old`), phone_placeholder, phone_two_in_cell (`new;old`), phone_prefix
    (+86 or 0), phone_spaces (154 0000 0000), phone_typo, phone_digit_lost. The first three are always reported.
    """
    found = bands(dice.uniform(ids, 45), rates, _ALWAYS + _SHAPE)
    nobody = np.zeros(len(ids), dtype=bool)
    found = {name: nobody for name in _ALWAYS if name not in found} | found
    which = np.asarray(PLACEHOLDERS, dtype=object)[dice.below(ids, len(PLACEHOLDERS), 46)]
    result = np.where(found["phone_missing"], "", phones)
    result = np.where(found["stale_phone"], old, np.where(found["phone_placeholder"], which, result)).astype(object)
    for name in _SHAPE:
        if name in found:
            found[name] &= result != ""
            at = np.flatnonzero(found[name])
            result[at] = _shaped(name, phones[at], old[at], dice, ids[at])
    return result, found


def _shaped(error: str, phones: Texts, old: Texts, dice: Dice, ids: Ints) -> Texts:
    if error == "phone_typo":
        return _mistyped(phones, dice, ids)
    if error == "phone_two_in_cell":
        sign = np.array([";", "/", "、", " "], dtype=object)[dice.below(ids, 4, 24)]
        joined: Texts = phones + sign + old
        return joined
    if error == "phone_prefix":
        before: Texts = np.array(["+86", "86-", "0"], dtype=object)[dice.below(ids, 3, 25)] + phones
        return before
    if error == "phone_spaces":
        return np.array([f"{t[:3]} {t[3:7]} {t[7:]}" for t in phones], dtype=object)
    return np.array([t[:-1] for t in phones], dtype=object)


def _mistyped(phones: Texts, dice: Dice, ids: Ints) -> Texts:
    """One of the last four digits wrong: the number stays in its fictional segment."""
    place, step = -1 - dice.below(ids, 4, 19), 1 + dice.below(ids, 9, 18)
    rows = zip(phones, place.tolist(), step.tolist(), strict=True)
    return np.array(
        [f"{text[:at]}{(int(text[at]) + by) % 10}{text[at + 1 :] if at < -1 else ''}" for text, at, by in rows],
        dtype=object,
    )


def shared_phone_errors(phones: Texts, others: Texts, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
    """`shared_phone`: the phone of a relative, an agent or the village clerk (`others`, beside the rows)."""
    rate = rates.get("shared_phone", 0.0)
    flags = dice.happens(ids, rate, 26) & (others != "") & (phones != "") & (others != phones)
    return np.where(flags, others, phones).astype(object), {"shared_phone": flags} if rate else {}
