"""Points and polygons → degrees CGCS2000 (equal to WGS84 within a metre, far below any source's accuracy).

GCJ-02 is a published polynomial shift of WGS84 and BD-09 a rotation on top of it (constants: domain.md section 2.10;
the CC0 package prcoords gives the same to 1e-14 and is the oracle of the tests). Both are inverted by fixed-point
iteration: five rounds leave less than 1e-9 degrees anywhere in China.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

Floats = npt.NDArray[np.float64]
_Shift = Callable[[Floats, Floats], tuple[Floats, Floats]]
_A, _EE = 6378245.0, 0.00669342162296594323  # Krasovsky 1940 ellipsoid
_X_PI = np.pi * 3000.0 / 180.0
_ROUNDS = 5


def to_cgcs2000(lon: Floats, lat: Floats, crs: str | None) -> tuple[Floats, Floats]:
    """Degrees in a contract's coordinate system (cgcs2000, wgs84, gcj02, bd09) → degrees CGCS2000."""
    if crs == "gcj02":
        return _inverse(gcj02, lon, lat)
    if crs == "bd09":
        return _inverse(gcj02, *_inverse(bd09, lon, lat))
    return lon, lat


def _inverse(forward: _Shift, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    found_lon, found_lat = lon, lat
    for _ in range(_ROUNDS):
        there_lon, there_lat = forward(found_lon, found_lat)
        found_lon, found_lat = found_lon + lon - there_lon, found_lat + lat - there_lat
    return found_lon, found_lat


def gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """WGS84 → GCJ-02."""
    x, y = lon - 105.0, lat - 35.0
    ripple = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + ripple
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + ripple
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    radians = np.deg2rad(lat)
    curve = 1.0 - _EE * np.sin(radians) ** 2
    per_lat = np.pi / 180.0 * (_A * (1.0 - _EE)) / (curve * np.sqrt(curve))
    per_lon = np.pi / 180.0 * _A / np.sqrt(curve) * np.cos(radians)
    return lon + east / per_lon, lat + north / per_lat


def bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 → BD-09."""
    radius = np.sqrt(lon * lon + lat * lat) + 0.00002 * np.sin(lat * _X_PI)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _X_PI)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def points(lon: pd.Series, lat: pd.Series, crs: str | None) -> tuple[pd.Series, pd.Series]:
    """Two columns of landed text → degrees CGCS2000 rounded to 7 decimals (1 cm); null unless both are numbers."""
    x, y = (pd.to_numeric(s, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan) for s in (lon, lat))
    both = np.isfinite(x) & np.isfinite(y)
    out_x, out_y = np.full(len(x), np.nan), np.full(len(y), np.nan)
    out_x[both], out_y[both] = to_cgcs2000(x[both], y[both], crs)
    return pd.Series(np.round(out_x, 7), index=lon.index), pd.Series(np.round(out_y, 7), index=lat.index)


def geometries(series: pd.Series, crs: str | None) -> pd.Series:
    """GeoJSON text → WKB in CGCS2000; null where it is no GeoJSON geometry."""
    shapes = shapely.from_geojson(series.where(series.notna(), None).to_numpy(dtype=object), on_invalid="ignore")
    if crs in ("gcj02", "bd09"):
        shapes = shapely.transform(shapes, lambda xy: np.column_stack(to_cgcs2000(xy[:, 0], xy[:, 1], crs)))
    return pd.Series(shapely.to_wkb(shapes), index=series.index, dtype=object)
