"""Grid polygons that tile their parent with no gap and no overlap.

A county is covered by lattice squares inside its real outline. Regions are sets of squares, divided again
and again along lattice lines: county, town, village, small grid, micro grid. The lattice nodes are shifted
a little, each by an amount that depends on the node alone, so borders look drawn by hand; every polygon
lists every node on its border, so neighbours share identical vertices and identical edges.

Regions stay orthogonally convex (each row and each column of squares is one run): a straight cut of such a
region leaves two connected regions of the same sort, and the border is two chains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from demo.draw import Dice, Floats, Ints

STEP = 0.001  # degrees, about 100 m
SHIFT = 0.18  # largest shift of a node, as a share of STEP
Ring = list[tuple[float, float]]


@dataclass(frozen=True)
class Cells:
    """A region: the column and row numbers of its lattice squares."""

    x: Ints
    y: Ints

    def __len__(self) -> int:
        """The number of squares."""
        return len(self.x)

    def take(self, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Cells:
        """The squares for which `keep` is true."""
        return Cells(self.x[keep], self.y[keep])


def county_cells(outline: shapely.Geometry) -> Cells:
    """The largest simple region of squares well inside a county's outline.

    A column is kept where it crosses the chosen middle row; walking outwards from the middle, columns only
    get shorter, which makes the region orthogonally convex.
    """
    part = max(shapely.get_parts(outline), key=lambda piece: float(piece.area))
    west, south, east, north = (round(v / STEP) for v in part.bounds)
    xs, ys = np.arange(west, east + 1), np.arange(south, north + 1)
    grid_x, grid_y = np.meshgrid(xs, ys, indexing="ij")
    inside = shapely.contains_xy(part.buffer(-1.5 * STEP), (grid_x + 0.5) * STEP, (grid_y + 0.5) * STEP)
    best: Cells | None = None
    for share in (0.35, 0.5, 0.65):
        for column_share in (0.35, 0.5, 0.65):
            found = _spread(inside, int(len(xs) * column_share), int(len(ys) * share))
            if best is None or len(found) > len(best):
                best = found
    if best is None or not len(best):
        raise ValueError("the county outline holds no lattice square")
    return Cells(best.x + west, best.y + south)


def _run(column: np.ndarray[tuple[int], np.dtype[np.bool_]], row: int) -> tuple[int, int]:
    """First and last row of the run of a column that holds `row` (empty: last before first)."""
    if not column[row]:
        return row, row - 1
    down, up = column[row::-1], column[row:]
    low = row - (len(down) if down.all() else int(np.argmin(down))) + 1
    high = row + (len(up) if up.all() else int(np.argmin(up))) - 1
    return low, high


def _spread(inside: np.ndarray[tuple[int, int], np.dtype[np.bool_]], column: int, row: int) -> Cells:
    """The orthogonally convex region around (column, row)."""
    runs: dict[int, tuple[int, int]] = {}
    for direction in (1, -1):
        low, high = _run(inside[column], row)
        here = column
        while 0 <= here < len(inside):
            run = _run(inside[here], row)
            low, high = max(low, run[0]), min(high, run[1])
            if high < low:
                break
            runs[here] = (low, high)
            here += direction
    xs = [np.full(high - low + 1, x) for x, (low, high) in sorted(runs.items())]
    ys = [np.arange(low, high + 1) for _, (low, high) in sorted(runs.items())]
    empty = [np.zeros(0, dtype=np.int64)]
    return Cells(np.concatenate(xs or empty), np.concatenate(ys or empty))


def divide(cells: Cells, weights: list[float]) -> list[Cells]:
    """Cut a region into one part per weight, west to east and north to south.

    Raises:
        ValueError: a part would be empty.
    """
    if len(weights) == 1:
        return [cells]
    half = len(weights) // 2
    share = sum(weights[:half]) / sum(weights)
    wide = np.ptp(cells.x) >= np.ptp(cells.y)
    line = cells.x if wide else -cells.y
    base = int(line.min())
    counts = np.cumsum(np.bincount(line - base))[:-1]
    if not len(counts):
        raise ValueError("a region is too small for its parts")
    need = np.maximum(np.minimum(counts - half, len(cells) - counts - (len(weights) - half)), -1)
    cost = np.abs(counts / len(cells) - share) + (need < 0) * 10.0
    first = line - base <= int(np.argmin(cost))
    return divide(cells.take(first), weights[:half]) + divide(cells.take(~first), weights[half:])


class Surveyor:
    """Turns regions of squares into rings of degrees, and draws points inside squares."""

    def __init__(self, seed: int) -> None:
        """Fix the shift of every lattice node."""
        self._dice = Dice(seed, "lattice")

    def nodes(self, x: Ints, y: Ints) -> tuple[Floats, Floats]:
        """Degrees (7 decimals, about 1 cm) of lattice nodes."""
        ids = x * 1_000_003 + y
        lon = (x + (self._dice.uniform(ids) - 0.5) * 2 * SHIFT) * STEP
        lat = (y + (self._dice.uniform(ids, 1) - 0.5) * 2 * SHIFT) * STEP
        return np.round(lon, 7), np.round(lat, 7)

    def ring(self, cells: Cells) -> Ring:
        """The closed ring around a region, counter-clockwise, through every node on its border."""
        base = int(cells.x.min())
        columns = int(cells.x.max()) - base + 1
        low = np.full(columns, np.iinfo(np.int64).max)
        high = np.full(columns, np.iinfo(np.int64).min)
        np.minimum.at(low, cells.x - base, cells.y)
        np.maximum.at(high, cells.x - base, cells.y + 1)
        path: list[tuple[int, int]] = []
        for column in range(columns):
            _walk(path, base + column, int(low[column]))
            path.append((base + column + 1, int(low[column])))
        for column in range(columns - 1, -1, -1):
            _walk(path, base + column + 1, int(high[column]))
            path.append((base + column, int(high[column])))
        _walk(path, base, int(low[0]))
        nodes = np.array(path, dtype=np.int64)
        lon, lat = self.nodes(nodes[:, 0], nodes[:, 1])
        return list(zip(lon.tolist(), lat.tolist(), strict=True))

    def points(self, x: Ints, y: Ints, ids: Ints, dice: Dice) -> tuple[Floats, Floats]:
        """A random point safely inside the (shifted) square of each id."""
        margin = SHIFT + 0.04
        lon = (x + margin + dice.uniform(ids, 2) * (1 - 2 * margin)) * STEP
        lat = (y + margin + dice.uniform(ids, 3) * (1 - 2 * margin)) * STEP
        return np.round(lon, 6), np.round(lat, 6)


def _walk(path: list[tuple[int, int]], x: int, y: int) -> None:
    """Append the nodes from the end of the path up or down the line `x` to (x, y)."""
    if not path:
        path.append((x, y))
        return
    at = path[-1][1]
    step = 1 if y > at else -1
    path.extend((x, here) for here in range(at + step, y + step, step) if at != y)
