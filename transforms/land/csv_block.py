"""The quick way through a block of well-formed CSV: numpy counts the fields, Arrow makes the columns.

Works on UTF-8, where the bytes of a quote, a line feed and an ASCII delimiter are never part of another character.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from transforms.land import asides
from transforms.land.job import Chunk, Job

_QUOTE, _LF, _CR = b'"\n\r'
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """How rows are laid out: the delimiter, fields per row, the field of each landed heading, and what is no record."""

    job: Job
    delimiter: bytes
    width: int
    fields: tuple[int, ...]

    @classmethod
    def of(cls, job: Job, headings: Sequence[str]) -> Self:
        """The layout a row of headings promises."""
        return cls(job, job.delimiter.encode(), len(headings), tuple(headings.index(h) for h in job.landed))


@dataclass(frozen=True)
class Piece:
    """What was read of a block: bytes and physical lines used, rows unless there was none, (kind, line) of the rest."""

    used: int
    lines: int
    chunk: Chunk | None
    asides: tuple[tuple[str, int], ...] = ()


def read(layout: Layout, block: bytes, line: int) -> Piece | None:
    """Read the whole records of a block that starts at physical line ``line``; None if this way does not fit it."""
    if block.count(b"\r") != block.count(b"\r\n") + block.endswith(b"\r"):
        return None
    data = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(data == _QUOTE)
    breaks = np.flatnonzero(data == _LF)
    ends = _outside(breaks, quotes)
    if not len(ends):
        return Piece(0, 0, None)
    used = int(ends[-1]) + 1
    if not _regular(data, quotes[quotes < used], layout.delimiter[0]):
        return None
    starts = np.concatenate([[0], ends[:-1] + 1])
    blank = (ends == starts) | ((ends == starts + 1) & (data[starts] == _CR))
    delimiters = _outside(np.flatnonzero(data[:used] == layout.delimiter[0]), quotes)
    good = np.diff(np.searchsorted(delimiters, ends), prepend=0) == layout.width - 1
    places = line + np.searchsorted(breaks, starts)
    lines = int(np.searchsorted(breaks, used))
    others = _asides(layout, block, starts, ends)
    left = tuple((kind, int(places[row])) for row, kind in others.items())
    record = ~blank
    record[list(others)] = False
    if not record.any():
        return Piece(used, lines, None, left)
    columns = _columns(layout, _keep(block, starts, ends, (good & record) | blank))
    return Piece(used, lines, _chunk(columns, places[record], good[record]), left)


def _asides(layout: Layout, block: bytes, starts: Places, ends: Places) -> dict[int, str]:
    """Row → kind, of the rows that are no records."""
    wanted = asides.pattern(layout.job)
    found: dict[int, str] = {}
    for match in wanted.finditer(block, 0, int(ends[-1])) if wanted else ():
        row = int(np.searchsorted(starts, match.start()))
        if row < len(starts) and starts[row] == match.start():  # else a line inside a quoted field
            text = block[starts[row] : ends[row]].decode()
            fields = next(csv.reader([text], delimiter=layout.delimiter.decode()), [])
            if kind := asides.aside(layout.job, fields):
                found[row] = kind
    return found


def _outside(places: Places, quotes: Places) -> Places:
    """Those places that an even number of quotes stands before."""
    return places[np.searchsorted(quotes, places) % 2 == 0] if len(quotes) else places


def _regular(data: NDArray[np.uint8], quotes: Places, delimiter: int) -> bool:
    """Whether each quote opens a field, closes one, or is half of a doubled one."""
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > 0, data[opening - 1], _LF)
    after = data[closing + 1]  # a record's line feed follows at the latest
    opens = np.isin(before, [delimiter, _LF, _QUOTE])
    return bool(opens.all() and np.isin(after, [delimiter, _LF, _CR, _QUOTE]).all())


def _keep(block: bytes, starts: Places, ends: Places, wanted: NDArray[np.bool_]) -> bytes:
    """The block without the records that are not wanted."""
    kept, position = [], 0
    for index in np.flatnonzero(~wanted):
        kept.append(block[position : starts[index]])
        position = int(ends[index]) + 1
    return b"".join([*kept, block[position : int(ends[-1]) + 1]])


def _columns(layout: Layout, block: bytes) -> list[pa.Array]:
    names = [str(index) for index in range(layout.width)]
    if not block.strip(b"\r\n"):
        return [pa.array([], pa.string()) for _ in layout.fields]
    table = pa.csv.read_csv(
        io.BytesIO(block),
        pa.csv.ReadOptions(column_names=names, block_size=len(block) + 1, use_threads=False),
        pa.csv.ParseOptions(
            delimiter=layout.delimiter.decode(), quote_char='"', double_quote=True, newlines_in_values=True
        ),
        pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=[str(field) for field in layout.fields],
            null_values=[],
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    return [column.combine_chunks() for column in table.columns]


def _chunk(columns: list[pa.Array], places: Places, good: NDArray[np.bool_]) -> Chunk:
    nothing = pa.nulls(len(good), pa.string())
    if good.all():
        return Chunk(columns, pa.array(places, pa.int64()), nothing, nothing)
    index = pa.array(np.cumsum(good) - 1, pa.int64(), mask=~good)
    fault = pc.if_else(pa.array(good), nothing, pa.scalar("FIELD_COUNT"))
    return Chunk([column.take(index) for column in columns], pa.array(places, pa.int64()), fault, nothing)
