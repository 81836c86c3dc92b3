"""Which rows an error strikes: at most one of several, each by its rate."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from demo.config import Rates
from demo.draw import Dice, Flags, Floats, Ints, Texts

Errors = dict[str, Flags]


def bands(chance: Floats, rates: Rates, names: Iterable[str]) -> Errors:
    """For every name with a rate the rows whose chance falls into its band; bands do not overlap."""
    found: Errors = {}
    floor = 0.0
    for name in names:
        rate = rates.get(name, 0.0)
        if rate:
            found[name] = (chance >= floor) & (chance < floor + rate)
        floor += rate
    return found


def among(fits: Flags, name: str, rates: Rates, dice: Dice, ids: Ints, turn: int) -> Errors:
    """An error by its rate *among the rows it can strike* (dotted names, numbers that end in X)."""
    rate = rates.get(name, 0.0)
    return {name: fits & dice.happens(ids, rate, turn)} if rate else {}


def rewrite(values: Texts, flags: Flags, texts: Iterable[str]) -> Texts:
    """A copy of the values with new texts at the flagged rows, in their order."""
    result = values.copy()
    result[flags] = np.fromiter(texts, dtype=object, count=int(flags.sum()))
    return result
