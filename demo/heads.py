"""Which divisions and roads people name: drawn from how often real addresses name them together (README, "Rates")."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from demo.config import HEAD_FORMS, table
from demo.draw import Dice, Flags, Floats, Ints

STANDINGS = ("estate", "road", "hamlet", "group")  # what a house can stand by; estates lie on a road, too


def standing(buildings: pd.DataFrame) -> Ints:
    """Position in :data:`STANDINGS` of each building: the first of these that it has."""
    has = [buildings["estate"] != "", buildings["road"] != "", buildings["hamlet"] != ""]
    return np.select(has, [0, 1, 2], default=3).astype(np.int64)


@cache
def patterns() -> dict[str, tuple[Floats, Flags]]:
    """By what a text stands by: the weight of each pattern, and patterns × :data:`HEAD_FORMS`: what it leaves out."""
    counted = table("address_heads")
    found = {}
    for by, rows in counted.groupby("by"):
        named = rows[list(HEAD_FORMS.values())].to_numpy() == "1"
        found[str(by)] = rows["texts"].to_numpy(dtype=np.float64), ~named
    return found


def drawn(by: Ints, dice: Dice, ids: Ints, turn: int) -> dict[str, Flags]:
    """What each text leaves out, by form.

    Args:
        by: positions in :data:`STANDINGS`, one per text.
        dice: the department's draws.
        ids: what the habit belongs to.
        turn: of the draw.
    """
    left_out = np.zeros((len(ids), len(HEAD_FORMS)), dtype=bool)
    for place, name in enumerate(STANDINGS):
        rows = np.flatnonzero(by == place)
        weights, patterns_of = patterns()[name]
        left_out[rows] = patterns_of[dice.weighted(ids[rows], weights, turn)]
    left_out[by != 0, list(HEAD_FORMS.values()).index("road")] = False
    return {form: left_out[:, at] for at, form in enumerate(HEAD_FORMS)}
