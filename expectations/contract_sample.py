"""A look at a sample file nobody has promised anything of yet: its form, headings and first rows, all text.

For an engineer's own machine: what departments drop is read by land, in a process of its own.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import zipfile
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq

from expectations import contract_layers
from transforms.errors import ConfigError

ROWS = 5_000  # enough to see codes and dates; a key is only ever a candidate
_BYTES = 64 << 20
_HEAD = 20  # rows in which headings are looked for (faults.md C14)
_DELIMITERS = (",", "\t", ";", "|")
_ENCODINGS = ("utf-8", "gb18030")


@dataclass(frozen=True)
class Sample:
    """What a file looks like.

    Attributes:
        format: the contract's word for it. encoding, delimiter, sheet: null where the format has none.
        header_row: row of the headings, from 1.
        headings: as they stand. rows: the first ones, each as long as the headings; null where nothing stands.
        whole: whether ``rows`` are all of the file's.
    """

    format: str
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    header_row: int
    headings: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    whole: bool

    def column(self, heading: str) -> list[str]:
        """What stands under a heading, blanks at the ends removed, empty cells left out."""
        place = self.headings.index(heading)
        cells = (row[place] for row in self.rows)
        return [text for cell in cells if cell is not None and (text := cell.strip())]


def sample(path: Path) -> Sample:
    """Look at a file.

    Raises:
        ConfigError: it is of no form a contract knows, of no encoding a contract may declare, or has no headings.
    """
    with path.open("rb") as file:
        raw = file.read(_BYTES)
    try:
        found = _looked(path, raw)
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, csv.Error):
        raise ConfigError(f"{path.name} cannot be read as the file it seems to be") from None
    if not found.headings or len(set(found.headings)) != len(found.headings):
        raise ConfigError(f"{path.name} has no row of headings, or one of them twice")
    return found


def _looked(path: Path, raw: bytes) -> Sample:
    if raw.startswith(b"PAR1"):
        return _parquet(path)
    if raw.startswith(b"PK"):
        return _zipped(path)
    if (told := _old(path, raw)) is not None:
        return told
    encoding, text = _decoded(path.name, raw)
    bare = text.lstrip("\ufeff \r\n\t")
    if bare.startswith("{"):
        return _json(bare, encoding)
    return _separated(text.removeprefix("\ufeff"), encoding, len(raw) < _BYTES)


def _zipped(path: Path) -> Sample:
    with zipfile.ZipFile(path) as book:
        if not any(name.lower().endswith(".shp") for name in book.namelist()):
            return _workbook(path)
        encoding, told = contract_layers.shapefile(book, ROWS + 1)
    return _layer("shapefile", encoding, None, told)


def _old(path: Path, raw: bytes) -> Sample | None:
    """What towns still send, and a GeoPackage; None where it is none of these."""
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        return _sheet("xls", *contract_layers.old_sheet(raw, ROWS + _HEAD))
    if raw.startswith(b"SQLite format 3"):
        return _layer("gpkg", None, *contract_layers.package(path, ROWS + 1))
    if raw[:1] in (b"\x03", b"\x83") and len(raw) > 32 and 1 <= raw[2] <= 12 and 1 <= raw[3] <= 31:
        encoding, told = contract_layers.table(raw, ROWS + 1)
        return _layer("dbf", encoding, None, told)
    return None


def _decoded(name: str, raw: bytes) -> tuple[str, str]:
    if raw.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", raw.decode("utf-8-sig")
    for encoding in _ENCODINGS:
        try:  # the last line may be cut in the midst of a character
            return encoding, codecs.getincrementaldecoder(encoding)("strict").decode(raw, final=len(raw) < _BYTES)
        except UnicodeDecodeError:
            continue
    raise ConfigError(f"{name} is neither UTF-8 nor GB18030: a contract declares one of these")


def _parquet(path: Path) -> Sample:
    file = pq.ParquetFile(path)
    batch = next(file.iter_batches(batch_size=ROWS), None)
    names = tuple(file.schema_arrow.names)
    rows = [] if batch is None else [tuple(map(_text, row)) for row in zip(*batch.to_pydict().values(), strict=True)]
    return Sample("parquet", None, None, None, 1, names, tuple(rows), file.metadata.num_rows <= ROWS)


def _text(value: Any) -> str | None:  # noqa: ANN401 - a cell of any type
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def _workbook(path: Path) -> Sample:
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=True)
    sheet = book.worksheets[0]
    grid = [[_text(cell) for cell in row] for row in islice(sheet.iter_rows(values_only=True), ROWS + _HEAD)]
    return _sheet("xlsx", sheet.title, grid)


def _layer(form: str, encoding: str | None, sheet: str | None, told: contract_layers.Table) -> Sample:
    headings, rows = told
    return Sample(form, encoding, None, sheet, 1, headings, tuple(rows[:ROWS]), len(rows) <= ROWS)


def _sheet(form: str, title: str, grid: list[list[str | None]]) -> Sample:
    width = max((at + 1 for row in grid for at, cell in enumerate(row) if cell), default=0)
    rows = [tuple((row + [None] * width)[:width]) for row in grid]
    head = _head(rows)
    below = tuple(row for row in rows[head:] if any(row))
    headings = tuple(cell or "" for cell in rows[head - 1]) if rows else ()
    return Sample(form, None, None, title, head, headings, below, len(grid) < ROWS + _HEAD)


def _head(rows: list[tuple[str | None, ...]]) -> int:
    """The first row whose every cell says something of its own and is no number: titles are merged, data are not."""
    for place, row in enumerate(rows[:_HEAD], 1):
        if len(set(row)) == len(row) and all(cell and not cell.replace(".", "").isdigit() for cell in row):
            return place
    return 1


def _json(text: str, encoding: str) -> Sample:
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    if isinstance(whole, dict) and whole.get("type") == "FeatureCollection":
        features = whole["features"]
        records = [{**(f.get("properties") or {}), "geometry": f.get("geometry")} for f in features[:ROWS]]
        return _records("geojson", encoding, records, len(features) <= ROWS)
    lines = [line for line in text.splitlines() if line.strip()]
    return _records("jsonl", encoding, [json.loads(line) for line in lines[:ROWS]], len(lines) <= ROWS)


def _records(form: str, encoding: str, records: list[dict[str, Any]], whole: bool) -> Sample:
    headings = tuple(dict.fromkeys(key for record in records for key in record))
    rows = tuple(
        tuple(_text(json.dumps(v) if isinstance(v := record.get(h), dict | list) else v) for h in headings)
        for record in records
    )
    return Sample(form, encoding, None, None, 1, headings, rows, whole)


def _separated(text: str, encoding: str, whole: bool) -> Sample:
    first = text.splitlines()[: _HEAD * 3]
    delimiter = max(_DELIMITERS, key=lambda mark: _regular(first, mark))
    rows = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), ROWS + _HEAD))
    width = Counter(len(row) for row in rows if row).most_common(1)[0][0] if any(rows) else 0
    told: list[tuple[str | None, ...]] = [tuple(row) if len(row) == width else ("",) * width for row in rows]
    head = _head(told)
    headings = tuple(cell or "" for cell in told[head - 1]) if told else ()
    below = tuple(row for row in told[head:] if any(row))
    return Sample("csv", encoding, delimiter, None, head, headings, below, whole and len(rows) < ROWS + _HEAD)


def _regular(lines: list[str], delimiter: str) -> tuple[int, int]:
    """How many lines agree on a number of fields above one, and on how many."""
    counts = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
    width, rows = counts.most_common(1)[0] if counts else (0, 0)
    return rows, width
