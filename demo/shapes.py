"""Zipped Shapefiles of points with fixed bytes (ESRI Shapefile Technical Description, July 1998; dBase III)."""

from __future__ import annotations

import struct

import numpy as np

from demo.draw import Floats, Texts
from demo.extract import Column
from demo.files import archive

X, Y = "geometry.x", "geometry.y"  # columns that become the point
_CODE, _VERSION, _POINT, _HEAD, _RECORD = 9994, 1000, 1, 100, 28
_PROJECTION = (
    'GEOGCS["China Geodetic Coordinate System 2000",DATUM["China_2000",SPHEROID["CGCS2000",6378137,298.257222101]],'
    'PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]]'
)


def shapefile(name: str, columns: dict[str, Column], encoding: str, page: str) -> bytes:
    """A zip with the layer's .shp, .shx, .dbf, .prj and .cpg; record i is feature i + 1.

    The projection file says CGCS2000 whatever the points are in, as departments' files do.

    Args:
        name: of the layer.
        columns: texts under names of at most ten bytes, and the points under `X` and `Y`.
        encoding: of the attributes.
        page: what the .cpg calls it.

    Raises:
        ValueError: a name is longer than ten bytes.
    """
    lon, lat = columns[X].astype(np.float64), columns[Y].astype(np.float64)
    texts = {key: values for key, values in columns.items() if key not in (X, Y)}
    record = [("number", ">i4"), ("words", ">i4"), ("type", "<i4"), ("x", "<f8"), ("y", "<f8")]
    points = np.zeros(len(lon), dtype=record)
    points["number"], points["words"], points["type"] = np.arange(1, len(lon) + 1), 10, _POINT
    points["x"], points["y"] = lon, lat
    index = np.zeros(len(lon), dtype=[("offset", ">i4"), ("words", ">i4")])
    index["offset"], index["words"] = (_HEAD + _RECORD * np.arange(len(lon))) // 2, 10
    parts = {
        "shp": _head(_HEAD + _RECORD * len(lon), lon, lat) + points.tobytes(),
        "shx": _head(_HEAD + 8 * len(lon), lon, lat) + index.tobytes(),
        "dbf": _table({key: values.astype(object) for key, values in texts.items()}, encoding),
        "prj": _PROJECTION.encode(),
        "cpg": page.encode(),
    }
    return archive({f"{name}.{suffix}": [content] for suffix, content in parts.items()})


def _head(size: int, lon: Floats, lat: Floats) -> bytes:
    """The 100 bytes before the records: length in words, type, bounding box."""
    box = [float(f(values)) if len(values) else 0.0 for f in (np.min, np.max) for values in (lon, lat)]
    kind = struct.pack(">7i", _CODE, 0, 0, 0, 0, 0, size // 2)
    return kind + struct.pack("<2i8d", _VERSION, _POINT, *box, 0, 0, 0, 0)


def _table(columns: dict[str, Texts], encoding: str) -> bytes:
    """A dBase table of text fields, each as wide as its longest value."""
    coded = {key: [str(value).encode(encoding) for value in values.tolist()] for key, values in columns.items()}
    widths = {key: max(1, *map(len, values)) for key, values in coded.items()}
    fields = b"".join(_field(key, widths[key], encoding) for key in coded)
    rows = [
        b" " + b"".join(value.ljust(width) for value, width in zip(row, widths.values(), strict=True))
        for row in zip(*coded.values(), strict=True)
    ]
    head = struct.pack("<4BIHH20x", 3, 126, 10, 1, len(rows), 32 + len(fields) + 1, 1 + sum(widths.values()))
    return head + fields + b"\r" + b"".join(rows) + b"\x1a"


def _field(name: str, width: int, encoding: str) -> bytes:
    coded = name.encode(encoding)
    if len(coded) > 10:
        raise ValueError(f"the field name {name} is longer than ten bytes")
    return struct.pack("<11sc4xBB14x", coded, b"C", width, 0)
