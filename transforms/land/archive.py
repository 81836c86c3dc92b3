"""A workbook is a zip archive from a stranger: looked over before any of it is unpacked (faults.md B, A23, A24)."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from transforms.errors import RefusedError

ENTRIES, UNPACKED, RATIO = 2_000, 2 << 30, 100
_SMALL = 16 << 20  # below this a high ratio is only a monotonous sheet
_ENCRYPTED = 0x1
_STEP = 1 << 20
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST)")
_NOT_UTF8 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_FORBIDDEN = {"vbaproject.bin": "MACRO", "externallinks": "EXTERNAL_LINK"}


def opened(raw: BinaryIO) -> zipfile.ZipFile:
    """The archive, looked over.

    Raises:
        RefusedError: ``TRUNCATED``, ``ENCRYPTED``, ``ZIP_BOMB``, ``BAD_ARCHIVE``, ``MACRO``, ``EXTERNAL_LINK``,
            ``DTD`` or ``DAMAGED``.
    """
    try:
        archive = zipfile.ZipFile(raw)
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError):
        raise RefusedError("TRUNCATED", "the workbook's archive has no end: it is cut off or damaged") from None
    entries = archive.infolist()
    _sizes(entries)
    _places(archive, entries)
    for entry in entries:
        parts = entry.filename.lower().split("/")
        for part, code in _FORBIDDEN.items():
            if part in parts:
                raise RefusedError(code, "the workbook holds macros or links to other files")
        if parts[-1].endswith((".xml", ".rels")):
            _no_dtd(archive, entry)
    return archive


def _sizes(entries: list[zipfile.ZipInfo]) -> None:
    unpacked, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
    if len(entries) > ENTRIES or unpacked > UNPACKED or (unpacked > _SMALL and unpacked > RATIO * max(packed, 1)):
        raise RefusedError("ZIP_BOMB", f"the workbook unpacks {len(entries)} parts to {unpacked >> 20} MiB")
    if any(e.flag_bits & _ENCRYPTED for e in entries):
        raise RefusedError("ENCRYPTED", "the workbook is protected by a password")


def _places(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    names = [e.filename for e in entries]
    if len({n.lower() for n in names}) != len(names):
        raise RefusedError("BAD_ARCHIVE", "the workbook has two parts of one name")
    if any(n.startswith("/") or "\\" in n or ":" in n or ".." in n.split("/") for n in names):
        raise RefusedError("BAD_ARCHIVE", "a part of the workbook wants to lie outside it")
    places = sorted((e.header_offset, e.header_offset + e.compress_size) for e in entries)
    ends = [start for start, _ in places[1:]] + [archive.start_dir]
    if any(end > following for (_, end), following in zip(places, ends, strict=True)):
        raise RefusedError("ZIP_BOMB", "parts of the workbook overlap")


def _no_dtd(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    before = b""
    for data in _unpacked(archive, entry):
        if not before and data[:2] in _NOT_UTF8:
            raise RefusedError("BAD_ARCHIVE", "a part of the workbook is not UTF-8")
        if _DECLARATION.search(before + data):
            raise RefusedError("DTD", "a part of the workbook declares its own document type")
        before = data[-10:]


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(entry) as part:
            while data := part.read(_STEP):
                yield data
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError):
        raise RefusedError("DAMAGED", "a part of the workbook cannot be unpacked") from None
