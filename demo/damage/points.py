"""Errors of coordinates."""

from __future__ import annotations

import numpy as np

from demo import datum
from demo.config import Rates
from demo.damage.bands import Errors, bands
from demo.draw import Dice, Floats, Ints

_ALL = [
    "zero_coordinates", "swapped_coordinates", "wrong_datum", "town_hall_point", "truncated_coordinates",
    "projected_coordinates", "outside_city",
]  # fmt: skip


def coordinate_errors(lon: Floats, lat: Floats, rates: Rates, dice: Dice, ids: Ints) -> tuple[Floats, Floats, Errors]:
    """Points with at most one error each.

    Rates: zero_coordinates, swapped_coordinates, wrong_datum (half shifted to GCJ-02, half to BD-09: once more
    where the file is in GCJ-02 already), town_hall_point (all at one place), truncated_coordinates (two
    decimals), projected_coordinates (metres of a 3-degree zone), outside_city (two degrees away).
    """
    found = bands(dice.uniform(ids, 48), rates, _ALL)
    nobody = np.zeros(len(ids), dtype=bool)
    found = {name: nobody for name in _ALL[:2] if name not in found} | found
    first, second = lon.astype(np.float64), lat.astype(np.float64)
    for name, flags in found.items():
        first[flags], second[flags] = _moved(name, lon[flags], lat[flags], (lon, lat), dice, ids[flags])
    return first, second, found


def _moved(
    error: str, lon: Floats, lat: Floats, every: tuple[Floats, Floats], dice: Dice, ids: Ints
) -> tuple[Floats, Floats]:
    if error == "wrong_datum":
        half = dice.happens(ids, 0.5, 27)
        (a, b), (c, d) = datum.gcj02(lon, lat), datum.bd09(lon, lat)
        return np.where(half, a, c), np.where(half, b, d)
    if error == "town_hall_point":
        hall = [np.round(np.median(values), 2) for values in every]  # two decimals: the same place every night
        return np.full(len(lon), hall[0]), np.full(len(lon), hall[1])
    if error == "truncated_coordinates":
        return np.trunc(lon * 100) / 100, np.trunc(lat * 100) / 100
    if error == "projected_coordinates":
        return datum.gauss_kruger(lon, lat)
    simple = {"zero_coordinates": (lon * 0.0, lat * 0.0), "swapped_coordinates": (lat, lon)}
    return simple.get(error, (lon + 2.0, lat + 2.0))
