"""The geometry of a Shapefile as GeoJSON text: points, lines and polygons in two dimensions, no value changed.

Layout: header of 100 bytes (9994 big-endian, length in 16-bit words at 24, shape type at 32), then records, each a
number and a length (big-endian) and a shape (little-endian): ESRI Shapefile Technical Description, July 1998. Outer
rings run clockwise, holes the other way (page 8); heights and measures are left in the raw bytes.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import orjson

from transforms.errors import RefusedError
from transforms.land.json_text import RowFaultError

HEAD = 100
_CODE = 9994
_NULL, _POINTS, _LINES, _POLYGONS, _MANY = 0, (1, 11, 21), (3, 13, 23), (5, 15, 25), (8, 18, 28)
_BOX = 36  # shape type and bounding box in front of a line's or polygon's counts
_LEAST_RING = 4
Places = npt.NDArray[np.float64]


def length(data: bytes) -> int:
    """The length in bytes that a .shp or .shx file says it has.

    Raises:
        RefusedError: ``WRONG_TYPE`` or ``TRUNCATED``.
    """
    if len(data) < HEAD:
        raise RefusedError("TRUNCATED", "the geometry file ends inside its head")
    code, told = struct.unpack_from(">I", data)[0], 2 * struct.unpack_from(">I", data, 24)[0]
    if code != _CODE:
        raise RefusedError("WRONG_TYPE", "the geometry file is no Shapefile")
    if len(data) < told:
        raise RefusedError("TRUNCATED", "the geometry file is shorter than it says")
    return int(told)


def shapes(data: bytes) -> Iterator[bytes]:
    """The bytes of every shape in order.

    Raises:
        RefusedError: ``WRONG_TYPE``, ``TRUNCATED`` or ``DAMAGED``.
    """
    end, at, number = length(data), HEAD, 0
    while at < end:
        number += 1
        if at + 12 > end:
            raise RefusedError("TRUNCATED", f"the geometry file ends inside record {number}")
        told, words = struct.unpack_from(">II", data, at)
        start, at = at + 8, at + 8 + 2 * words
        if told != number or at > end or words < 2:
            raise RefusedError("DAMAGED", f"the geometry file's record {number} is not where it should be")
        yield data[start:at]


def geometry(shape: bytes) -> dict[str, object] | None:
    """A shape as a GeoJSON geometry; None for the null shape.

    Raises:
        RowFaultError: ``BAD_GEOMETRY``.
        RefusedError: ``WRONG_TYPE``, a kind of shape that nothing here reads.
    """
    (kind,) = struct.unpack_from("<i", shape)
    if kind == _NULL:
        return None
    try:
        if kind in _POINTS:
            return {"type": "Point", "coordinates": _places(shape, 4, 1)[0].tolist()}
        if kind in _MANY:
            (count,) = struct.unpack_from("<i", shape, _BOX)
            return {"type": "MultiPoint", "coordinates": _places(shape, _BOX + 4, count).tolist()}
        if kind in _LINES + _POLYGONS:
            parts = _parts(shape)
            return _lines(parts) if kind in _LINES else _polygons(parts)
    except (struct.error, ValueError, IndexError):
        raise RowFaultError("BAD_GEOMETRY") from None
    raise RefusedError("WRONG_TYPE", f"shapes of type {kind} are not read")


def text(found: dict[str, object] | None) -> str | None:
    """A geometry as JSON text."""
    return None if found is None else orjson.dumps(found).decode()


def _places(shape: bytes, at: int, count: int) -> Places:
    if count < 0 or at + 16 * count > len(shape):
        raise ValueError(count)
    places = np.frombuffer(shape, "<f8", 2 * count, at).reshape(count, 2)
    if not np.isfinite(places).all():
        raise ValueError(count)
    return places


def _parts(shape: bytes) -> list[Places]:
    parts, count = struct.unpack_from("<ii", shape, _BOX)
    if parts < 1 or _BOX + 8 + 4 * parts > len(shape):
        raise ValueError(parts)
    starts = [*struct.unpack_from(f"<{parts}i", shape, _BOX + 8), count]
    if starts[0] != 0 or any(b <= a for a, b in itertools.pairwise(starts)):
        raise ValueError(parts)
    places = _places(shape, _BOX + 8 + 4 * parts, count)
    return [places[a:b] for a, b in itertools.pairwise(starts)]


def _lines(parts: list[Places]) -> dict[str, object]:
    if len(parts) == 1:
        return {"type": "LineString", "coordinates": parts[0].tolist()}
    return {"type": "MultiLineString", "coordinates": [part.tolist() for part in parts]}


def _polygons(rings: list[Places]) -> dict[str, object]:
    if any(len(ring) < _LEAST_RING or (ring[0] != ring[-1]).any() for ring in rings):
        raise ValueError(len(rings))
    outer = [[ring] for ring in rings if _clockwise(ring)] or [[ring] for ring in rings[:1]]
    mine = {id(of[0]) for of in outer}
    for hole in (ring for ring in rings if id(ring) not in mine):
        around = [of for of in outer if _inside(hole[0], of[0])] or outer[:1]
        min(around, key=lambda of: abs(_area(of[0]))).append(hole)
    told = [[ring.tolist() for ring in of] for of in outer]
    if len(told) == 1:
        return {"type": "Polygon", "coordinates": told[0]}
    return {"type": "MultiPolygon", "coordinates": told}


def _area(ring: Places) -> float:
    """Twice the signed area: negative where the ring runs clockwise."""
    x, y = (ring - ring[0]).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def _clockwise(ring: Places) -> bool:
    return _area(ring) < 0


def _inside(place: Places, ring: Places) -> bool:
    """Even-odd rule."""
    (x, y), (x1, y1), (x2, y2) = place, ring[:-1].T, ring[1:].T
    crossing = (y1 > y) != (y2 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x1 + (y - y1) * (x2 - x1) / (y2 - y1)
    return bool(np.count_nonzero(crossing & (x < at)) % 2)
