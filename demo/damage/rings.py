"""Errors of drawn grids: a corner pulled in or pushed out by hand."""

from __future__ import annotations

import numpy as np

from demo.config import Rates
from demo.damage.bands import Errors
from demo.draw import Dice, Flags, Ints, Texts
from demo.tiling import STEP, Ring

PULL = 0.12 * STEP  # about 12 m: less than half the way to the next corner, so that the ring stays simple


def ring_errors(rings: list[Ring], fits: Flags, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
    """Closed rings of which some of the fitting ones have one corner off; one of each error at least.

    Rates: grid_gap (a corner pulled towards the middle), grid_overlap (pushed away from it).
    """
    shapes = np.empty(len(rings), dtype=object)
    shapes[:] = rings
    order = np.flatnonzero(fits)[dice.order(ids[fits])]
    found: Errors = {}
    first = 0
    for name, way in (("grid_gap", 1.0), ("grid_overlap", -1.0)):
        count = max(1, round(rates.get(name, 0.0) * len(order))) if name in rates else 0
        struck = order[first : first + count]
        first += count
        found[name] = np.zeros(len(rings), dtype=bool)
        found[name][struck] = True
        corner = dice.below(ids, 1000, 30)
        for at in struck.tolist():
            shapes[at] = _moved(rings[at], int(corner[at]), way)
    return shapes, found


def _moved(ring: Ring, choice: int, way: float) -> Ring:
    """The ring with one corner, not the first, moved towards the middle (1) or away from it (-1)."""
    at = 1 + choice % (len(ring) - 2)
    middle = np.mean(np.array(ring[:-1]), axis=0)
    step = (middle - ring[at]) / np.linalg.norm(middle - ring[at]) * PULL * way
    lon, lat = np.round(np.array(ring[at]) + step, 7).tolist()
    return [*ring[:at], (lon, lat), *ring[at + 1 :]]
