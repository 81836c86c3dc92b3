"""Outlines of buildings: squares of ten metres, and a few long ones that reach over the border of their small grid."""

from __future__ import annotations

import numpy as np

from demo.draw import Dice, Flags, Floats, Ints, Texts
from demo.facilities import METRE
from demo.settlement import Grids
from demo.tiling import STEP
from demo.world import State

_HALF = 5 * METRE
_REACH = 0.4  # of a lattice square, 40 m: a building that is farther from the border would be too long
_LEAST, _MOST = 0.1, 0.4  # of a straddler's area beyond the border: its own grid always holds more
_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1))  # east, west, north, south
_KEY = 1_000_003
_NOWHERE = -1


def outlines(state: State, buildings: Ints, rate: float) -> tuple[Texts, Flags]:
    """The ring around each building, and whether it lies in two small grids of the first night.

    Drawn by itself, so that with or without straddlers everything else in the city is the same.

    Args:
        state: the night.
        buildings: positions.
        rate: how many of those that stand near the border of their small grid reach over it; one at least.
    """
    world, frame = state.world, state.world.places.buildings
    lon, lat = (frame[name].to_numpy()[buildings] for name in ("lon", "lat"))
    box = np.stack([lon - _HALF, lat - _HALF, lon + _HALF, lat + _HALF], axis=1)
    dice = Dice(world.seed, "straddler")
    grid, x, y = (frame[name].to_numpy()[buildings] for name in ("grid", "x", "y"))
    near, side = _nearest(world.grids, grid, x, y, lon, lat)
    chance = np.where(near <= _REACH, dice.uniform(buildings), np.inf)
    chosen = (chance < rate) | (np.isfinite(chance) & (chance == chance.min(initial=np.inf)))
    beyond = _LEAST + dice.uniform(buildings, 1) * (_MOST - _LEAST)
    for at in np.flatnonzero(chosen).tolist():
        step = _SIDES[side[at]]
        across = 0 if step[0] else 1
        border = _border(state, (int(x[at]), int(y[at])), step, (float(lon[at]), float(lat[at])))
        forward = sum(step) > 0
        behind = box[at, across] if forward else box[at, across + 2]
        end = border + (border - behind) * beyond[at] / (1 - beyond[at])
        box[at, across + 2 if forward else across] = end
    return _rings(box), chosen


def _nearest(grids: Grids, own: Ints, x: Ints, y: Ints, lon: Floats, lat: Floats) -> tuple[Floats, Ints]:
    """How near the next square of another small grid is, in squares (infinite: none is), and on which side."""
    table = grids.table
    rows = np.flatnonzero(((table["level"] == "小网格") & (table["from_night"] == 1)).to_numpy())
    keys = np.concatenate([grids.cells[row].x * _KEY + grids.cells[row].y for row in rows.tolist()])
    whose = np.repeat(rows, [len(grids.cells[row]) for row in rows.tolist()])
    order = np.argsort(keys)
    keys, whose = keys[order], whose[order]
    in_x, in_y = lon / STEP - x, lat / STEP - y
    inside = (1 - in_x, in_x, 1 - in_y, in_y)
    away = np.full((len(_SIDES), len(x)), np.inf)
    for place, (step_x, step_y) in enumerate(_SIDES):
        key = (x + step_x) * _KEY + y + step_y
        at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        other = np.where(keys[at] == key, whose[at], _NOWHERE)
        away[place] = np.where((other != _NOWHERE) & (other != own), inside[place], np.inf)
    return away.min(axis=0), away.argmin(axis=0)


def _border(state: State, cell: tuple[int, int], step: tuple[int, int], point: tuple[float, float]) -> float:
    """Where the border on one side of a square is met from a point in it: a longitude or (north, south) a latitude."""
    x, y = cell[0] + (step[0] > 0), cell[1] + (step[1] > 0)
    ends = ((x, y), (x, y + 1)) if step[0] else ((x, y), (x + 1, y))
    lon, lat = state.world.surveyor.nodes(*(np.array(part, dtype=np.int64) for part in zip(*ends, strict=True)))
    along, across, here = (lat, lon, point[1]) if step[0] else (lon, lat, point[0])
    return float(np.interp(here, along, across))


def _rings(box: Floats) -> Texts:
    shapes = np.empty(len(box), dtype=object)
    for at, (west, south, east, north) in enumerate(np.round(box, 7).tolist()):
        shapes[at] = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return shapes
