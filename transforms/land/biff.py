"""A second, dumb look at a sheet of an old workbook: its records, row numbers and cell kinds; it understands no value.

Record numbers and layouts: [MS-XLS] 2.3 and 2.4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from transforms.errors import RefusedError
from transforms.land.compound import Compound
from transforms.land.sheet_xml import Seen

_BOF, _EOF, _LOCKED, _SHEET, _BOOK = 0x809, 0x0A, 0x2F, 0x85, 0x1AE
_TEXT, _SHARED, _RICH, _NUMBER, _SHORT, _MANY, _FORMULA, _WORD = 0x204, 0xFD, 0xD6, 0x203, 0x27E, 0xBD, 0x06, 0x205
_SAYS = {_SHARED, _RICH, _NUMBER, _SHORT, _MANY}
_ROW, _ROW_FLAGS, _HIDDEN = 0x208, 12, 0x20
_OWN_BOOKS = (0x0401, 0x3A01, 1)  # this workbook; add-in functions; a name of one character: this sheet, or nothing
_BIFF8 = 0x0600
_ERROR, _EMPTY = 2, 3
_MACROS = {"_VBA_PROJECT_CUR", "_VBA_PROJECT", "VBA", "Macros"}


def look(raw: BinaryIO, sheet: str) -> Seen:
    """Row numbers of a sheet by name.

    Raises:
        RefusedError: ``MACRO``, ``ENCRYPTED``, ``EXTERNAL_LINK``, ``NO_SHEET``, ``WRONG_TYPE`` (no workbook, or older
            than Excel 97), ``TRUNCATED`` or ``DAMAGED``.
    """
    book = Compound(raw.read())
    if _MACROS & set(book.names):
        raise RefusedError("MACRO", "the workbook holds macros")
    if "EncryptedPackage" in book.names:
        raise RefusedError("ENCRYPTED", "the workbook is protected by a password")
    data = book.stream("Workbook")
    if data is None:
        raise RefusedError("WRONG_TYPE", "this is no workbook of Excel 97 or later")
    filled, unusable = set[int](), dict[int, set[int]]()
    start = _start(data, sheet)
    for row, column, usable in _cells(data, start):
        filled.add(row + 1)
        if not usable:
            unusable.setdefault(row + 1, set()).add(column)
    told = {row: frozenset(columns) for row, columns in unusable.items()}
    return Seen(frozenset(filled), told, frozenset(filled.intersection(_hidden(data, start))))


def _start(data: bytes, wanted: str) -> int:
    """Where the sheet's records begin; what refers to other files stands behind the list of sheets."""
    start = None
    for kind, body in _records(data, 0):
        if kind == _LOCKED:
            raise RefusedError("ENCRYPTED", "the workbook is protected by a password")
        if kind == _BOOK and len(body) > 4 and struct.unpack_from("<H", body, 2)[0] not in _OWN_BOOKS:
            raise RefusedError("EXTERNAL_LINK", "the workbook refers to other files")
        if kind == _SHEET and len(body) > 7 and _title(body) == wanted and start is None:
            start = int(struct.unpack_from("<I", body)[0])
    if start is None:
        raise RefusedError("NO_SHEET", f"the workbook has no sheet {wanted}")
    return start


def _title(body: bytes) -> str:
    length, wide = body[6], body[7] & 1
    return body[8 : 8 + (2 * length if wide else length)].decode("utf-16-le" if wide else "latin-1", "replace")


def _records(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Kind and body of every record of the substream that begins there; charts inside it are passed over."""
    depth = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, at)
        body = data[at + 4 : at + 4 + length]
        if len(body) < length:
            break
        if depth == 0 and (kind != _BOF or length < 4 or struct.unpack_from("<H", body)[0] != _BIFF8):
            raise RefusedError("WRONG_TYPE", "this is no workbook of Excel 97 or later")
        depth += (kind == _BOF) - (kind == _EOF)
        if depth == 0:
            return
        if depth == 1 and kind != _BOF:
            yield kind, body
        at += 4 + length
    raise RefusedError("TRUNCATED", "the workbook ends inside a sheet")


def _hidden(data: bytes, at: int) -> Iterator[int]:
    """Numbers, from 1, of rows that the sheet does not show ([MS-XLS] 2.4.221)."""
    for kind, body in _records(data, at):
        if kind == _ROW and len(body) > _ROW_FLAGS and body[_ROW_FLAGS] & _HIDDEN:
            yield struct.unpack_from("<H", body)[0] + 1


def _cells(data: bytes, at: int) -> Iterator[tuple[int, int, bool]]:
    """Row and column (from 0) of every cell that says something, and whether what it says can be used."""
    for kind, body in _records(data, at):
        if kind not in {*_SAYS, _TEXT, _FORMULA, _WORD} or len(body) < 8:
            continue
        row, column = struct.unpack_from("<HH", body)
        if kind == _FORMULA:
            special = body[12:14] == b"\xff\xff" and body[6] in (_ERROR, _EMPTY)
            yield row, column, not special
        elif kind == _WORD:
            yield row, column, not body[7]
        elif kind != _TEXT or struct.unpack_from("<H", body, 6)[0]:
            yield row, column, True
