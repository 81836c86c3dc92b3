"""Shifts of the Chinese map datums: CGCS2000 to GCJ-02 and BD-09, and Gauss-Kruger metres."""

from __future__ import annotations

import numpy as np

from demo.draw import Floats

_A, _EE = 6378245.0, 0.00669342162296594323  # the ellipsoid GCJ-02 uses
_BD = np.pi * 3000.0 / 180.0
_AXIS, _SQUASH = 6378137.0, 0.00669438002290  # CGCS2000


def gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """CGCS2000 to GCJ-02 degrees (the published approximation; shifts by about 600 m here)."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    d_lat += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    d_lat += (160.0 * np.sin(y / 12.0 * np.pi) + 320 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    d_lon += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    d_lon += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    radians = lat / 180.0 * np.pi
    magic = 1 - _EE * np.sin(radians) ** 2
    d_lat = d_lat * 180.0 / ((_A * (1 - _EE)) / (magic * np.sqrt(magic)) * np.pi)
    d_lon = d_lon * 180.0 / (_A / np.sqrt(magic) * np.cos(radians) * np.pi)
    return lon + d_lon, lat + d_lat


def bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """CGCS2000 to BD-09 degrees (through GCJ-02; shifts by about 1.2 km here)."""
    x, y = gcj02(lon, lat)
    radius = np.sqrt(x * x + y * y) + 0.00002 * np.sin(y * _BD)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def gauss_kruger(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Easting with its zone number and northing in metres, 3-degree zones (37xxxxxx for Yunfu).

    The usual series to the fourth power, good to about a metre inside a zone.
    """
    zone = np.round(lon / 3.0)
    phi = np.radians(lat)
    across = np.radians(lon - zone * 3.0) * np.cos(phi)
    second = _SQUASH / (1 - _SQUASH)
    eta, tangent = second * np.cos(phi) ** 2, np.tan(phi) ** 2
    normal = _AXIS / np.sqrt(1 - _SQUASH * np.sin(phi) ** 2)
    e4, e6 = _SQUASH**2, _SQUASH**3
    arc = _AXIS * (
        (1 - _SQUASH / 4 - 3 * e4 / 64 - 5 * e6 / 256) * phi
        - (3 * _SQUASH / 8 + 3 * e4 / 32 + 45 * e6 / 1024) * np.sin(2 * phi)
        + (15 * e4 / 256 + 45 * e6 / 1024) * np.sin(4 * phi)
        - 35 * e6 / 3072 * np.sin(6 * phi)
    )
    north = arc + normal * np.tan(phi) * (across**2 / 2 + (5 - tangent + 9 * eta) * across**4 / 24)
    east = normal * (across + (1 - tangent + eta) * across**3 / 6)
    return zone * 1_000_000 + 500_000 + east, north
