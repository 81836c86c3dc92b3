"""The business grids of before: every department cut its villages its own way, across today's grids."""

from __future__ import annotations

import numpy as np

from demo.draw import Dice, Ints, Texts
from demo.world import World

PER_SMALL_GRID = 2.2  # a department's; a dozen departments make the published 26 to one (400 000 to 15 000)


def business_grids(world: World, department: str, buildings: Ints) -> Texts:
    """The department's old grid of each building: village code and three digits (15 in all, as in CJ/T 213).

    Squares of a lattice of the department's own, so the old grids cross today's in both directions.

    Args:
        world: the city.
        department: whose grids.
        buildings: positions of buildings.
    """
    places = world.places.buildings
    village = places["village"].to_numpy()
    dice = Dice(world.seed, "business grid", department)
    villages = np.arange(len(world.villages), dtype=np.int64)
    small = world.villages["small_grids"].to_numpy()
    x, y = places["x"].to_numpy(), places["y"].to_numpy()
    cells = np.zeros(len(villages))
    pairs = np.unique(np.stack([village, x, y]), axis=1)
    cells[:] = np.bincount(pairs[0], minlength=len(villages))
    edge = np.maximum(1.0, np.sqrt(cells / np.minimum(PER_SMALL_GRID * small, 900)))
    shift_x, shift_y = dice.uniform(villages, 1) * edge, dice.uniform(villages, 2) * edge
    column = np.floor((x + shift_x[village]) / edge[village]).astype(np.int64)
    row = np.floor((y + shift_y[village]) / edge[village]).astype(np.int64)
    order = np.lexsort((-row, column, village))
    new = np.r_[True, (np.diff(village[order]) != 0) | (np.diff(column[order]) != 0) | (np.diff(row[order]) != 0)]
    block = np.cumsum(new) - 1
    first = np.r_[True, np.diff(village[order]) != 0]
    serial = np.empty(len(order), dtype=np.int64)
    serial[order] = block - np.maximum.accumulate(np.where(first, block, 0))
    codes = world.villages["code"].to_numpy(dtype=object)
    at = np.asarray(buildings)
    return np.array(
        [f"{codes[v]}{n % 999 + 1:03d}" for v, n in zip(village[at].tolist(), serial[at].tolist(), strict=True)],
        dtype=object,
    )
