"""Columns in which a rule surely finds nothing, known by their bytes alone: no value of them need be looked at.

Each question is stricter than the rule's check: a column that does not pass it is judged like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from expectations.rules import Rule

Bytes = npt.NDArray[np.uint8]
_SPARED = (9, 10, 13)  # tab and line ends are no control characters to the rule (expectations.kernels.CONTROL)
_LONGER = 6  # characters that cleaning makes of a byte at the most: U+FDFA, of three bytes, becomes eighteen (NFKC)


@dataclass(frozen=True)
class Look:
    """What a column is made of.

    Attributes:
        ascii: no byte of it is beyond ASCII.
        blank: there is a blank, a tab or a line end in it.
        controls: there is a control character in it.
        shortest, longest: bytes of a cell.
        null: a cell is null.
    """

    ascii: bool
    blank: bool
    controls: bool
    shortest: int
    longest: int
    null: bool

    @classmethod
    def at(cls, column: pa.ChunkedArray) -> Look:
        """Look at every byte, a few times: that is far cheaper than to look at cells."""
        pieces = [data for chunk in column.chunks if len(data := _bytes(chunk))]
        told = pc.min_max(pc.binary_length(column)).as_py()
        return cls(
            all(data.max() < 128 for data in pieces),
            any(data.min() < 32 or (data == 32).any() for data in pieces),
            any(_controls(data) for data in pieces),
            told["min"] or 0,
            told["max"] or 0,
            column.null_count > 0,
        )


def quiet(rule: Rule, look: Look, column: pa.ChunkedArray, null_marks: Sequence[str]) -> bool:
    """Whether no cell of the column breaks the rule, as far as its bytes tell."""
    if rule.check == "control":
        return not look.controls
    if rule.check == "fits_bytes":
        return look.longest <= int(str(rule.options["most"]))
    if rule.check == "length":
        return look.longest * _LONGER <= int(str(rule.options["most"]))
    if rule.check == "total":
        return look.ascii and not look.controls  # no word for a total is written in ASCII
    if look.null or look.blank or look.controls or not look.ascii or not look.shortest:
        return False  # of what is left, cleaning changes nothing
    marks = [mark for mark in null_marks if len(mark.encode()) >= look.shortest]
    return not marks or not pc.any(pc.is_in(column, value_set=pa.array(marks, pa.string()))).as_py()


def _bytes(chunk: pa.Array) -> Bytes:
    _, offsets, data = chunk.buffers()
    if not len(chunk) or data is None:
        return np.zeros(0, np.uint8)
    ends = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    return np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]


def _controls(data: Bytes) -> bool:
    """Whether UTF-8 holds a C0 or C1 control, DEL, or the mark of a failed decoding."""
    if data.min() < 32 and not np.isin(data[data < 32], _SPARED).all():
        return True
    if (data == 0x7F).any():
        return True
    at = np.flatnonzero(data[:-1] == 0xC2)
    if (data[at + 1] <= 0x9F).any():
        return True
    at = np.flatnonzero(data[:-2] == 0xEF)
    return bool(((data[at + 1] == 0xBF) & (data[at + 2] == 0xBD)).any())
