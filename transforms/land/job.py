"""What the parser process is told, and the pieces it hands back: plain data, no settings, no paths."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import BinaryIO, Self

import pyarrow as pa

from transforms.errors import RefusedError

FIELD_BYTES = 64 * 1024  # the longest value a row may hold (faults.md B11, L5); a drawing may be longer
CELL_BYTES = 16 << 20  # a longer value is no slip of one row: the file is not what it says
GEOMETRY = "geometry"  # the column of a feature's drawing, as GeoJSON text


def too_large(where: str, size: int) -> RefusedError:
    """The refusal of a file for one value beyond :data:`CELL_BYTES`."""
    return RefusedError("CELL_TOO_LARGE", f"{where}: one value has {size:,} bytes, and {CELL_BYTES:,} is the most")


@dataclass(frozen=True)
class Job:
    """One file to split into rows.

    Attributes:
        batch: value of the column ``batch``.
        landed: headings whose values leave the raw bytes, in contract order; each must be in the file, but
        optional: those that may be missing from it.
        known: every heading of the contract, ignored ones too.
        aliases: other headings of the file → the contract's own. merged: headings whose merged cells are filled down.
        comment_prefix, footer_marks: how rows start that are no records (``asides``).
        others: source code → headings of the other contracts, to recognise a file of another department.
        whole: the sender's control totals vouch for the bytes, so a missing last line break is no truncation.
        memory: address space the parser may use, bytes. cpu: seconds it may compute.
    """

    batch: str
    format: str
    encoding: str | None
    delimiter: str
    header_row: int
    sheet: str | None
    landed: tuple[str, ...]
    known: tuple[str, ...]
    others: dict[str, tuple[str, ...]]
    whole: bool
    memory: int
    cpu: int
    aliases: dict[str, str] = field(default_factory=dict)
    merged: tuple[str, ...] = ()
    comment_prefix: str | None = None
    footer_marks: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The job as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of :meth:`to_json`."""
        told = json.loads(text)
        for name in ("landed", "known", "merged", "footer_marks", "optional"):
            told[name] = tuple(told[name])
        told["others"] = {source: tuple(headings) for source, headings in told["others"].items()}
        return cls(**told)


@dataclass
class Found:
    """What a parser learns of a file beside its rows.

    Attributes:
        extras: headings of the file that the contract does not know, as shown to people.
        absent: headings that may be missing and are.
        renamed: the contract's headings that came under an alias → the alias.
        asides: kind of row that is no record → its lines.
        notes: what else a person should read.
        rows: records handed on. lines: physical lines they, blank ones and the head took (CSV only).
        regular: every quote of the file stands where RFC 4180 wants it (CSV only).
        mends: the batch that a returned receipt says it is of, as it stands there.
    """

    extras: list[str] = field(default_factory=list)
    absent: tuple[str, ...] = ()
    renamed: dict[str, str] = field(default_factory=dict)
    asides: dict[str, list[int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    rows: int = 0
    lines: int = 0
    regular: bool = True
    mends: str | None = None

    def leave(self, kind: str, line: int) -> None:
        """A row that is no record."""
        self.asides.setdefault(kind, []).append(line)

    @property
    def left(self) -> int:
        """How many rows are no records."""
        return sum(map(len, self.asides.values()))


@dataclass(frozen=True)
class Chunk:
    """Some rows in file order.

    Attributes:
        columns: one text array per landed heading that is there, in the job's order; null where the file has no value.
        line: physical place of each row. fault: why it could not be split, else null.
        numeric: headings whose cell was a floating-point number, joined by ``|``, else null.
    """

    columns: list[pa.Array]
    line: pa.Array
    fault: pa.Array
    numeric: pa.Array


@dataclass
class Gathered:
    """Rows collected one by one by the readers that cannot work by columns."""

    width: int
    values: list[tuple[str | None, ...]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: list[str | None] = field(default_factory=list)
    numerics: list[str | None] = field(default_factory=list)

    def add(self, line: int, values: tuple[str | None, ...], numeric: str | None = None) -> None:
        """A row that could be split."""
        self.values.append(values)
        self.lines.append(line)
        self.faults.append(None)
        self.numerics.append(numeric)

    def fail(self, line: int, fault: str) -> None:
        """A row that could not."""
        self.values.append((None,) * self.width)
        self.lines.append(line)
        self.faults.append(fault)
        self.numerics.append(None)

    def chunk(self) -> Chunk:
        """Everything gathered, as arrays."""
        columns = list(zip(*self.values, strict=True)) if self.values else [()] * self.width
        return Chunk(
            [pa.array(column, pa.string()) for column in columns],
            pa.array(self.lines, pa.int64()),
            pa.array(self.faults, pa.string()),
            pa.array(self.numerics, pa.string()),
        )


Reader = Callable[[Job, BinaryIO, Found], Iterator[Chunk]]
Counter = Callable[[Job, BinaryIO, Found], None]


def differing(first: int, second: int, unit: str) -> RefusedError:
    """The refusal when two independent counts of a file differ."""
    return RefusedError("ROW_COUNT", f"the file was counted twice and differs: {first} and {second} {unit}")
