"""Zipped Shapefiles made byte by byte, after the ESRI Shapefile Technical Description of July 1998 and dBase III."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence

PLACE = (112.10, 22.90)
WIDTH = 60
Ring = Sequence[tuple[float, float]]


def point(x: float, y: float) -> bytes:
    """A point."""
    return struct.pack("<idd", 1, x, y)


def rings(*parts: Ring, kind: int = 5) -> bytes:
    """A polygon (5) of rings, or a line (3) of parts."""
    places = [place for part in parts for place in part]
    starts = [sum(len(p) for p in parts[:i]) for i in range(len(parts))]
    xs, ys = [p[0] for p in places], [p[1] for p in places]
    head = struct.pack("<i4dii", kind, min(xs), min(ys), max(xs), max(ys), len(parts), len(places))
    return head + struct.pack(f"<{len(parts)}i", *starts) + b"".join(struct.pack("<dd", *p) for p in places)


def geometries(shapes: Sequence[bytes], kind: int = 1) -> tuple[bytes, bytes]:
    """The .shp and the .shx of some shapes."""
    body, index = b"", b""
    for number, shape in enumerate(shapes, 1):
        index += struct.pack(">II", (100 + len(body)) // 2, len(shape) // 2)
        body += struct.pack(">II", number, len(shape) // 2) + shape
    return _head(100 + len(body), kind) + body, _head(100 + len(index), kind) + index


def _head(length: int, kind: int) -> bytes:
    return struct.pack(">i5ii", 9994, 0, 0, 0, 0, 0, length // 2) + struct.pack("<ii8d", 1000, kind, *[0.0] * 8)


def attributes(headings: Sequence[str], rows: Sequence[Sequence[str | None]], encoding: str, types: str = "") -> bytes:
    """The .dbf: text fields, or of the given type letters; a row that is None is a deleted record."""
    fields = b""
    for at, heading in enumerate(headings):
        name = heading.encode(encoding)
        assert len(name) <= 10, "a dBase name has ten bytes"
        fields += struct.pack("<11sc4xBB14x", name, types[at : at + 1].encode() or b"C", WIDTH, 0)
    head = struct.pack("<B3BIHH20x", 3, 126, 10, 1, len(rows), 32 + len(fields) + 1, 1 + WIDTH * len(headings))
    body = b"".join(b" " + b"".join((value or "").encode(encoding).ljust(WIDTH) for value in row) for row in rows)
    return head + fields + b"\r" + body + b"\x1a"


def zipped(parts: dict[str, bytes]) -> bytes:
    """An archive of named parts."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return sink.getvalue()


def parts(
    headings: Sequence[str],
    rows: Sequence[Sequence[str | None]],
    *,
    encoding: str = "gb18030",
    shapes: Sequence[bytes] | None = None,
    types: str = "",
) -> dict[str, bytes]:
    """The parts of a layer of points, or of the given shapes."""
    shp, shx = geometries(shapes if shapes is not None else [point(*PLACE)] * len(rows))
    dbf = attributes(headings, rows, encoding, types)
    return {"图层.shp": shp, "图层.shx": shx, "图层.dbf": dbf, "图层.cpg": encoding.upper().encode()}
