"""Blanks rows in a file of a department's, format by format: cells gone, the row still there, the others untouched.

Each writer is given a file that the parser has been through, and its outcome is parsed again before it counts: a file
that one of them does not understand is no error, land's own table takes its place then (:mod:`redact`).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import model
from transforms.land import archive

Blank = Callable[[Path, Path, Sequence[int], pa.Table], None]
"""(raw bytes, where to write, lines to blank, the landed table of the file) → nothing."""

_MARK = model.NOT_TAKEN_OVER.encode()  # a row of nothing would be no row
_ROW = re.compile(rb"(<(\w+:)?row\b[^>]*?)(?:/>|>(.*?)</(?:\w+:)?row>)", re.DOTALL)
_NUMBER = re.compile(rb"\br=[\"'](\d+)[\"']")
_SHARED = re.compile(rb"<(?:\w+:)?c\b[^>]*\bt=[\"']s[\"'][^>]*>.*?<(?:\w+:)?v>(\d+)</", re.DOTALL)
_TEXT = re.compile(rb"<((?:\w+:)?)si\b[^>]*>.*?</(?:\w+:)?si>|<(?:\w+:)?si\s*/>", re.DOTALL)
_STRINGS = "xl/sharedStrings.xml"


def csv(raw: Path, target: Path, lines: Sequence[int], told: pa.Table) -> None:
    """A record of so many physical lines stays one of so many lines: its first field says that it was not taken over.

    A quote's or line break's byte is never part of another character, in UTF-8 or in GB18030. The delimiters stay.
    """
    every = raw.read_bytes().splitlines(keepends=True)
    starts = sorted(told["line"].to_pylist())
    after = dict(zip(starts, [*starts[1:], len(every) + 1], strict=True))
    for line in lines:
        first, end = line - 1, _end(every, line - 1, after[line] - 1)
        record = b"".join(every[first:end])
        last = record[len(record.rstrip(b"\r\n")) :]
        said = b'"' + _MARK + b"\n" * (end - first - 1) + b'"' if end - first > 1 else _MARK
        every[first:end] = [said + _delimiters(record) + last, *[b""] * (end - first - 1)]
    target.write_bytes(b"".join(every))


def _end(every: list[bytes], first: int, limit: int) -> int:
    """Behind the last physical line of the record: where its quotes are even, the next row at the latest."""
    quotes, at = 0, first
    while at < limit:
        quotes += every[at].count(b'"')
        at += 1
        if quotes % 2 == 0:
            break
    return at


def _delimiters(record: bytes) -> bytes:
    """The record's delimiters without its fields: the first of the bytes that delimit anywhere which it holds."""
    outside = re.sub(rb'"[^"]*"', b"", record)
    for mark in (b"\t", b",", b"|", b";"):
        if mark in outside:
            return mark * outside.count(mark)
    return b""


def xlsx(raw: Path, target: Path, lines: Sequence[int], told: pa.Table) -> None:
    """Rows of every sheet that land read: one cell is left; texts that nothing else of the book says are emptied."""
    wanted = set(lines)
    with zipfile.ZipFile(io.BytesIO(raw.read_bytes())) as book:
        archive.workbook(io.BytesIO(raw.read_bytes()))
        name = _sheet(book, told)
        sheet, gone = _sheet_without(book.read(name), wanted)
        said = {int(at) for part in book.namelist() if _is_sheet(part) and part != name
                for at in _SHARED.findall(book.read(part))}  # fmt: skip
        gone -= said | {int(at) for at in _SHARED.findall(sheet)}
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as fresh:
            for entry in book.infolist():
                data = sheet if entry.filename == name else book.read(entry)
                if entry.filename == _STRINGS:
                    data = _strings_without(data, gone)
                fresh.writestr(zipfile.ZipInfo(entry.filename, entry.date_time), data, zipfile.ZIP_DEFLATED)


def _is_sheet(part: str) -> bool:
    return part.startswith("xl/worksheets/") and part.endswith(".xml")


def _sheet(book: zipfile.ZipFile, told: pa.Table) -> str:
    """The part of the sheet that was landed: the one whose rows reach as far as the table's last line."""
    parts = [part for part in sorted(book.namelist()) if _is_sheet(part)]
    if len(parts) == 1:
        return parts[0]
    last = pc.max(told["line"]).as_py()
    fits = [part for part in parts if last in {number for number, _ in _rows(book.read(part))}]
    if len(fits) != 1:
        raise ValueError("nobody can say which sheet it is")
    return fits[0]


def _rows(sheet: bytes) -> list[tuple[int, re.Match[bytes]]]:
    found, number = [], 0
    for row in _ROW.finditer(sheet):
        given = _NUMBER.search(row[1])
        number = int(given[1]) if given else number + 1
        found.append((number, row))
    return found


def _sheet_without(sheet: bytes, wanted: set[int]) -> tuple[bytes, set[int]]:
    """The sheet with one cell in each of these rows, and the shared texts that they named."""
    parts: list[bytes] = []
    at, gone = 0, set[int]()
    for number, row in _rows(sheet):
        if number in wanted:
            gone |= {int(index) for index in _SHARED.findall(row[0])}
            p = row[2] or b""
            cell = b'<%bc r="A%d" t="inlineStr"><%bis><%bt>%b</%bt></%bis></%bc>' % (p, number, p, p, _MARK, p, p, p)
            parts += [sheet[at : row.start()], row[1].rstrip(b"/") + b">" + cell + b"</%brow>" % p]
            at = row.end()
    return b"".join([*parts, sheet[at:]]), gone


def _strings_without(strings: bytes, gone: set[int]) -> bytes:
    parts, at = [], 0
    for index, text in enumerate(_TEXT.finditer(strings)):
        if index in gone:
            p = text[1] or b""
            parts += [strings[at : text.start()], b"<%bsi><%bt></%bt></%bsi>" % (p, p, p, p)]
            at = text.end()
    return b"".join([*parts, strings[at:]])


def parquet(raw: Path, target: Path, lines: Sequence[int], told: pa.Table) -> None:
    """Every column of the rows is null; line is the row's number. Row order and types stay."""
    table = pq.read_table(raw, page_checksum_verification=True)
    mine = pc.is_in(pa.array(range(1, table.num_rows + 1)), value_set=pa.array(sorted(lines), pa.int64()))
    for at, name in enumerate(table.column_names):
        column = table.column(at)
        kept = pc.if_else(mine, pa.scalar(None, column.type), column)
        table = table.set_column(at, pa.field(name, column.type), kept)
    with target.open("wb") as file:
        pq.write_table(table, file, compression="zstd", write_page_checksum=True)


FORMS: dict[str, Blank] = {"csv": csv, "xlsx": xlsx, "parquet": parquet}
