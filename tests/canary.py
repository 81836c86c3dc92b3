"""Marked values in the rows of every source, in its own format: wherever one is found later, something talked."""

from __future__ import annotations

import csv
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from tests.homes import ROOT
from transforms import contract as contracts
from transforms.contract import Contract

NAME, NUMBER, PHONE, FAULT = (
    "欧阳标记甲",
    "445391199902280019",
    "13800001379",
    "标记错列",
)  # sound, and nobody's: no county has 445391
MARKS = (NAME, NUMBER, PHONE, FAULT)
_EACH = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"  # one for each source


def own(source: str) -> str:
    """A mark that stands in the files of one source alone."""
    return f"欧阳标{_EACH[sorted(contracts.load_all(ROOT / 'expectations')).index(source)]}"


def _rows(contract: Contract) -> tuple[str, ...]:
    """The marks that are told, one a row, in each of its columns."""
    return NAME, NUMBER, PHONE, own(contract.source)


def mark(path: Path, contract: Contract) -> None:
    """Put a mark into every text of four rows of a source's file; a CSV also gets a row that cannot be split."""
    WRITERS[contract.arrives.format](path, contract)


def marked(drops: Path) -> Path:
    """The drop boxes of a night, every file marked."""
    known = contracts.load_all(ROOT / "expectations")
    for folder in sorted(drops.iterdir()):
        for path in folder.iterdir():
            mark(path, known[folder.name])
    return drops


def spellings(mark: str) -> set[bytes]:
    """A value as it might stand in a file: UTF-8, GB18030, UTF-16, escaped in JSON."""
    encoded = {mark.encode(name) for name in ("utf-8", "gb18030", "utf-16-le", "utf-16-be")}
    return encoded | {json.dumps(mark).strip('"').encode()}


def found_in(data: bytes, marks: Iterable[str] = MARKS) -> list[str]:
    """The marks that stand in some bytes."""
    return [mark for mark in marks if any(spelling in data for spelling in spellings(mark))]


def _csv(path: Path, contract: Contract) -> None:
    arrives = contract.arrives
    encoding = str(arrives.encoding)
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline=""), delimiter=arrives.delimiter))
    for at, told in enumerate(_rows(contract), arrives.header_row + 1):
        if at < len(rows):
            rows[at] = [told] * len(rows[at])
    rows.append([*rows[arrives.header_row], FAULT, FAULT])
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=arrives.delimiter).writerows(rows)
    path.write_bytes(sink.getvalue().encode(encoding))


def _json_lines(path: Path, contract: Contract) -> None:
    lines = path.read_text("utf-8").splitlines()
    for at, told in enumerate(_rows(contract)[: len(lines)]):
        lines[at] = json.dumps(dict.fromkeys(json.loads(lines[at]), told), ensure_ascii=False)
    path.write_text("\n".join([*lines, f'{{"{FAULT}', ""]), "utf-8")


def _geojson(path: Path, contract: Contract) -> None:
    layer: dict[str, Any] = json.loads(path.read_text("utf-8"))
    for feature, told in zip(layer["features"], _rows(contract), strict=False):
        feature["properties"] = dict.fromkeys(feature["properties"], told)
    path.write_text(json.dumps(layer, ensure_ascii=False), "utf-8")


def _parquet(path: Path, contract: Contract) -> None:
    table, told = pq.read_table(path), _rows(contract)
    for name in table.column_names:
        if pa.types.is_string(table.schema.field(name).type):
            cells = table[name].to_pylist()
            cells[: len(told)] = told[: len(cells)]
            table = table.set_column(table.schema.get_field_index(name), name, pa.array(cells, pa.string()))
    pq.write_table(table, path, write_page_checksum=True)


def _xlsx(path: Path, contract: Contract) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book[str(contract.arrives.sheet)]
    for at, told in enumerate(_rows(contract), contract.arrives.header_row + 1):
        for cell in sheet[at]:
            if not isinstance(cell, openpyxl.cell.cell.MergedCell):
                cell.value = told
    book.save(path)


def _shapefile(path: Path, contract: Contract) -> None:
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    for name, data in parts.items():
        if name.lower().endswith(".dbf"):
            parts[name] = _dbase(bytearray(data), contract)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in parts.items():
            book.writestr(name, data)


def _dbase(data: bytearray, contract: Contract) -> bytes:
    encoding = str(contract.arrives.encoding or "gb18030")
    count, first, width = struct.unpack_from("<IHH", data, 4)
    start, fields = 1, []
    for at in range(32, first - 31, 32):
        if data[at : at + 1] != b"\r":
            fields.append((data[at + 11 : at + 12], start, data[at + 16]))
            start += data[at + 16]
    for row, told in zip(range(count), _rows(contract), strict=False):
        for kind, place, length in fields:
            text = told.encode(encoding)
            if kind == b"C" and len(text) <= length:
                at = first + row * width + place
                data[at : at + length] = text.ljust(length)
    return bytes(data)


WRITERS: dict[str, Callable[[Path, Contract], None]] = {
    "csv": _csv, "jsonl": _json_lines, "geojson": _geojson, "parquet": _parquet, "xlsx": _xlsx, "shapefile": _shapefile,
}  # fmt: skip
