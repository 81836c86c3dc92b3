"""JSON lines: one object a line; numbers keep their written text, a bad line spoils only itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

from transforms.errors import RefusedError
from transforms.land import json_text, text
from transforms.land.headings import judge, row_of, told_names, told_once
from transforms.land.job import Chunk, Found, Gathered, Job, differing
from transforms.land.json_text import RowFaultError

_ROWS = 50_000


def _no_constant(_word: str) -> str:
    raise ValueError("NaN and Infinity are no JSON")


# An object becomes a tuple of its pairs, an array a list: both are told apart from texts, and doubled keys are seen.
_DECODE = json.JSONDecoder(object_pairs_hook=tuple, parse_float=str, parse_int=str, parse_constant=_no_constant).decode
_BOOLEAN = {True: "true", False: "false"}


def read(job: Job, raw: BinaryIO, found: Found) -> Iterator[Chunk]:
    """Rows of the file, in chunks.

    Raises:
        RefusedError: ``ENCODING``, ``WRONG_TYPE``, ``TRUNCATED``, ``TOO_DEEP`` or columns that break the contract.
    """
    seen: dict[str, None] = {}
    gathered = Gathered(len(job.landed))
    sound = 0
    for number, line, ended in _lines(job, raw):
        try:
            row = _object(line)
            told_once(job, row)
        except RowFaultError as fault:
            if not ended:
                raise RefusedError("TRUNCATED", f"line {number}: the last row is cut off") from None
            gathered.fail(number, str(fault))
        else:
            sound += 1
            seen.update(dict.fromkeys(row))
            gathered.add(number, row_of(job, row))
        if len(gathered.lines) >= _ROWS:
            yield gathered.chunk()
            gathered = Gathered(len(job.landed))
    if sound:
        judge(job, told_names(job, seen), found)
    elif gathered.lines:
        raise RefusedError("WRONG_TYPE", "no line is a JSON object: this is no file of JSON lines")
    if gathered.lines:
        yield gathered.chunk()


def _lines(job: Job, raw: BinaryIO) -> Iterator[tuple[int, str, bool]]:
    """Physical line number, its text and whether a line break ended it, for every line that is not blank."""
    rest, number = "", 0
    for block in text.blocks(raw, job.encoding or "utf-8"):
        *lines, rest = (rest + block).split("\n")
        for line in lines:
            number += 1
            if line.strip(" \t\r"):
                yield number, line, True
    if rest.strip(" \t\r"):
        yield number + 1, rest, False


def _object(line: str) -> dict[str, str | None]:
    try:
        pairs = _DECODE(line)
    except ValueError:
        raise RowFaultError("NOT_JSON") from None
    except RecursionError:
        raise RefusedError("TOO_DEEP", "a line's values are nested too deeply") from None
    if not isinstance(pairs, tuple):
        raise RowFaultError("NOT_AN_OBJECT")
    row: dict[str, object] = dict(pairs)
    if len(row) != len(pairs):
        raise RowFaultError("DUPLICATE_KEY")
    if any(isinstance(value, tuple | list) for value in row.values()):
        found, _ = json_text.members(line, json_text.skip(line, 0))
        return {key: json_text.landed(line, start, end, value) for key, start, end, value in found}
    if "\\u" in line:
        for word in (*row, *row.values()):
            if isinstance(word, str):
                json_text.whole(word)
    return {k: _BOOLEAN[v] if isinstance(v, bool) else v for k, v in row.items()}  # type: ignore[misc]


def count(_job: Job, raw: BinaryIO, found: Found) -> None:
    """Count again: lines of the raw bytes that are not blank.

    Raises:
        RefusedError: ``ROW_COUNT`` when the counts differ.
    """
    lines = sum(1 for line in raw if line.strip(b" \t\r\n\xef\xbb\xbf"))
    if lines != found.rows:
        raise differing(found.rows, lines, "rows")
