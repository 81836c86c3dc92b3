"""A look at sample layers and old tables: GeoPackage, zipped Shapefile, dBase, old workbooks. All of it is text.

The geometry column is called ``geometry`` as land calls it; of a Shapefile and a GeoPackage no shape is read here.
"""

from __future__ import annotations

import contextlib
import io
import sqlite3
import struct
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import python_calamine as calamine

from transforms.errors import ConfigError

GEOMETRY = "geometry"
_ENCODINGS = ("utf-8", "gb18030")
_LAYERS = "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes') ORDER BY table_name"
_SHAPES = "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?"
Row = tuple[str | None, ...]
Table = tuple[tuple[str, ...], list[Row]]  # headings, the first rows


def old_sheet(raw: bytes, most: int) -> tuple[str, list[list[str | None]]]:
    """Name and first rows of the first sheet of a workbook of Excel 97 to 2003."""
    try:
        sheet = calamine.load_workbook(io.BytesIO(raw)).get_sheet_by_index(0)
        return sheet.name, [[_text(cell) for cell in row] for row in sheet.to_python(nrows=most)]
    except calamine.CalamineError:
        raise ValueError("not a workbook") from None


def package(path: Path, most: int) -> tuple[str, Table]:
    """Name, columns and first rows of the first layer of a GeoPackage.

    Raises:
        ConfigError: it is an SQLite file without layers.
    """
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
            layers = [str(name) for (name,) in connection.execute(_LAYERS)]
            if not layers:
                raise ConfigError(f"{path.name} has no layer")
            shapes = {str(name) for (name,) in connection.execute(_SHAPES, (layers[0],))}
            quoted = layers[0].replace('"', '""')
            found = connection.execute(f'SELECT * FROM "{quoted}" LIMIT {most}')  # noqa: S608 - quoted
            names = [str(column[0]) for column in found.description]
            keep = [at for at, name in enumerate(names) if name not in shapes]
            rows: list[Row] = [(*(_text(row[at]) for at in keep), *[""] * bool(shapes)) for row in found]
    except sqlite3.Error:
        raise ValueError("not a database") from None
    return layers[0], ((*(names[at] for at in keep), *[GEOMETRY] * bool(shapes)), rows)


def shapefile(book: zipfile.ZipFile, most: int) -> tuple[str | None, Table]:
    """Encoding (null where a ``.cpg`` says it), columns and first rows of the layer in an archive."""
    names = {Path(name).suffix.lower(): name for name in book.namelist()}
    encoding, (headings, rows) = table(book.read(names[".dbf"]), most)
    return None if ".cpg" in names else encoding, ((*headings, GEOMETRY), [(*row, "") for row in rows])


def table(raw: bytes, most: int) -> tuple[str, Table]:
    """Encoding, columns and first rows of a dBase table (dBase III: 32 bytes of head, 32 a field, fixed records).

    Raises:
        ValueError: it ends in its head, or is in no encoding that a contract may declare.
    """
    try:
        count, first, width = struct.unpack_from("<IHH", raw, 4)
    except struct.error:
        raise ValueError("no head") from None
    for encoding in _ENCODINGS:
        try:
            fields = [(raw[at : at + 11].split(b"\0")[0].decode(encoding), raw[at + 16]) for at in _fields(raw, first)]
            rows = [tuple(_cells(raw[at : at + width], fields, encoding)) for at in
                    islice(range(first, first + count * width, width), most) if raw[at : at + 1] == b" "]  # fmt: skip
        except UnicodeDecodeError:
            continue
        return encoding, (tuple(name for name, _ in fields), rows)
    raise ValueError("neither UTF-8 nor GB18030")


def _fields(raw: bytes, first: int) -> Iterator[int]:
    at = 32
    while at + 32 <= first and raw[at : at + 1] != b"\r":
        yield at
        at += 32


def _cells(record: bytes, fields: list[tuple[str, int]], encoding: str) -> Iterator[str | None]:
    at = 1
    for _, length in fields:
        yield record[at : at + length].decode(encoding).strip() or None
        at += length


def _text(value: object) -> str | None:
    if value is None or isinstance(value, bytes):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
