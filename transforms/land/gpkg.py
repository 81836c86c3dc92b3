"""GeoPackage: one layer of an SQLite file, read by SQLite itself with everything shut that a file could misuse.

No GDAL, so nothing is guessed from content. Tables are read, never views or virtual tables, and no function of the file
runs: a stranger's schema is data (https://www.sqlite.org/security.html).
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from transforms.errors import RefusedError
from transforms.land import shapefile, shp, wkb
from transforms.land.geojson import POINT
from transforms.land.headings import judge
from transforms.land.job import CELL_BYTES, FIELD_BYTES, GEOMETRY, Chunk, Found, Gathered, Job, differing, too_large
from transforms.land.json_text import RowFaultError
from transforms.land.parquet_file import plain

_ROWS = 50_000
_LONGEST = 64 << 20  # bytes of a text or a polygon that SQLite may hand over
_ENVELOPES = (0, 32, 48, 48, 64)  # bytes, by the header's flag (GeoPackage 1.3, 2.1.3)
_HEAD, _EMPTY = 8, 0x10
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_FUNCTION}
_FUNCTIONS = {None, "count"}
_INTERIOR, _LEAF = 0x05, 0x0D  # pages of a table's tree (https://www.sqlite.org/fileformat.html, 1.6)


@dataclass(frozen=True)
class Layer:
    """A table of the package: its columns, the one that holds the geometry, and where its tree begins."""

    name: str
    columns: tuple[str, ...]
    geometry: str | None
    key: str | None
    root: int


def read(job: Job, raw: BinaryIO, found: Found) -> Iterator[Chunk]:
    """Rows of the layer by their ids; ``line`` is the feature's number in that order, from 1.

    Raises:
        RefusedError: ``TRUNCATED``, ``DAMAGED``, ``WRONG_TYPE`` (a layer that is no table), ``NO_SHEET``,
            ``WRONG_CRS``, ``ENCODING`` or columns that break the contract.
    """
    with _opened(raw) as package:
        layer = _layer(package, job.sheet)
        plain_columns = [n for n in layer.columns if n != layer.geometry and (n != layer.key or n in job.known)]
        shape = [GEOMETRY, *(name for name in POINT if name in job.known)] if layer.geometry else []
        headings = judge(job, [*plain_columns, *shape], found)
        names = dict(zip(headings, plain_columns, strict=False))
        wanted = [h for h in job.landed if h in names]
        listed = ", ".join(_quoted(name) for name in [layer.geometry or "rowid", *(names[h] for h in wanted)])
        rows = package.execute(f"SELECT {listed} FROM {_quoted(layer.name)} ORDER BY rowid")  # noqa: S608 - quoted names
        yield from _chunks(job, wanted, rows, placed=bool(shape))


def _chunks(job: Job, wanted: list[str], rows: sqlite3.Cursor, *, placed: bool) -> Iterator[Chunk]:
    gathered = Gathered(len(job.landed))
    for number, (place, *cells) in enumerate(rows, 1):
        try:
            told = {h: _text(h, cell, number) for h, cell in zip(wanted, cells, strict=True)}
            told |= _geometry(place) if placed else {}
        except RowFaultError as fault:
            gathered.fail(number, str(fault))
        else:
            floats = [h for h, cell in zip(wanted, cells, strict=True) if isinstance(cell, float)]
            gathered.add(number, tuple(told[h] for h in job.landed), "|".join(floats) or None)
        if len(gathered.lines) >= _ROWS:
            yield gathered.chunk()
            gathered = Gathered(len(job.landed))
    yield gathered.chunk()


def _text(heading: str, cell: bytes | float | None, number: int) -> str | None:
    if cell is None or isinstance(cell, int):
        return None if cell is None else str(cell)
    if isinstance(cell, float):
        return plain(cell)
    if len(cell) > CELL_BYTES:
        raise too_large(f"feature {number}, column {heading}", len(cell))
    if len(cell) > FIELD_BYTES:
        raise RowFaultError("FIELD_TOO_LONG")
    try:
        return cell.decode()
    except UnicodeDecodeError:
        raise RefusedError("ENCODING", f"feature {number}, column {heading}: not utf-8") from None


def _geometry(blob: bytes | float | None) -> dict[str, str | None]:
    """The geometry's columns; an empty one is none.

    Raises:
        RowFaultError: ``BAD_GEOMETRY``.
    """
    nothing = dict.fromkeys((GEOMETRY, *POINT))
    if blob is None:
        return nothing
    if not isinstance(blob, bytes) or not blob.startswith(b"GP") or len(blob) < _HEAD:
        raise RowFaultError("BAD_GEOMETRY")
    flags = blob[3]
    if flags & _EMPTY:
        return nothing
    if (envelope := flags >> 1 & 7) >= len(_ENVELOPES):
        raise RowFaultError("BAD_GEOMETRY")
    found = wkb.geometry(blob[_HEAD + _ENVELOPES[envelope] :])
    x, y = map(repr, found["coordinates"]) if found["type"] == "Point" else (None, None)  # type: ignore[call-overload]
    return {GEOMETRY: shp.text(found), POINT[0]: x, POINT[1]: y}


@contextlib.contextmanager
def _opened(raw: BinaryIO) -> Iterator[sqlite3.Connection]:
    """The package, read only, whole; every error of SQLite's is a damaged file."""
    _whole(raw)
    try:
        path = f"file:/proc/self/fd/{raw.fileno()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as package:
            package.text_factory = bytes
            package.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
            package.execute("PRAGMA trusted_schema = OFF")
            package.execute("PRAGMA cell_size_check = ON")
            package.set_authorizer(_authorized)
            yield package
    except (sqlite3.Error, OverflowError, UnicodeDecodeError):  # the last: names and SQLite's own words about them
        raise RefusedError("DAMAGED", "the package cannot be read") from None


