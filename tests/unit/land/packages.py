"""GeoPackages made with SQLite, after OGC 12-128r17; nothing here is a real person."""

from __future__ import annotations

import contextlib
import sqlite3
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path

PLACE = (112.10, 22.90)
GEOGRAPHIC = 'GEOGCS["China Geodetic Coordinate System 2000",DATUM["China_2000"]]'
_GPKG = 0x47504B47  # application_id
_TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT,
  organization_coordsys_id INTEGER, definition TEXT);
CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT, srs_id INTEGER);
CREATE TABLE gpkg_geometry_columns (table_name TEXT PRIMARY KEY, column_name TEXT, geometry_type_name TEXT,
  srs_id INTEGER);
"""


def point(x: float, y: float) -> bytes:
    """A point as GeoPackages store it: head without an envelope, then well-known binary."""
    return b"GP\0\x01" + struct.pack("<i", 4490) + struct.pack("<BIdd", 1, 1, x, y)


def polygon(*rings: Sequence[tuple[float, float]]) -> bytes:
    """A polygon with an envelope in its head."""
    places = [place for ring in rings for place in ring]
    xs, ys = [p[0] for p in places], [p[1] for p in places]
    head = b"GP\0\x03" + struct.pack("<i4d", 4490, min(xs), max(xs), min(ys), max(ys))
    body = b"".join(struct.pack("<I", len(ring)) + b"".join(struct.pack("<dd", *p) for p in ring) for ring in rings)
    return head + struct.pack("<BII", 1, 3, len(rings)) + body


def package(
    headings: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    shapes: Sequence[bytes | None] | None = None,
    system: str = GEOGRAPHIC,
    after: str = "",
) -> bytes:
    """A package of one layer.

    Args:
        headings: its columns, beside ``fid`` and ``geom``.
        rows: their values.
        shapes: a geometry a row; default: a point.
        system: definition of the coordinate system.
        after: SQL that spoils it.
    """
    columns = ", ".join(f'"{heading}"' for heading in headings)
    marks = ", ".join("?" * (len(headings) + 1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "layer.gpkg")
        with contextlib.closing(sqlite3.connect(path)) as made:
            made.executescript(_TABLES)
            made.execute(f"PRAGMA application_id = {_GPKG}")
            made.execute(f"CREATE TABLE layer (fid INTEGER PRIMARY KEY, geom BLOB, {columns})")
            made.execute("INSERT INTO gpkg_spatial_ref_sys VALUES ('c', 4490, 'EPSG', 4490, ?)", (system,))
            made.execute("INSERT INTO gpkg_contents VALUES ('layer', 'features', 4490)")
            made.execute("INSERT INTO gpkg_geometry_columns VALUES ('layer', 'geom', 'GEOMETRY', 4490)")
            places = shapes or [point(*PLACE)] * len(rows)
            told = [(place, *row) for place, row in zip(places, rows, strict=True)]
            made.executemany(f"INSERT INTO layer (geom, {columns}) VALUES ({marks})", told)
            made.commit()
            made.executescript(after)
            made.commit()
        return path.read_bytes()
