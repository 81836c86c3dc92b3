"""CSV: declared encoding and delimiter, fields counted by ourselves, one bad row spoils only itself.

Blocks whose quotes all stand where RFC 4180 wants them go through Arrow (csv_block); from the first that does not,
the rest of the file is read record by record (csv_repair).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from transforms.errors import RefusedError
from transforms.land import csv_block, csv_repair, text
from transforms.land.headings import judge
from transforms.land.job import Chunk, Found, Job, differing

_PATIENCE = 32 << 20  # bytes without the end of a record after which a quote must have been left open
_OTHERS = ("utf-8-sig", "gb18030")


def read(job: Job, raw: BinaryIO, found: Found) -> Iterator[Chunk]:
    """Rows of the file, in chunks.

    Raises:
        RefusedError: ``ENCODING``, ``EMPTY_FILE``, ``TRUNCATED``, ``UNCLOSED_QUOTE`` or headings that break the
            contract.
    """
    stream = (block.encode() for block in text.blocks(raw, job.encoding or "utf-8"))
    head, rest, ended = _head(job, stream)
    headings = _headings(job, head, raw, found)
    layout = csv_block.Layout.of(job, headings)
    found.lines = job.header_row
    for block in stream:
        rest += block
        if found.regular and len(layout.delimiter) == 1:
            piece = csv_block.read(layout, rest, found.lines + 1)
            if piece and (piece.used or len(rest) < _PATIENCE):
                rest = rest[piece.used :]
                yield from _taken(piece, found)
                continue
        found.regular = False
        rest += b"".join(stream)
    yield from _last(job, layout, rest, found, ended=ended)


def _last(job: Job, layout: csv_block.Layout, rest: bytes, found: Found, *, ended: bool) -> Iterator[Chunk]:
    if rest and not rest.endswith((b"\n", b"\r")):
        if not job.whole:
            raise RefusedError(
                "TRUNCATED",
                "the last row has no line break: the file may be cut off; end it with one, or send its control totals",
            )
        rest += b"\n"
    elif not rest and not ended and not job.whole:
        raise RefusedError("TRUNCATED", "the row of headings has no line break: the file may be cut off")
    piece = csv_block.read(layout, rest, found.lines + 1) if found.regular and len(layout.delimiter) == 1 else None
    if piece and piece.used == len(rest):
        yield from _taken(piece, found)
    elif rest:
        found.regular = False
        yield from csv_repair.read(job, layout, rest, found)


def _taken(piece: csv_block.Piece, found: Found) -> Iterator[Chunk]:
    found.lines += piece.lines
    for kind, line in piece.asides:
        found.leave(kind, line)
    if piece.chunk:
        yield piece.chunk


def _head(job: Job, stream: Iterator[bytes]) -> tuple[bytes, bytes, bool]:
    """The row of headings, what was read beyond it, and whether a line break ended it."""
    rest = b""
    lines: list[bytes] = []
    for block in stream:
        rest += block
        lines = rest.splitlines(keepends=True)
        if len(lines) > job.header_row:
            break
    if len(lines) < job.header_row or not lines[job.header_row - 1].strip():
        raise RefusedError("EMPTY_FILE", f"there are no headings in line {job.header_row}")
    head = lines[job.header_row - 1]
    return head, rest[sum(map(len, lines[: job.header_row])) :], head.endswith((b"\n", b"\r"))


def _headings(job: Job, head: bytes, raw: BinaryIO, found: Found) -> list[str]:
    try:
        return judge(job, _split(head.decode(), job.delimiter), found)
    except RefusedError as error:
        if error.code == "SCHEMA" and (other := _fits(job, raw)):
            told = f"the headings are readable as {other}; declared is {job.encoding}"
            raise RefusedError("ENCODING", told) from None
        raise


def _split(head: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([head.rstrip("\r\n")], delimiter=delimiter, strict=True), [])
    except csv.Error:
        raise RefusedError("SCHEMA", "the row of headings has an unclosed or misplaced quote") from None


def _fits(job: Job, raw: BinaryIO) -> str | None:
    """Another encoding under which the head is the contract's: a short file may decode by luck (faults.md, 14)."""
    raw.seek(0)
    lines = raw.read(1 << 16).splitlines()
    if len(lines) < job.header_row:
        return None
    for encoding in _OTHERS:
        try:
            headings = _split(lines[job.header_row - 1].decode(encoding), job.delimiter)
        except (UnicodeDecodeError, RefusedError):
            continue
        if set(job.landed) <= {job.aliases.get(h, h) for h in headings}:
            return encoding.removesuffix("-sig")
    return None


def count(job: Job, raw: BinaryIO, found: Found) -> None:
    """Count again, on raw bytes and knowing nothing of fields.

    A quote's or line break's byte is never part of another character, in UTF-8 or in GB18030.

    Raises:
        RefusedError: ``ROW_COUNT`` when the counts differ.
    """
    lines = records = 0
    inside = False
    for line in io.TextIOWrapper(raw, encoding="latin-1", newline=None):
        lines += 1
        if lines <= job.header_row:
            continue
        records += not inside and line != "\n"
        inside ^= line.count('"') & 1 == 1
    if found.regular and records != found.rows + found.left:
        raise differing(found.rows + found.left, records, "rows")
    if not found.regular and lines != found.lines:
        raise differing(found.lines, lines, "lines")
