"""The homes of a night are all that were ever set; control needs those that the release before did not set alike.

A city has millions of homes and a night changes a few: they are compared file with file, in pieces, and what is equal
is not brought to the database. Where the release before left no file that is known to be its own (a first release, a
rollback, a night that was published twice, tables whose time was over) every home goes there, and the upsert compares.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms import store, tables
from transforms.manifest import Manifest
from transforms.publish import bundle as bundles
from transforms.publish.bundle import Bundle
from transforms.run import Settings

NAME, STAMP = "home", "homed_release"
FILE = f"{NAME}.parquet"


@dataclass(frozen=True)
class Before:
    """The release that control took in last: number, night, checksum."""

    release: int
    night: str
    checksum: str


def news(settings: Settings, found: Bundle, before: Before | None) -> Iterator[pa.Table]:
    """The homes that differ from those of the release before, or all of them, in pieces, without the stamp."""
    table = tables.load_all()[NAME]
    names = [name for name in table.schema.names if name != STAMP]
    told = _told(settings, before) if before else None
    if told is not None and told.sha256 == found.sha256.get(FILE):
        return  # what stands in the file of before need not be read to know it
    if told is None or FILE not in found.rows or not _whole(told):
        yield from every(found)
        return
    theirs = (piece.select(names) for piece in store.read_pieces(told.path, bundles.ROWS))
    known, last = None, ""
    for piece in found.pieces(NAME, table, names):
        texts = _texts(piece, names)
        end = _key(piece, table.key)
        while last <= end and (more := next(theirs, None)) is not None:
            fresh = pa.table({"key": _texts(more, table.key), "text": _texts(more, names)})
            known, last = fresh if known is None else pa.concat_tables([known, fresh]), _key(more, table.key)
        if known is None:
            yield piece
            continue
        if (rows := piece.filter(pc.invert(pc.is_in(texts, known["text"])))).num_rows:
            yield rows
        known = known.filter(pc.greater(known["key"], end))


def every(found: Bundle) -> Iterator[pa.Table]:
    """All homes that a night hands over, in pieces, without the stamp."""
    table = tables.load_all()[NAME]
    yield from found.pieces(NAME, table, [name for name in table.schema.names if name != STAMP])


def stamped(rows: pa.Table, number: int) -> pa.Table:
    """Homes with the release in which they were set."""
    return rows.append_column(STAMP, pa.array([number] * rows.num_rows, pa.int64()))


def _texts(rows: pa.Table, names: list[str] | tuple[str, ...]) -> pa.ChunkedArray:
    """One text a row; a home has no null and no value with a unit separator in it."""
    return pc.binary_join_element_wise(*(rows[name].cast(pa.string()) for name in names), "\x1f")


def _key(rows: pa.Table, key: tuple[str, ...]) -> str:
    return str(_texts(rows.slice(rows.num_rows - 1), key)[0])


@dataclass(frozen=True)
class _Told:
    """The file of homes that became a release, as its manifest tells it."""

    path: Path
    sha256: str


def _told(settings: Settings, before: Before) -> _Told | None:
    """The file of homes that became that release, if its manifest is there still."""
    folder = settings.lake / "night" / before.night / "account" / "release"
    found = Manifest.read(folder)
    if found is None or found.room != "account" or found.status != "complete" or FILE not in found.files:
        return None
    path, name = folder / "release.json", "release.json"
    if name not in found.files or not path.is_file() or store.file_sha256(path) != found.files[name]["sha256"]:
        return None
    told = json.loads(path.read_text("utf-8"))
    if (told.get("base_release"), told.get("checksum")) != (before.release - 1, before.checksum):
        return None
    return _Told(folder / FILE, str(found.files[FILE]["sha256"]))


def _whole(told: _Told) -> bool:
    """Whether the file lies there still and is as it was written."""
    return told.path.is_file() and store.file_sha256(told.path) == told.sha256
