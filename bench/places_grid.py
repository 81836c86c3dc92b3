"""Point assignment beside a bare shapely STRtree query of the same points and polygons: the ratio is what counts.

Full size is 3 000 000 points × 14 069 polygons; smaller by default. The cut is a lattice of wavy-edged cells under
medium squares, so that polygons have vertices to test.

    python -m bench.places_grid [--points 500000] [--polygons 14069] > grid.json
"""

from __future__ import annotations

import argparse
import json
import resource
import time

import numpy as np
import pandas as pd
import shapely

from transforms.locate.cut import Cut

TARGET = 2.0  # times the bare query
_WEST, _SOUTH, _SIZE, _WAVES = 111.1, 22.3, 1.2, 24


def cells(count: int) -> pd.DataFrame:
    """About ``count`` small grids with shared wavy edges, and the medium grids of ten by ten around them."""
    side = max(1, round(count**0.5))
    step = _SIZE / side
    rows = []
    for x in range(side):
        for y in range(side):
            medium = f"M{x // 10:03d}{y // 10:03d}"
            ring = _ring(_WEST + x * step, _SOUTH + y * step, step)
            rows.append((f"{medium}S{x:03d}{y:03d}", "small", medium, shapely.Polygon(ring)))
    for code in sorted({row[2] for row in rows}):
        x, y = int(code[1:4]) * 10, int(code[4:7]) * 10
        box = shapely.box(_WEST + x * step, _SOUTH + y * step, _WEST + (x + 10) * step, _SOUTH + (y + 10) * step)
        rows.append((code, "medium", None, box))
    table = pd.DataFrame(rows, columns=["code", "level", "parent_code", "shape"])
    polygon = [shapely.to_wkb(shape) for shape in table["shape"]]
    return table.drop(columns="shape").assign(grid_id=table["code"], type="general", polygon=polygon)


def _ring(west: float, south: float, step: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    t = np.linspace(0, 1, _WAVES, endpoint=False)
    wave = np.sin(2 * np.pi * t) * 0.08
    edges = [(t, wave), (1 + wave, t), (1 - t, 1 + wave[::-1]), (wave[::-1], 1 - t)]
    x, y = (np.concatenate([edge[axis] for edge in edges]) for axis in (0, 1))
    return np.column_stack((west + x * step, south + y * step))


def main() -> None:
    """Print seconds and their ratio as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--points", type=int, default=500_000)
    asked.add_argument("--polygons", type=int, default=14_069)
    wanted = asked.parse_args()
    grids = cells(wanted.polygons)
    random = np.random.default_rng(7)
    lon = pd.Series(_WEST + random.random(wanted.points) * _SIZE)
    lat = pd.Series(_SOUTH + random.random(wanted.points) * _SIZE)
    polygons = shapely.from_wkb(grids["polygon"].to_numpy(dtype=object))
    start = time.process_time()
    tree = shapely.STRtree(polygons)
    tree.query(shapely.points(lon, lat), predicate="intersects")
    bare = time.process_time() - start
    start = time.process_time()
    found = Cut(grids, "2026-10-01").assign(lon, lat)
    ours = time.process_time() - start
    figures = {
        "points": wanted.points, "polygons": len(grids), "bare_strtree_cpu_seconds": round(bare, 2),
        "ours_cpu_seconds": round(ours, 2), "ratio": round(ours / bare, 2), "target": TARGET,
        "assigned": int(found["grid_id"].notna().sum()),
        "reasons": {str(k): int(n) for k, n in found["reason"].value_counts().sort_index().items()},
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
