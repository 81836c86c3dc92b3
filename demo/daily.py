"""Where people learn and work."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.draw import Dice, Floats, Ints
from demo.people import ages
from demo.places import Places

LEVELS = (("kindergarten", 3.1, 6.1, 0.92), ("primary_school", 6.1, 12.1, 0.995), ("middle_school", 12.1, 18.1, 0.95))


def assign_days(
    persons: pd.DataFrame, places: Places, villages: pd.DataFrame, institutions: pd.DataFrame,
    organizations: pd.DataFrame, employed: float, seed: int,
) -> None:  # fmt: skip
    """Add `school` (position of the institution, -1 none) and `employer` (of the organization) to the persons.

    Children between the ages of `LEVELS` (from, to, share who attend) go to a school of their home's town; adults of
    18 to 60 work, by the rate `employed`, for organizations of very unequal size.
    """
    age = ages(persons)
    ids = np.arange(len(persons), dtype=np.int64)
    village = places.buildings["village"].to_numpy()[places.houses["building"].to_numpy()[persons["house"].to_numpy()]]
    towns = pd.factorize(villages["town_code"])[0]
    school = np.full(len(ids), -1, dtype=np.int64)
    for turn, (kind, low, high, share) in enumerate(LEVELS):
        pupil = ids[(age >= low) & (age < high) & Dice(seed, "pupil").happens(ids, share, turn)]
        of_kind = np.flatnonzero((institutions["kind"] == kind).to_numpy())
        school[pupil] = _in_town(
            of_kind, towns[institutions["village"].to_numpy()[of_kind]], towns[village[pupil]], pupil, seed
        )
    persons["school"] = school
    works = (age >= 18) & (age < 60) & Dice(seed, "works").happens(ids, employed)
    firms = np.arange(len(organizations), dtype=np.int64)
    sole = (organizations["kind"] == "sole_trader").to_numpy()
    size: Floats = np.exp(1.3 * Dice(seed, "staff").normal(firms)) * np.where(sole, 1.5, 20.0)
    persons["employer"] = np.where(works, Dice(seed, "employer").weighted(ids, size), -1)
    owners = organizations["owner"].to_numpy()
    persons.loc[owners[::-1], "employer"] = firms[::-1]


def _in_town(schools: Ints, school_town: Ints, town: Ints, ids: Ints, seed: int) -> Ints:
    """A school of the same town for each, any where the town has none."""
    order = np.lexsort((schools, school_town))
    schools, school_town = schools[order], school_town[order]
    low, high = np.searchsorted(school_town, town), np.searchsorted(school_town, town, side="right")
    none = low == high
    low, high = np.where(none, 0, low), np.where(none, len(schools), high)
    found: Ints = schools[low + Dice(seed, "which school").below(ids, high - low)]
    return found
