"""dBase tables (the attributes of a Shapefile): every field as the text that stands in it.

Layout: header of 32 bytes (records at 4, header length at 8, record length at 10), one descriptor of 32 bytes per field
(name, type, length), 0x0D, then records of fixed width, each after a flag: a blank, or ``*`` for a deleted one
(dBase III; ESRI Shapefile Technical Description, July 1998, page 25).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from transforms.errors import RefusedError

_END, _DELETED = b"\r", ord("*")
_TEXT, _NUMBERS, _DAY, _LOGICAL = "C", "NF", "D", "L"
_BOOLEAN = dict.fromkeys("TtYy", "TRUE") | dict.fromkeys("FfNn", "FALSE")


@dataclass(frozen=True)
class Field:
    """One column: its name, type letter, and where its text stands in a record."""

    name: str
    type: str
    start: int
    length: int

    @property
    def numeric(self) -> bool:
        """A number field: whoever wrote it may have gone through floating point."""
        return self.type in _NUMBERS


@dataclass(frozen=True)
class Table:
    """A table whose head was read."""

    data: bytes
    encoding: str
    fields: tuple[Field, ...]
    records: int
    first: int
    width: int

    @classmethod
    def of(cls, data: bytes, encoding: str) -> Self:
        """Read the head.

        Raises:
            RefusedError: ``TRUNCATED``, ``DAMAGED``, ``ENCODING`` or ``WRONG_TYPE`` (a memo or binary field).
        """
        if len(data) < 33:  # a head without fields
            raise RefusedError("TRUNCATED", "the attribute table ends inside its head")
        records, first, width = struct.unpack_from("<IHH", data, 4)
        fields = tuple(_fields(data, first, encoding))
        if sum(f.length for f in fields) + 1 != width:
            raise RefusedError("DAMAGED", "the attribute table's fields are not as long as its records")
        if len(data) < first + records * width:
            raise RefusedError("TRUNCATED", f"the attribute table ends before its {records} records do")
        return cls(data, encoding, fields, records, first, width)

    def rows(self) -> Iterator[tuple[int, bytes | None]]:
        """Number (from 1) and bytes of every record; None for a deleted one."""
        for number in range(1, self.records + 1):
            start = self.first + (number - 1) * self.width
            deleted = self.data[start] == _DELETED
            yield number, None if deleted else self.data[start : start + self.width]

    def text(self, field: Field, record: bytes, number: int) -> str | None:
        """What a field says: padding removed; null where there is nothing.

        Raises:
            RefusedError: ``ENCODING``, naming record and field.
        """
        raw = record[field.start : field.start + field.length].rstrip(b"\0 ")
        try:
            told = raw.decode(self.encoding)
        except UnicodeDecodeError:
            raise RefusedError("ENCODING", f"record {number}, field {field.name}: not {self.encoding}") from None
        if field.type == _LOGICAL:
            return _BOOLEAN.get(told)
        if field.type != _TEXT:
            told = told.strip("* ") if field.numeric else told.strip("0 ") and told
        return told or None


def _fields(data: bytes, first: int, encoding: str) -> Iterator[Field]:
    at, start = 32, 1
    while at + 1 < first and data[at : at + 1] != _END:
        if at + 32 > len(data):
            raise RefusedError("TRUNCATED", "the attribute table ends inside its head")
        number = (at - 32) // 32 + 1
        kind, length = chr(data[at + 11]), data[at + 16]
        try:
            name = data[at : at + 11].split(b"\0")[0].decode(encoding)
        except UnicodeDecodeError:
            raise RefusedError("ENCODING", f"the name of field {number} is not {encoding}, as declared") from None
        if kind not in _TEXT + _NUMBERS + _DAY + _LOGICAL:
            raise RefusedError("WRONG_TYPE", f"field {number} is no text, number, day or yes/no")
        yield Field(name, kind, start, length)
        start += length
        at += 32
