"""The cells of a text column as the bytes they are (UTF-8): what most of them say is read from these at once.

A Python text for each of a million cells that all differ takes longer than all that is asked of them. Whoever reads
bytes reads the usual forms only and leaves every other cell to what reads texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]

_BLOCK = 1 << 16  # bytes that are looked at together: what is made of them stays in a core's cache
_SPARED = (9, 10, 13)  # tab and line ends are no control characters to any rule
_ASCII, _ZERO, _BLANK, _DELETE = 0x80, 0x30, 0x20, 0x7F
_HANZI = 3  # bytes of a character from U+0800 to U+FFFF
_NONE = np.zeros(1, np.int32)


class Cells:
    """A column of text and its bytes.

    Attributes:
        text: the column.
        data: the bytes of all cells, one cell after the other.
        starts, lengths: where each cell begins in them, and how many bytes it has; a null one has none.
        null: which cells are null.
    """

    def __init__(self, column: pa.Array | pa.ChunkedArray) -> None:
        """Nothing is copied of a column that lies in one piece."""
        text = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        _, offsets, data = text.buffers()
        ends = np.frombuffer(offsets, np.int32)[text.offset : text.offset + len(text) + 1] if len(text) else _NONE
        self.text: pa.Array = text
        self.data: Bytes = np.frombuffer(b"" if data is None else data, np.uint8)[ends[0] : ends[-1]]
        self.starts = ends[:-1] - ends[0]
        self.null: Mask = text.is_null().to_numpy(zero_copy_only=False)
        self.lengths = np.diff(ends)
        if text.null_count:
            self.lengths[self.null] = 0

    def __len__(self) -> int:
        """How many cells there are."""
        return len(self.starts)

    @cached_property
    def longest(self) -> int:
        """Bytes of the longest cell."""
        return int(self.lengths.max(initial=0))

    def places(self, rows: Positions, length: int) -> Bytes:
        """The first ``length`` bytes of some cells that have as many: a row for each place, a column for each cell."""
        if not len(rows):
            return np.zeros((length, 0), np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(self.data, length)
        return np.ascontiguousarray(windows[self.starts[rows]].T)

    def holding(self, at: Positions) -> Mask:
        """The cells in which bytes lie, told by their positions in :attr:`data`."""
        if len(at) > len(self):
            bounds = np.append(self.starts, len(self.data))
            return np.diff(np.searchsorted(np.sort(at), bounds)) > 0
        found = np.zeros(len(self), dtype=bool)
        found[np.searchsorted(self.starts, at, side="right") - 1] = True
        return found

    @cached_property
    def first(self) -> Numbers:
        """The first character's bytes as one number, at most three of them; 0 of an empty cell."""
        if not len(self.data):
            return np.zeros(len(self), np.int32)
        at = np.minimum(self.starts, len(self.data) - 1)
        lead: Numbers = self.data[at].astype(np.int32)
        longer = np.flatnonzero((lead >= _ASCII) & (self.lengths >= _HANZI))
        second, third = (self.data[at[longer] + further].astype(np.int32) for further in (1, 2))
        lead[longer] = lead[longer] << 16 | second << 8 | third
        lead[self.lengths == 0] = 0
        return lead

    def begins(self, characters: str) -> Mask:
        """Cells whose first character is one of these, each of ASCII or of three bytes."""
        found = np.zeros(len(self), dtype=bool)
        for character in characters:
            found |= self.first == int.from_bytes(character.encode())
        return found

    @cached_property
    def plain(self) -> Mask:
        """Cells that cleaning cannot change: printable ASCII and hanzi, no blank at either end. Nearly all are."""
        found = ~self.holding(self._where(_odd))
        if len(self.data):
            last = self.data[np.maximum(self.starts + self.lengths - 1, 0)]
            found &= (self.lengths == 0) | ((self.first != _BLANK) & (last != _BLANK))
        return found

    @cached_property
    def wide(self) -> Positions:
        """Where characters from U+F000 to U+FFFF begin: full-width forms, ligatures, the mark of a failed decoding."""
        return self._where(lambda block: block == 0xEF)

    @cached_property
    def controls(self) -> Mask:
        """Cells that hold a C0 or C1 control, DEL, or the mark of a failed decoding."""
        low = self._where(lambda block: (block < _BLANK) | (block == _DELETE))
        pair, triple = self._where(lambda block: block == 0xC2), self.wide
        low = low[~np.isin(self.data[low], _SPARED)]
        pair = pair[self.data[pair + 1] <= 0x9F]
        triple = triple[(self.data[triple + 1] == 0xBF) & (self.data[triple + 2] == 0xBD)]
        return self.holding(np.concatenate([low, pair, triple]))

    def among(self, words: Sequence[str]) -> Mask:
        """Cells that are one of a few words."""
        found = np.zeros(len(self), dtype=bool)
        short = self.lengths <= max((len(word.encode()) for word in words), default=-1)
        short &= ~self.null
        if short.any():
            cells = self.text.filter(pa.array(short))
            found[short] = pc.is_in(cells, value_set=pa.array(words, pa.string())).to_numpy(zero_copy_only=False)
        return found

    def _where(self, test: Callable[[Bytes], Mask]) -> Positions:
        """Positions of the bytes that pass a test."""
        found = [np.zeros(0, dtype=np.int64)]
        for start in range(0, len(self.data), _BLOCK):
            passed = test(self.data[start : start + _BLOCK])
            if passed.any():
                found.append(np.flatnonzero(passed) + start)
        return np.concatenate(found)


def _odd(block: Bytes) -> Mask:
    good = (block - np.uint8(_BLANK)) < _DELETE - _BLANK
    good |= (block - np.uint8(0x80)) < 0x40  # what follows a first byte
    good |= (block - np.uint8(0xE4)) < 0x06  # a first byte of U+4000 to U+9FFF
    return np.asarray(~good)


def digits(places: Bytes) -> Bytes:
    """The figures that bytes are; what is none becomes more than nine."""
    return places - np.uint8(_ZERO)


def number(figures: Bytes) -> Numbers:
    """The number that each column of figures says, the first figure the highest."""
    found = np.zeros(figures.shape[1], np.int32)
    for place in figures:
        found *= 10
        found += place
    return found
