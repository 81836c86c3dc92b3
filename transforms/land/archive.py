"""A workbook or a Shapefile is a zip archive from a stranger: looked over before any of it is unpacked."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from transforms.errors import RefusedError

ENTRIES, UNPACKED, RATIO = 2_000, 2 << 30, 100
_SMALL = 16 << 20  # below this a high ratio is only a monotonous sheet
_ENCRYPTED = 0x1
_STEP = 1 << 20
_LOCAL = 30  # bytes of a part's local header (APPNOTE 4.3.7)
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
    if not all(names):
        raise RefusedError("BAD_ARCHIVE", f"a part of {what} has no name")
    if any(n.startswith("/") or "\\" in n or ":" in n or ".." in n.split("/") for n in names):
        raise RefusedError("BAD_ARCHIVE", f"a part of {what} wants to lie outside it")
    if any(stat.S_ISLNK(e.external_attr >> 16) for e in entries):
        raise RefusedError("BAD_ARCHIVE", f"a part of {what} is a link")
    places = sorted((e.header_offset, e.header_offset + e.compress_size) for e in entries)
    starts = [start for start, _ in places] + [archive.start_dir]
    if any(end > following for (_, end), following in zip(places, starts[1:], strict=True)):
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
    """The bytes of a part, block by block, exactly as many as it says it has.

    The library stops at the size that the archive tells; a part whose stream goes on behind it is not what it seems.

    Raises:
        RefusedError: ``DAMAGED``.
    """
    size, check = 0, 0
    try:
        for data in _inflated(archive, entry):
            size, check = size + len(data), zlib.crc32(data, check)
            if size > entry.file_size:
                break
            yield data
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError):
        raise RefusedError("DAMAGED", f"a part of {what} cannot be unpacked") from None
    if (size, check) != (entry.file_size, entry.CRC):
        raise RefusedError("DAMAGED", f"a part of {what} is not as long as it says, or altered")


def _inflated(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The stream behind a part's local header, to its own end."""
    if archive.fp is None or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile
    archive.fp.seek(entry.header_offset)
    mark, name, extra = struct.unpack("<4s22xHH", archive.fp.read(_LOCAL))
    if mark != b"PK\x03\x04":
        raise zipfile.BadZipFile
    archive.fp.seek(name + extra, 1)
    left, stream = entry.compress_size, zlib.decompressobj(-zlib.MAX_WBITS)
    while left:
        data = archive.fp.read(min(left, _STEP))
        if not data:
            raise EOFError
        left -= len(data)
        if entry.compress_type == zipfile.ZIP_STORED:
            yield data
            continue
        while data and not stream.eof:
            yield stream.decompress(data, _STEP)
            data = stream.unconsumed_tail
    if entry.compress_type == zipfile.ZIP_DEFLATED and (not stream.eof or stream.unused_data):
        raise zipfile.BadZipFile
