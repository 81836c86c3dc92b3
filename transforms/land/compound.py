"""The container of an old workbook: a compound file's streams by name ([MS-CFB] 2.2 to 2.6)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from transforms.errors import RefusedError

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD, _ENTRY, _MINI = 512, 128, 64
_LISTED = 109  # sectors of the allocation table that the head itself names
_LAST = 0xFFFFFFFA  # sector numbers from here on are marks
_STREAM, _ROOT = 2, 5


class Compound:
    """An opened compound file; every chain of sectors is followed once around and no further."""

    def __init__(self, data: bytes) -> None:
        """Read head, allocation tables and directory.

        Raises:
            RefusedError: ``TRUNCATED`` or ``DAMAGED``.
        """
        if len(data) < _HEAD or not data.startswith(MAGIC):
            raise RefusedError("TRUNCATED", "the old workbook ends inside its head")
        self._data = data
        self._size = 1 << struct.unpack_from("<H", data, 30)[0]
        if self._size not in (512, 4096):
            raise RefusedError("DAMAGED", "the old workbook has sectors of no known size")
        first, small, mini, _, further, _ = struct.unpack_from("<IxxxxIIIII", data, 48)
        self._small = small
        self._table = self._allocation(further)
        entries = b"".join(self._chain(first, self._table))
        self._entries = [entries[at : at + _ENTRY] for at in range(0, len(entries) - _ENTRY + 1, _ENTRY)]
        self._minitable = _numbers(b"".join(self._chain(mini, self._table)))
        roots = [entry for entry in self._entries if entry[66] == _ROOT]
        if not roots:
            raise RefusedError("DAMAGED", "the old workbook has no directory")
        self._ministream = b"".join(self._chain(struct.unpack_from("<I", roots[0], 116)[0], self._table))

    @property
    def names(self) -> list[str]:
        """Names of everything in it, folders too."""
        return [_name(entry) for entry in self._entries if entry[66]]

    def stream(self, name: str) -> bytes | None:
        """The bytes of a stream, or None where there is none of the name.

        Raises:
            RefusedError: ``TRUNCATED`` or ``DAMAGED``.
        """
        for entry in self._entries:
            if entry[66] == _STREAM and _name(entry) == name:
                first, size = struct.unpack_from("<II", entry, 116)
                data = b"".join(self._mini(first) if size < self._small else self._chain(first, self._table))
                if len(data) < size:
                    raise RefusedError("TRUNCATED", "the old workbook ends before its sheets do")
                return data[:size]
        return None

    def _allocation(self, further: int) -> tuple[int, ...]:
        listed = list(struct.unpack_from(f"<{_LISTED}I", self._data, 76))
        seen: set[int] = set()
        while further < _LAST and further not in seen:
            seen.add(further)
            *numbers, further = _numbers(self._whole(further))
            listed += numbers
        return _numbers(b"".join(self._whole(number) for number in listed if number < _LAST))

    def _whole(self, number: int) -> bytes:
        """A sector of the allocation table: only the last one of sheets may be cut short by who wrote it."""
        sector = self._sector(number)
        if len(sector) < self._size:
            raise RefusedError("TRUNCATED", "the old workbook ends inside its allocation table")
        return sector

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        if start >= len(self._data):
            raise RefusedError("TRUNCATED", "the old workbook ends before its sectors do")
        return self._data[start : start + self._size]

    def _chain(self, number: int, table: tuple[int, ...]) -> Iterator[bytes]:
        for step in _steps(number, table):
            yield self._sector(step)

    def _mini(self, number: int) -> Iterator[bytes]:
        for step in _steps(number, self._minitable):
            yield self._ministream[step * _MINI : (step + 1) * _MINI]


def _steps(number: int, table: tuple[int, ...]) -> Iterator[int]:
    seen: set[int] = set()
    while number < _LAST:
        if number in seen or number >= len(table):
            raise RefusedError("DAMAGED", "the old workbook's sectors lead in a circle, or nowhere")
        seen.add(number)
        yield number
        number = table[number]


def _numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def _name(entry: bytes) -> str:
    length = min(struct.unpack_from("<H", entry, 64)[0], 64)
    return entry[: max(length - 2, 0)].decode("utf-16-le", "replace")