def _authorized(action: int, _one: str | None, two: str | None, *_: str | None) -> int:
    """Reading is allowed, and nothing that the file could have brought along."""
    fine = action in _ALLOWED and (action != sqlite3.SQLITE_FUNCTION or two in _FUNCTIONS)
    return sqlite3.SQLITE_OK if fine else sqlite3.SQLITE_DENY


def _pages(raw: BinaryIO) -> tuple[int, int]:
    """Bytes of a page and number of pages, as the head tells."""
    raw.seek(0)
    head = raw.read(100)
    if len(head) < 100:
        raise RefusedError("TRUNCATED", "the package ends inside its head")
    size = int.from_bytes(head[16:18], "big")
    return 65536 if size == 1 else size, int.from_bytes(head[28:32], "big")


def _whole(raw: BinaryIO) -> None:
    size, pages = _pages(raw)
    if raw.seek(0, 2) < size * pages:
        raise RefusedError("TRUNCATED", f"the package ends before its {pages} pages do")
    raw.seek(0)


def _layer(package: sqlite3.Connection, wanted: str | None) -> Layer:
    """The layer of the contract's name, or the only one.

    Raises:
        RefusedError: as :func:`read`.
    """
    found = package.execute("SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')")
    names = sorted(_word(name) for (name,) in found)
    if wanted is None and len(names) != 1:
        raise RefusedError("NO_SHEET", f"the package holds {len(names)} layers; the contract names none")
    name = wanted or names[0]
    if name not in names:
        raise RefusedError("NO_SHEET", f"the package has no layer {name}")
    stored = package.execute("SELECT type, rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    if stored is None or stored[0] != b"table" or not stored[1]:
        raise RefusedError("WRONG_TYPE", f"layer {name} is no table")
    told = package.execute(f"PRAGMA table_info({_quoted(name)})").fetchall()
    columns = tuple(_word(row[1]) for row in told)
    keys = [_word(row[1]) for row in told if row[5]]
    question = "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?"
    shape = package.execute(question, (name,)).fetchone() if _has(package, "gpkg_geometry_columns") else None
    if shape:
        system = package.execute("SELECT definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?", (shape[1],)).fetchone()
        shapefile.geographic(system[0] if system and isinstance(system[0], bytes) else b"", "the package")
    place = _word(shape[0]) if shape else None
    if place and place not in columns:  # SQLite would read its name as a text
        raise RefusedError("DAMAGED", "the layer lacks the column that should hold its geometry")
    return Layer(name, columns, place, keys[0] if len(keys) == 1 else None, int(stored[1]))


def _word(name: object) -> str:
    """A name in the package's own tables, which may hold anything.

    Raises:
        RefusedError: ``DAMAGED``.
    """
    if not isinstance(name, bytes):
        raise RefusedError("DAMAGED", "a name in the package is no text")
    return name.decode("utf-8", "replace")


def _has(package: sqlite3.Connection, name: str) -> bool:
    return package.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None


def _quoted(name: str) -> str:
    return "rowid" if name == "rowid" else '"' + name.replace('"', '""') + '"'


def count(job: Job, raw: BinaryIO, found: Found) -> None:
    """Count again: the cells in the leaves of the layer's tree, page by page, without SQLite.

    Raises:
        RefusedError: ``ROW_COUNT`` when the counts differ, ``DAMAGED``.
    """
    with _opened(raw) as package:
        root = _layer(package, job.sheet).root
    size, pages = _pages(raw)
    rows, seen, waiting = 0, set[int](), [root]
    while waiting:
        number = waiting.pop()
        if number in seen or not 1 <= number <= pages:
            raise RefusedError("DAMAGED", "the layer's pages lead in a circle, or out of the file")
        seen.add(number)
        raw.seek((number - 1) * size)
        page = raw.read(size)
        head = 100 if number == 1 else 0
        kind, cells = page[head], int.from_bytes(page[head + 3 : head + 5], "big")
        if kind == _LEAF:
            rows += cells
        elif kind == _INTERIOR:
            waiting += _children(page, head, cells)
        else:
            raise RefusedError("DAMAGED", "a page of the layer is of no kind that a table has")
    if rows != found.rows + found.left:
        raise differing(found.rows + found.left, rows, "rows")


def _children(page: bytes, head: int, cells: int) -> Iterator[int]:
    for at in range(head + 12, head + 12 + 2 * cells, 2):
        cell = int.from_bytes(page[at : at + 2], "big")
        yield int.from_bytes(page[cell : cell + 4], "big")
    yield int.from_bytes(page[head + 8 : head + 12], "big")
