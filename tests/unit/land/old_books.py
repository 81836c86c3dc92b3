"""Old workbooks made byte by byte ([MS-CFB], [MS-XLS]): one sheet of texts and numbers, and what spoils them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
Cell = str | float | bytes | None


def record(kind: int, body: bytes = b"") -> bytes:
    """One record."""
    return struct.pack("<HH", kind, len(body)) + body


def begin(kind: int) -> bytes:
    """The first record of a substream: globals (5) or a sheet (16)."""
    return record(0x809, struct.pack("<HHHHII", 0x0600, kind, 0, 1997, 0, 6))


def cell(row: int, column: int, value: Cell) -> bytes:
    """A cell's record: text, number, or a record of its own."""
    place = struct.pack("<HHH", row, column, 0)
    if value is None:
        return record(0x201, place)
    if isinstance(value, bytes):
        return value[:4] + place[:4] + value[8:]
    if isinstance(value, float | int):
        return record(0x203, place + struct.pack("<d", value))
    text = value.encode("utf-16-le")
    return record(0x204, place + struct.pack("<HB", len(text) // 2, 1) + text)


def error(code: int = 0x2A) -> bytes:
    """A cell that shows an error."""
    return record(0x205, b"\0" * 6 + bytes([code, 1]))


def hidden(row: int) -> bytes:
    """What a sheet says of a row, from 0, that it does not show."""
    return record(0x208, struct.pack("<HHHHHHI", row, 0, 4, 255, 0, 0, 0x20))


def stream(
    rows: Sequence[Sequence[Cell]], sheet: str, more: bytes = b"", behind: bytes = b"", above: bytes = b""
) -> bytes:
    """The workbook's stream: its globals, the list of sheets with ``more`` before and ``behind`` it, then the sheet.

    The sheet's cells stand under the records ``above``.
    """
    name = sheet.encode("utf-16-le")
    title = bytes([len(name) // 2, 1]) + name
    head = begin(5) + record(0x42, struct.pack("<H", 1200)) + more
    start = len(head) + 4 + 6 + len(title) + len(behind) + 4
    globals_ = head + record(0x85, struct.pack("<IBB", start, 0, 0) + title) + behind + record(0x0A)
    cells = b"".join(cell(r, c, value) for r, row in enumerate(rows) for c, value in enumerate(row))
    wide = max((len(row) for row in rows), default=0)
    size = record(0x200, struct.pack("<IIHHH", 0, len(rows), 0, wide, 0))
    return globals_ + begin(16) + size + above + cells + record(0x0A)


def container(told: bytes, names: Sequence[str] = ("Workbook",)) -> bytes:
    """A compound file; the first name's stream holds what is told, the others are empty folders."""
    told = told.ljust(4096, b"\0")  # smaller ones would go into the small stream
    sectors = [told[at : at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(told), SECTOR)]
    entries = [_entry("Root Entry", 5, _END, 0, child=1)]
    entries += [_entry(name, 2 if not at else 1, 0 if not at else _END, len(told) if not at else 0, right=at + 2)
                for at, name in enumerate(names)]  # fmt: skip
    entries[-1] = entries[-1][:72] + struct.pack("<I", _FREE) + entries[-1][76:]
    folder = b"".join(entries)
    folder += b"\0" * (-len(folder) % SECTOR)
    folders = [folder[at : at + SECTOR] for at in range(0, len(folder), SECTOR)]
    count, used = len(sectors), len(sectors) + len(folders)
    tables = -(-used // (SECTOR // 4 - 1))
    chain = [*range(1, count), _END, *range(count + 1, used), _END, *[_FAT] * tables]
    chain += [_FREE] * (tables * SECTOR // 4 - len(chain))
    listed = [*range(used, used + tables), *[_FREE] * 109][:109]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 10
    head += struct.pack("<IIIIIIII", tables, count, 0, 4096, _END, 0, _END, 0)
    head += struct.pack("<109I", *listed)
    return head + b"".join([*sectors, *folders]) + struct.pack(f"<{len(chain)}I", *chain)


def _entry(name: str, kind: int, start: int, size: int, child: int = _FREE, right: int = _FREE) -> bytes:
    told = (name + "\0").encode("utf-16-le")
    links = struct.pack("<BBIII", kind, 1, _FREE, right, child)
    return told.ljust(64, b"\0") + struct.pack("<H", len(told)) + links + b"\0" * 36 + struct.pack("<IQ", start, size)


def workbook(
    rows: Sequence[Sequence[Cell]],
    sheet: str,
    more: bytes = b"",
    names: Sequence[str] = ("Workbook",),
    behind: bytes = b"",
    above: bytes = b"",
) -> bytes:
    """An old workbook with a title row above what is given."""
    return container(stream([["名单标题"], *rows], sheet, more, behind, above), names)
