"""Well-known binary (OGC 06-103r4, 8.2) as a GeoJSON geometry in two dimensions; heights stay in the raw bytes."""

from __future__ import annotations

import struct

import numpy as np

from transforms.land.json_text import RowFaultError

_DEEPEST, _THOUSAND = 4, 1000
_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000  # the older way of saying dimensions (EWKB)
_NAMES = {1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}
_PARTS = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}


def geometry(data: bytes) -> dict[str, object]:
    """The geometry.

    Raises:
        RowFaultError: ``BAD_GEOMETRY``: a kind that is none of points, lines and polygons, or bytes that do not add up.
    """
    reader = _Reader(data)
    try:
        found = reader.geometry(0)
    except (struct.error, ValueError, KeyError):
        raise RowFaultError("BAD_GEOMETRY") from None
    if reader.at != len(data):
        raise RowFaultError("BAD_GEOMETRY")
    return found


class _Reader:
    """Reads on from where it stands."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def geometry(self, depth: int) -> dict[str, object]:
        (order,) = self._take("<B")
        if order > 1 or depth > _DEEPEST:
            raise ValueError(order)
        end = "<" if order else ">"
        (code,) = self._take(f"{end}I")
        dimensions = 2 + bool(code & _Z) + bool(code & _M)
        if code & _SRID:
            self._take(f"{end}I")
        code &= ~(_Z | _M | _SRID)
        if code >= _THOUSAND:
            dimensions = {1: 3, 2: 3, 3: 4}[code // _THOUSAND]
        name = _NAMES[code % _THOUSAND]
        return {"type": name, "coordinates": self._coordinates(name, end, dimensions, depth)}

    def _coordinates(self, name: str, end: str, dimensions: int, depth: int) -> object:
        if name == "Point":
            return self._places(end, dimensions, 1)[0]
        (count,) = self._take(f"{end}I")
        if name == "LineString":
            return self._places(end, dimensions, count)
        if name == "Polygon":
            return [self._places(end, dimensions, *self._take(f"{end}I")) for _ in range(count)]
        parts = [self.geometry(depth + 1) for _ in range(count)]
        if any(part["type"] != _PARTS[name] for part in parts):
            raise ValueError(name)
        return [part["coordinates"] for part in parts]

    def _take(self, form: str) -> tuple[int, ...]:
        told = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return told

    def _places(self, end: str, dimensions: int, count: int) -> list[list[float]]:
        size = 8 * dimensions * count
        if self.at + size > len(self.data):
            raise ValueError(count)
        places = np.frombuffer(self.data, f"{end}f8", dimensions * count, self.at).reshape(count, dimensions)
        self.at += size
        if not np.isfinite(places).all():
            raise ValueError(count)
        told: list[list[float]] = places[:, :2].tolist()
        return told
