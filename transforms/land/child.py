"""The parser process: caps itself, reads one hostile file, writes rows.parquet and says how it went.

Nothing it says holds a value of the file. It may be killed at any time: its parent survives.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from transforms import store
from transforms.errors import RefusedError
from transforms.land import (
    asides,
    csv_file,
    dbf_file,
    geojson,
    gpkg,
    json_lines,
    parquet_file,
    receipt_file,
    rows,
    shapefile,
    xls_file,
    xlsx_file,
)
from transforms.land.confine import cap
from transforms.land.headings import AbsentError
from transforms.land.job import Counter, Found, Job, Reader

TABLE, JOB, RESULT = "rows.parquet", "job.json", "result.json"
_FORMATS: dict[str, tuple[Reader, Counter]] = {
    "csv": (csv_file.read, csv_file.count),
    "jsonl": (json_lines.read, json_lines.count),
    "geojson": (geojson.read, geojson.count),
    "xlsx": (xlsx_file.read, xlsx_file.count),
    "receipt": (receipt_file.read, receipt_file.count),
    "xls": (xls_file.read, xls_file.count),
    "parquet": (parquet_file.read, parquet_file.count),
    "shapefile": (shapefile.read, shapefile.count),
    "gpkg": (gpkg.read, gpkg.count),
    "dbf": (dbf_file.read, dbf_file.count),
}
_MAGIC = (
    (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"PAR1", "parquet"), (b"\xd0\xcf\x11\xe0", "ole"),
    (b"%PDF", "PDF"), (b"\x1f\x8b", "gzip"), (b"7z\xbc\xaf", "7z"), (b"Rar!", "rar"), (b"SQLite format 3", "SQLite"),
)  # fmt: skip
_WRAPPED = {
    "xlsx": "zip", "receipt": "zip", "shapefile": "zip", "parquet": "parquet", "gpkg": "SQLite", "dbf": "dBase",
    "xls": "ole",
}  # fmt: skip
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LOCKED = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True)
class Result:
    """What became of the file: ``code`` is null when it was split into rows; ``mends`` of a receipt alone.

    ``absent`` are columns that may be missing and are.
    """

    code: str | None
    message: str
    rows: int
    extras: list[str]
    notes: list[str] = field(default_factory=list)
    mends: str | None = None
    absent: list[str] = field(default_factory=list)


def parse(job: Job, raw: BinaryIO, folder: Path) -> Result:
    """Split the file into ``folder/rows.parquet``, count it twice, and tell."""
    try:
        _recognise(job, raw)
        try:
            found = _split(job, raw, (), folder)
        except AbsentError as absent:
            found = _split(job, raw, absent.headings, folder)
    except RefusedError as error:
        return Result(error.code, error.detail, 0, [])
    except MemoryError:
        return Result("TOO_LARGE", "the file needs more memory than one file may have", 0, [])
    except Exception as error:
        return Result("UNREADABLE", f"the file cannot be read ({type(error).__name__})", 0, [])
    renamed = [f"column {heading} came as {alias}" for heading, alias in sorted(found.renamed.items())]
    return Result(
        None, "", found.rows, found.extras, renamed + asides.told(found) + found.notes, found.mends, list(found.absent)
    )


def _split(job: Job, raw: BinaryIO, absent: tuple[str, ...], folder: Path) -> Found:
    """Write the rows, counted twice; columns that are absent are null."""
    reader, counter = _FORMATS[job.format]
    there = replace(job, landed=tuple(heading for heading in job.landed if heading not in absent))
    found = Found(absent=absent)
    raw.seek(0)
    store.write_pieces(folder / TABLE, rows.pieces(job, reader(there, raw, found), found))
    with open(raw.fileno(), "rb", closefd=False) as again:
        again.seek(0)
        counter(there, again, found)
    return found


def _recognise(job: Job, raw: BinaryIO) -> None:
    start = raw.read(512)
    raw.seek(0)
    if not start:
        raise RefusedError("EMPTY_FILE", "the file has no bytes")
    is_type = next((kind for magic, kind in _MAGIC if start.startswith(magic)), "text")
    if is_type == "text" and _is_dbase(start):
        is_type = "dBase"
    wanted = _WRAPPED.get(job.format, "text")
    if is_type == "ole" and job.format == "xlsx":
        locked = _LOCKED in raw.read()
        raise RefusedError("ENCRYPTED" if locked else "WRONG_TYPE", "this is an old or protected workbook, not xlsx")
    bare = start.removeprefix(_UTF8_MARK).lstrip().lower()
    if is_type == "text" and bare.startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        is_type = "markup"
    if is_type == "text" and job.format == "csv" and bare.startswith((b"{", b"[{")):
        is_type = "JSON"
    if wanted != is_type:
        raise RefusedError("WRONG_TYPE", f"the bytes are {is_type}; the contract promises {job.format}")
    marked = start.startswith(_UTF16_MARKS) or (job.encoding == "gb18030" and start.startswith(_UTF8_MARK))
    if wanted == "text" and marked:
        raise RefusedError("ENCODING", f"the byte order mark is of another encoding than {job.encoding}, as declared")


def _is_dbase(start: bytes) -> bool:
    """A dBase III head, with or without memo: version, and a day that is one."""
    return start[0] in (0x03, 0x83) and 1 <= start[2:3].ljust(1)[0] <= 12 and 1 <= start[3:4].ljust(1)[0] <= 31


def run(folder: Path, descriptor: int) -> None:
    """Be the parser of one file: read ``job.json`` of the folder, take its caps, leave the answer there.

    Args:
        folder: the caller's, for this file alone.
        descriptor: of the file's raw bytes, open for reading.
    """
    job = Job.from_json((folder / JOB).read_text("utf-8"))
    with os.fdopen(descriptor, "rb") as raw:
        cap(job.memory, job.cpu, 4 * os.fstat(raw.fileno()).st_size + (1 << 30))
        result = parse(job, raw, folder)
    (folder / RESULT).write_text(json.dumps(asdict(result)), "utf-8")
