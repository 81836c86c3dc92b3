"""A workbook or a Shapefile is a zip archive from a stranger: looked over before any of it is unpacked."""

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
_BOOK = "xl/workbook.xml"
_FORBIDDEN = {"vbaproject.bin": "MACRO", "externallinks": "EXTERNAL_LINK"}


def workbook(raw: BinaryIO) -> zipfile.ZipFile:
    """A workbook's archive, looked over.

    Raises:
        RefusedError: as :func:`opened`; ``WRONG_TYPE``, ``MACRO``, ``EXTERNAL_LINK``, ``DTD`` or ``DAMAGED``.
    """
    what = "the workbook"
    archive = opened(raw, what)
    if _BOOK not in archive.namelist():
        raise RefusedError("WRONG_TYPE", "this archive is no workbook")
    for entry in archive.infolist():
        parts = entry.filename.lower().split("/")
        for part, code in _FORBIDDEN.items():
            if part in parts:
                raise RefusedError(code, f"{what} holds macros or links to other files")
        if parts[-1].endswith((".xml", ".rels")):
            _no_dtd(archive, entry, what)
    return archive


def opened(raw: BinaryIO, what: str) -> zipfile.ZipFile:
    """An archive whose entries were looked over; messages call it ``what``.

    Raises:
        RefusedError: ``TRUNCATED``, ``ENCRYPTED``, ``ZIP_BOMB`` or ``BAD_ARCHIVE``.
    """
    try:
        archive = zipfile.ZipFile(raw)
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError):
        raise RefusedError("TRUNCATED", f"{what} has no end: it is cut off or damaged") from None
    entries = archive.infolist()
    _sizes(entries, what)
    _places(archive, entries, what)
    return archive


def _sizes(entries: list[zipfile.ZipInfo], what: str) -> None:
    unpacked, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
    if len(entries) > ENTRIES or unpacked > UNPACKED or (unpacked > _SMALL and unpacked > RATIO * max(packed, 1)):
        raise RefusedError("ZIP_BOMB", f"{what} unpacks {len(entries)} parts to {unpacked >> 20} MiB")
    if any(e.flag_bits & _ENCRYPTED for e in entries):
        raise RefusedError("ENCRYPTED", f"{what} is protected by a password")


def _places(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], what: str) -> None:
    names = [e.filename for e in entries]
    if len({n.lower() for n in names}) != len(names):
        raise RefusedError("BAD_ARCHIVE", f"{what} has two parts of one name")
    if any(n.startswith("/") or "\\" in n or ":" in n or ".." in n.split("/") for n in names):
        raise RefusedError("BAD_ARCHIVE", f"a part of {what} wants to lie outside it")
    places = sorted((e.header_offset, e.header_offset + e.compress_size) for e in entries)
    ends = [start for start, _ in places[1:]] + [archive.start_dir]
    if any(end > following for (_, end), following in zip(places, ends, strict=True)):
        raise RefusedError("ZIP_BOMB", f"parts of {what} overlap")


def _no_dtd(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, what: str) -> None:
    before = b""
    for data in unpacked(archive, entry, what):
        if not before and data[:2] in _NOT_UTF8:
            raise RefusedError("BAD_ARCHIVE", f"a part of {what} is not UTF-8")
        if _DECLARATION.search(before + data):
            raise RefusedError("DTD", f"a part of {what} declares its own document type")
        before = data[-10:]


def unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, what: str = "the archive") -> Iterator[bytes]:
    """The bytes of a part, block by block, no more than it says it has.

    Raises:
        RefusedError: ``DAMAGED``.
    """
    try:
        with archive.open(entry) as part:
            while data := part.read(_STEP):
                yield data
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError):
        raise RefusedError("DAMAGED", f"a part of {what} cannot be unpacked") from None
