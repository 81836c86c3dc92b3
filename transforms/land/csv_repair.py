"""The slow way through CSV whose quotes are not regular: record by record, finding the next row after a bad line."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from transforms.errors import RefusedError
from transforms.land.asides import aside
from transforms.land.csv_block import Layout
from transforms.land.job import FIELD_BYTES, Chunk, Found, Gathered, Job

_ROWS = 100_000
_OPEN = "unexpected end of data"  # the csv module's word for a quote that is still open


def read(job: Job, layout: Layout, rest: bytes, found: Found) -> Iterator[Chunk]:
    """The records of the rest of a file, which ends with a line break; counts physical lines in ``found``.

    A quote left open costs its own line if the next one is a row; if not, nobody can say where rows begin.

    Raises:
        RefusedError: ``UNCLOSED_QUOTE`` with its line; ``TRUNCATED`` when it is the last line.
    """
    csv.field_size_limit(1 << 30)
    lines = rest.splitlines(keepends=True)
    gathered = Gathered(len(layout.fields))
    at = 0
    while at < len(lines):
        line, taken = found.lines + 1, 1
        if lines[at].strip(b"\r\n"):
            fields, taken = _record(layout, lines, at)
            if fields is None:
                _recoverable(layout, lines, at + 1, line)
                gathered.fail(line, "UNCLOSED_QUOTE")
            elif kind := aside(job, fields):
                found.leave(kind, line)
            elif len(fields) != layout.width:
                gathered.fail(line, "FIELD_COUNT")
            else:
                gathered.add(line, tuple(fields[index] for index in layout.fields))
        at += taken
        found.lines += taken
        if len(gathered.lines) >= _ROWS:
            yield gathered.chunk()
            gathered = Gathered(len(layout.fields))
    if gathered.lines:
        yield gathered.chunk()


def _record(layout: Layout, lines: list[bytes], at: int) -> tuple[list[str] | None, int]:
    """The fields of the record that starts at a line and how many lines it takes; None if its quote stays open."""
    if b'"' not in lines[at]:
        return lines[at].rstrip(b"\r\n").decode().split(layout.delimiter.decode()), 1
    taken, size = 1, len(lines[at])
    while True:
        fields, still_open = _parse(layout, b"".join(lines[at : at + taken]))
        if not still_open:
            if taken == 1 or (fields and len(fields) == layout.width):
                return fields, taken
            return None, 1
        if at + taken >= len(lines) or size > FIELD_BYTES * layout.width or taken > 1000:
            return None, 1
        size += len(lines[at + taken])
        taken += 1


def _parse(layout: Layout, record: bytes) -> tuple[list[str] | None, bool]:
    """The fields, or None where a quote is misplaced; and whether a quote is still open."""
    text = record.decode().rstrip("\r\n") if record.count(b'"') % 2 == 0 else record.decode()
    try:
        return next(csv.reader([text], delimiter=layout.delimiter.decode(), strict=True)), False
    except csv.Error as error:
        return None, _OPEN in str(error)


def _recoverable(layout: Layout, lines: list[bytes], after: int, line: int) -> None:
    while after < len(lines) and not lines[after].strip(b"\r\n"):
        after += 1
    if after >= len(lines):
        raise RefusedError("TRUNCATED", f"line {line}: the last row has an unclosed quote: the file may be cut off")
    fields, _ = _record(layout, lines, after)
    if fields is None or len(fields) != layout.width:
        raise RefusedError("UNCLOSED_QUOTE", f"line {line}: a quote is not closed, and the next line is no row")
