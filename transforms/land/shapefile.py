"""Zipped Shapefile: one layer of .shp, .shx and .dbf in one archive. No GDAL, so nothing is guessed from content."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from transforms.errors import RefusedError
from transforms.land import archive, shp
from transforms.land.dbf import Table
from transforms.land.geojson import POINT
from transforms.land.headings import judge
from transforms.land.job import GEOMETRY, Chunk, Found, Gathered, Job, differing
from transforms.land.json_text import RowFaultError

_NEEDED = ("shp", "shx", "dbf")
_PAGES = {
    "utf-8": ("utf-8", "utf8", "65001"),
    "gb18030": ("gb18030", "gbk", "gb2312", "936", "cp936", "ansi 936", "54936"),
}
_METRES = ("PROJCS[", "PROJCRS[")
_OTHER_DATUMS = ("BEIJING", "XIAN", "XI'AN")
_INDEX = 8  # bytes of .shx per record
_ROWS = 50_000


def read(job: Job, raw: BinaryIO, found: Found) -> Iterator[Chunk]:
    """Rows of the layer; ``line`` is the feature's number, from 1.

    Raises:
        RefusedError: what :mod:`archive`, :mod:`dbf` and :mod:`shp` refuse, ``WRONG_TYPE``, ``BAD_ARCHIVE`` (several
            layers, or a part missing), ``ENCODING``, ``WRONG_CRS``, ``ROW_COUNT`` or fields that break the contract.
    """
    parts = _parts(raw)
    geographic(parts.get("prj", b""), "its .prj")
    table = Table.of(parts["dbf"], _encoding(job, parts))
    names = [field.name for field in table.fields]
    wanted = [name for name in POINT if name in job.known]
    headings = judge(job, [*names, GEOMETRY, *wanted], found)
    places = {heading: at for at, heading in enumerate(headings)}
    gathered = Gathered(len(job.landed))
    shapes = shp.shapes(parts["shp"])
    for number, record in table.rows():
        shape = next(shapes, None)
        if shape is None:
            raise differing(number - 1, table.records, "records (shapes and attributes)")
        if record is None:
            found.leave("deleted", number)
            continue
        try:
            geometry = _geometry(shp.geometry(shape))
        except RowFaultError as fault:
            gathered.fail(number, str(fault))
            continue
        fields = {h: table.fields[places[h]] for h in job.landed if places[h] < len(names)}
        told = {h: table.text(field, record, number) for h, field in fields.items()} | geometry
        numeric = "|".join(h for h in job.landed if h in fields and fields[h].numeric and told[h]) or None
        gathered.add(number, tuple(told[h] for h in job.landed), numeric)
        if len(gathered.lines) >= _ROWS:
            yield gathered.chunk()
            gathered = Gathered(len(job.landed))
    if next(shapes, None) is not None:
        raise differing(table.records + 1, table.records, "records (shapes and attributes)")
    yield gathered.chunk()


def _geometry(shape: dict[str, object] | None) -> dict[str, str | None]:
    x, y = None, None
    if shape and shape["type"] == "Point":
        x, y = map(repr, shape["coordinates"])  # type: ignore[call-overload]  # two floats
    return {GEOMETRY: shp.text(shape), POINT[0]: x, POINT[1]: y}


def _parts(raw: BinaryIO) -> dict[str, bytes]:
    """Suffix → bytes of the archive's one layer."""
    opened = archive.opened(raw, "the archive")
    paths = {info: PurePosixPath(info.filename) for info in opened.infolist() if not info.is_dir()}
    layers = [path for path in paths.values() if path.suffix.lower() == ".shp"]
    if not layers:
        raise RefusedError("WRONG_TYPE", "the archive holds no Shapefile")
    if len(layers) > 1:
        raise RefusedError("BAD_ARCHIVE", f"the archive holds {len(layers)} layers; one Shapefile is promised")
    (layer,) = layers
    mine = {p.suffix.lower()[1:]: i for i, p in paths.items() if (p.parent, p.stem) == (layer.parent, layer.stem)}
    if missing := [suffix for suffix in _NEEDED if suffix not in mine]:
        raise RefusedError("BAD_ARCHIVE", f"the Shapefile lacks its part .{', .'.join(missing)}")
    return {suffix: _bytes(opened, mine[suffix]) for suffix in (*_NEEDED, "cpg", "prj") if suffix in mine}


def _bytes(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    return b"".join(archive.unpacked(opened, info))


def _encoding(job: Job, parts: dict[str, bytes]) -> str:
    page = parts.get("cpg", b"").decode("latin-1").strip("\ufeff \r\n\t").lower()
    told = next((encoding for encoding, words in _PAGES.items() if page in words), None)
    declared = job.encoding.removesuffix("-sig") if job.encoding else None
    if declared and page and told != declared:
        raise RefusedError("ENCODING", f"its .cpg names another encoding than {declared}, as declared")
    if found := declared or told:
        return found
    raise RefusedError("ENCODING", "neither the contract nor a .cpg says in which encoding the attributes are")


def geographic(system: bytes, who: str) -> None:
    """Refuse a coordinate system in metres, or of a datum that no contract can declare.

    Raises:
        RefusedError: ``WRONG_CRS``.
    """
    told = system.decode("latin-1").upper().lstrip()
    if told.startswith(_METRES) or any(datum in told for datum in _OTHER_DATUMS):
        raise RefusedError("WRONG_CRS", f"{who} says metres, or another datum than a contract can declare")


def count(_job: Job, raw: BinaryIO, found: Found) -> None:
    """Count again: entries of the index.

    Raises:
        RefusedError: ``ROW_COUNT`` when the counts differ.
    """
    entries = (shp.length(_parts(raw)["shx"]) - shp.HEAD) // _INDEX
    if entries != found.rows + found.left:
        raise differing(found.rows + found.left, entries, "records")
