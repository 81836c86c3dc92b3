"""Errors of a file's lines and headings, and rows that a file holds twice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from demo.config import Rates
from demo.damage.bands import Errors, bands
from demo.draw import Dice, Flags, Floats, Ints, Texts

Column = Texts | Floats | Ints
LINE_ERRORS = ["extra_field", "short_row", "unclosed_quote", "bom_in_file", "mixed_line_ends"]
FIRST_ROW = "extra_field_first"
_HALVES = (b"\\ud83d", b"\\udc00")  # a high and a low half of a surrogate pair, each without the other
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
    """Which rows' lines are damaged, at most once each, by the rates of `LINE_ERRORS`.

    Put the flags into the extract's errors; `damaged_lines` does the damage when the bytes are made.
    """
    return bands(dice.uniform(ids, 28), rates, LINE_ERRORS)


def first_row_longer(errors: dict[str, Flags], rates: Rates, rows: int) -> None:
    """`extra_field_first` (1 in `rates`: in every file): the first record has a field too many.

    Called by the writer, which alone knows which record comes first; the flag is added in place.
    """
    if rates.get(FIRST_ROW):
        errors[FIRST_ROW] = np.arange(rows) == 0


def damaged_lines(content: bytes, errors: Mapping[str, Flags], encoding: str, delimiter: str, newline: str) -> bytes:
    """Damage lines of a delimited file with one heading line; every record keeps its line.

    An extra field is empty, a short row lacks its last two fields, an unclosed quote opens the last field, a byte
    order mark stands at the start of a line inside the file (files copied together), a mixed line end is LF among
    CRLF. Line breaks inside cells must differ from `newline`.
    """
    end = newline.encode(encoding)
    lines = content.split(end)
    sign = delimiter.encode(encoding)
    ends = [end] * (len(lines) - 1) + [b""]
    for name in (FIRST_ROW, *LINE_ERRORS):
        for row in np.flatnonzero(errors.get(name, np.zeros(0, dtype=bool))).tolist():
            if name == "mixed_line_ends":
                ends[row + 1] = b"\n"
            else:
                lines[row + 1] = _damaged(name, lines[row + 1], sign, "\ufeff".encode(encoding))
    return b"".join(part for line, stop in zip(lines, ends, strict=True) for part in (line, stop))


def _damaged(error: str, line: bytes, sign: bytes, mark: bytes) -> bytes:
    if error in ("extra_field", FIRST_ROW):
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


def surrogate_errors(rates: Rates, dice: Dice, ids: Ints) -> Errors:
    """`lone_surrogate`: rows of JSON lines in which half a character is escaped; `half_characters` writes it."""
    rate = rates.get("lone_surrogate", 0.0)
    return {"lone_surrogate": dice.happens(ids, rate, 64)} if rate else {}


def half_characters(content: bytes, heading: str, errors: Mapping[str, Flags]) -> bytes:
    """JSON lines with half a surrogate pair escaped at the start of the texts under a heading."""
    lines = content.split(b"\n")
    start = f'"{heading}":"'.encode()
    for row in np.flatnonzero(errors.get("lone_surrogate", np.zeros(0, dtype=bool))).tolist():
        lines[row] = lines[row].replace(start, start + _HALVES[row % 2], 1)
    return b"\n".join(lines)


def renamed(columns: Mapping[str, Column], names: Mapping[str, str]) -> dict[str, Column]:
    """The columns with other headings; the order stays."""
    return {names.get(name, name): values for name, values in columns.items()}
