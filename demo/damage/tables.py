"""Errors of a file's lines and headings, and rows that a file holds twice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from demo.config import Rates
from demo.damage.bands import Errors, bands
from demo.draw import Dice, Flags, Ints, Texts

LINE_ERRORS = ["extra_field", "short_row", "unclosed_quote", "bom_in_file"]
AGAIN = 2**36  # the second row of an entity draws as an entity of its own


def repeated(ids: Ints, rates: Rates, dice: Dice, turn: int = 1) -> tuple[Ints, Flags, Ints]:
    """`duplicate_row`: some entities a second time, at the end.

    Returns:
        ids with the second rows, whether each is a second row, and the ids draws belong to.
    """
    second = ids[dice.happens(ids, rates["duplicate_row"], turn)]
    again = np.r_[np.zeros(len(ids), dtype=bool), np.ones(len(second), dtype=bool)]
    who = np.r_[ids, second]
    return who, again, who + again * AGAIN


def line_errors(rates: Rates, dice: Dice, ids: Ints) -> Errors:
    """Which rows' lines are damaged, at most once each: extra_field, short_row, unclosed_quote, bom_in_file.

    Put the flags into the extract's errors; `damaged_lines` does the damage when the bytes are made.
    """
    return bands(dice.uniform(ids, 28), rates, LINE_ERRORS)


def damaged_lines(content: bytes, errors: Mapping[str, Flags], encoding: str, delimiter: str, newline: str) -> bytes:
    """Damage lines of a delimited file with one heading line; every record keeps its line.

    An extra field is empty, a short row lacks its last two fields, an unclosed quote opens the last field, a byte
    order mark stands at the start of a line inside the file (files copied together).
    """
    end = newline.encode(encoding)
    lines = content.split(end)
    sign = delimiter.encode(encoding)
    for name in LINE_ERRORS:
        for row in np.flatnonzero(errors.get(name, np.zeros(0, dtype=bool))).tolist():
            lines[row + 1] = _damaged(name, lines[row + 1], sign, "\ufeff".encode(encoding))
    return end.join(lines)


def _damaged(error: str, line: bytes, sign: bytes, mark: bytes) -> bytes:
    if error == "extra_field":
        return line + sign
    if error == "short_row":
        return line.rsplit(sign, 2)[0]
    if error == "unclosed_quote":
        head, last = line.rsplit(sign, 1)
        return head + sign + b'"' + last
    return mark + line


def with_total_line(content: bytes, label: str, rows: int, encoding: str, delimiter: str, newline: str) -> bytes:
    """The file with a last line 合计 that counts its rows (no row of the truth)."""
    return content + f"{label}{delimiter}{rows}{newline}".encode(encoding)


def mixed_line_ends(content: bytes) -> bytes:
    """The file with the line ends of every other line as LF instead of CRLF (two halves copied together)."""
    lines = content.split(b"\r\n")
    ends = [b"\n" if at % 2 else b"\r\n" for at in range(len(lines) - 1)] + [b""]
    return b"".join(line + end for line, end in zip(lines, ends, strict=True))


def renamed(columns: Mapping[str, Texts], names: Mapping[str, str]) -> dict[str, Texts]:
    """The columns with other headings (a department that changes a column); the order stays."""
    return {names.get(name, name): values for name, values in columns.items()}
