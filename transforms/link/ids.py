"""Ids as the whole numbers they are: two of 64 bits, half as wide as their letters, and coded without a table.

An id of an entity is 128 bits in the alphabet of base32 (transforms/keys.py). A city's records name millions of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms.link.codes import Codes, Flags

_LETTERS, _BITS = 26, 5  # of an id, of a letter; the last two bits are none
_STRANGE = 255
_VALUE = np.full(256, _STRANGE, dtype=np.uint8)
_VALUE[np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype=np.uint8)] = np.arange(32)
_CLOSER = [  # eight letters of a byte each move into the lower five eighths of the number
    (np.uint64(0x00FF00FF00FF00FF), np.uint64(3)),
    (np.uint64(0x0000FFFF0000FFFF), np.uint64(6)),
    (np.uint64(0x00000000FFFFFFFF), np.uint64(12)),
]
_Numbers = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Ids:
    """Ids, told as numbers.

    Attributes:
        high: the first 64 bits of each.
        low: the others.
    """

    high: _Numbers
    low: _Numbers

    @classmethod
    def of(cls, texts: pa.Array) -> Self | None:
        """The numbers of texts without nulls; None where one of them is no id."""
        if not len(texts):
            return cls(*np.zeros((2, 0), dtype=np.uint64))
        _, offsets, data = texts.buffers()
        ends = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
        if (np.diff(ends) != _LETTERS).any():
            return None
        value = _VALUE[np.frombuffer(data, dtype=np.uint8)[ends[0] : ends[-1]]].reshape(-1, _LETTERS)
        if (value == _STRANGE).any() or (value[:, -1] & 3).any():
            return None
        first, second, third = (_packed(value[:, at : at + 8]) for at in (0, 8, 16))
        last = (value[:, 24].astype(np.uint64) << np.uint64(3)) | (value[:, 25] >> 2)
        high = first << np.uint64(24) | second >> np.uint64(16)
        return cls(high, second << np.uint64(48) | third << np.uint64(8) | last)

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """All parts, one after the other."""
        none = np.zeros(0, dtype=np.uint64)
        listed = list(parts)
        return cls(*(np.concatenate([none, *(getattr(part, name) for part in listed)]) for name in ("high", "low")))

    def coded(self) -> tuple[Codes, int]:
        """A code per id, equal for equal ones, and how many there are."""
        order = np.argsort(self.high)
        new, low = _changes(self.high[order]), self.low[order]
        if (_changes(low) & ~new).any():  # two ids begin alike
            order = np.lexsort((self.low, self.high))
            new = _changes(self.high[order]) | _changes(self.low[order])
        codes = np.empty(len(order), dtype=np.int32)
        codes[order] = np.cumsum(new, dtype=np.int32) - np.int32(1)
        return codes, int(new.sum())


def _changes(values: _Numbers) -> Flags:
    """Places at which another value stands than before them."""
    found = np.ones(len(values), dtype=bool)
    found[1:] = values[1:] != values[:-1]
    return found


def _packed(letters: npt.NDArray[np.uint8]) -> _Numbers:
    """The forty bits of eight letters."""
    found: _Numbers = np.ascontiguousarray(letters).view(">u8").ravel().astype(np.uint64)
    for kept, shift in _CLOSER:
        found = (found & kept) | ((found & ~kept) >> shift)
    return found
