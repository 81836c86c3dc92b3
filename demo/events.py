"""What happens on later nights: births, deaths, moves, marriages, buildings, companies, a new cut.

Every event is a column of the truth that says from which night it holds, so a night is a view of one world.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.draw import Dice, Flags, Floats, Ints
from demo.people import CHILD, ages
from demo.places import Places

_NEVER = 0


def _some(dice: Dice, fit: Flags, rate: float, fewest: int = 3) -> Ints:
    """About `rate` of the fitting positions, at least `fewest` where they fit, in no order of ours."""
    ids = np.flatnonzero(fit).astype(np.int64)
    count = min(len(ids), max(fewest, round(rate * len(ids))))
    return ids[dice.order(ids)[:count]]


def person_events(persons: pd.DataFrame, places: Places, rates: dict[str, float], nights: int, seed: int) -> None:
    """Add the event columns to the persons, in place."""
    count = len(persons)
    age = ages(persons)
    migrant = persons["migrant"].to_numpy()
    free = np.ones(count, dtype=bool)
    for name in ("dead_night", "left_night", "move_night", "marry_night", "move_house"):
        persons[name] = _NEVER
    for name in ("marry_household", "marry_house", "marry_registered_house"):
        persons[name] = 0
    ids = np.arange(count, dtype=np.int64)
    gone = Dice(seed, "dead before").happens(ids, np.where(age > 60, rates["dead_before"], 0.0005)) & ~migrant
    left = Dice(seed, "left before").happens(ids, rates["left_before"]) & ~gone & ~migrant & (age > 16)
    persons.loc[gone, "dead_night"] = 1
    persons.loc[left, "left_night"] = 1
    free &= ~gone & ~left
    for night in range(2, nights + 1):
        _one_night(persons, places, rates, night, free, age, seed)


def _one_night(
    persons: pd.DataFrame, places: Places, rates: dict[str, float], night: int, free: Flags,
    age: Floats, seed: int,
) -> None:  # fmt: skip
    """Events of one night, each person in at most one."""
    label = str(night)
    here = ~persons["migrant"].to_numpy()
    young = np.sort(age[free & here & (persons["role"] == CHILD).to_numpy()])
    born = _some(Dice(seed, "births", label), free & here & (age <= max(0.16, float(young[0]))), rates["births"])
    persons.loc[born, "born_night"] = night
    persons.loc[born, "number_night"] = night + 1
    free[born] = False
    dead = _some(Dice(seed, "deaths", label), free & here & (age > 65), rates["deaths"])
    persons.loc[dead, "dead_night"] = night
    free[dead] = False
    moving = _some(Dice(seed, "moves", label), free & (age > 18), rates["moves"])
    dwellings = places.dwellings()
    persons.loc[moving, "move_night"] = night
    persons.loc[moving, "move_house"] = dwellings[Dice(seed, "move to", label).below(moving, len(dwellings))]
    free[moving] = False
    _marriages(persons, rates, night, free & here, age, seed)


def _marriages(
    persons: pd.DataFrame, rates: dict[str, float], night: int, fit: Flags,
    age: Floats, seed: int,
) -> None:  # fmt: skip
    """Grown daughters join the household of a grown son elsewhere (the register writes 其他)."""
    single = fit & (persons["role"] == CHILD).to_numpy() & (age > 22) & (age < 36)
    male = persons["male"].to_numpy()
    grooms = _some(Dice(seed, "grooms", str(night)), single & male, rates["marriages"])
    brides = _some(Dice(seed, "brides", str(night)), single & ~male, rates["marriages"])
    pairs = min(len(grooms), len(brides))
    brides, grooms = brides[:pairs], grooms[:pairs]
    persons.loc[brides, "marry_night"] = night
    for name in ("household", "house", "registered_house"):
        persons.loc[brides, f"marry_{name}"] = persons[name].to_numpy()[grooms]
    fit[brides] = fit[grooms] = False


def building_events(places: Places, nights: int, seed: int) -> None:
    """On each later night one self-built house is new: it exists, empty, only from then on."""
    buildings = places.buildings
    fit = (buildings["kind"] == "self_built").to_numpy()
    if not fit.any():
        fit = (buildings["kind"] == "flats").to_numpy()
    for night in range(2, nights + 1):
        new = _some(Dice(seed, "new building", str(night)), fit, 0.0, fewest=1)
        buildings.loc[new, "from_night"] = night
        buildings.loc[new, "year"] = 2026
        fit[new] = False


def organization_events(frame: pd.DataFrame, rates: dict[str, float], nights: int, seed: int) -> None:
    """Companies that are founded, renamed or closed on a later night."""
    free = np.ones(len(frame), dtype=bool)
    for night in range(2, nights + 1):
        for event, column in (("founded", "from_night"), ("renamed", "rename_night"), ("closed", "close_night")):
            fit = free & frame["status"].isin(["存续", "在业"]).to_numpy()
            chosen = _some(Dice(seed, event, str(night)), fit, rates[event])
            frame.loc[chosen, column] = night
            free[chosen] = False
