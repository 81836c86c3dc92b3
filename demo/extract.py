"""What a department hands over before it becomes a file: columns, and what is true of every row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.draw import Dice, Flags, Floats, Ints, Texts, opaque
from demo.world import State

Column = Texts | Floats | Ints
TRUTH = pa.schema(
    [
        ("night", pa.string()), ("source", pa.string()), ("file_sha256", pa.string()), ("line", pa.int64()),
        ("entity", pa.string()), ("errors", pa.list_(pa.string())), ("cases", pa.list_(pa.string())),
        ("address", pa.string()), ("building", pa.string()), ("grid", pa.string()),
    ]
)  # fmt: skip


@dataclass
class Extract:
    """Rows of one file in the making.

    `marks`: kind -> (entity names, house or -1, building or -1); `errors` and `cases`: name -> flags; `together`:
    rows of one value stay neighbours in the file (a home under one merged cell).
    """

    source: str
    columns: dict[str, Column]
    marks: dict[str, tuple[Texts, Ints, Ints]]
    errors: dict[str, Flags]
    cases: dict[str, Flags] = field(default_factory=dict)
    together: Ints | None = None

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values())))

    def take(self, order: Ints) -> Extract:
        """The rows at the given positions, in that order."""
        return Extract(
            self.source,
            {name: values[order] for name, values in self.columns.items()},
            {kind: (a[order], b[order], c[order]) for kind, (a, b, c) in self.marks.items()},
            {name: flags[order] for name, flags in self.errors.items()},
            {name: flags[order] for name, flags in self.cases.items()},
            None if self.together is None else self.together[order],
        )

    def shuffled(self, dice: Dice) -> Extract:
        """The rows in an order that tells nothing, groups of `together` side by side."""
        order = dice.order(np.arange(self.rows, dtype=np.int64))
        if self.together is not None:
            order = order[np.lexsort((np.arange(self.rows), dice.bits(self.together, 1)[order]))]
        return self.take(order)


Writer = Callable[[Extract, str, int], tuple[str, bytes, int | Ints]]


@dataclass(frozen=True)
class Delivery:
    """One file to be written: its rows, the day it speaks for, its correction number and its writer.

    The writer takes (extract, as_of YYYYMMDD, correction) and returns the file name, the bytes and the line of the
    first record, or of every record where they are not one line each. It may add to the extract's errors what only it
    can know, such as which record comes first.

    `fault`: what is wrong with the file as a whole (`damage/whole.py`), which every row of its truth then names.
    """

    extract: Extract
    as_of: date
    correction: int
    write: Writer
    fault: str = ""


def merge_errors(*parts: Mapping[str, Flags]) -> dict[str, Flags]:
    """One table of flags; the same error of two columns is one error of the row."""
    result: dict[str, Flags] = {}
    for part in parts:
        for name, flags in part.items():
            result[name] = result[name] | flags if name in result else flags
    return result


def entities(state: State, kind: str, ids: Ints) -> Texts:
    """Truth names of entities."""
    return opaque(state.world.seed, kind, ids)


def name_lists(flags: dict[str, Flags], rows: int) -> pa.Array:
    """For every row the names whose flag is set, in alphabetical order."""
    names = sorted(flags)
    code = np.zeros(rows, dtype=np.int64)
    for place, name in enumerate(names):
        code |= flags[name].astype(np.int64) << place
    distinct, index = np.unique(code, return_inverse=True)
    lists = [[n for place, n in enumerate(names) if value >> place & 1] for value in distinct.tolist()]
    return pa.array(lists, TRUTH.field("errors").type).take(pa.array(index))


def truth_tables(state: State, extract: Extract, sha256: str, lines: Ints) -> Iterator[tuple[str, pa.Table]]:
    """The truth rows of one written file, per kind."""
    world, rows = state.world, extract.rows
    errors, cases = name_lists(extract.errors, rows), name_lists(extract.cases, rows)
    same = [pa.repeat(text, rows) for text in (state.day.isoformat(), extract.source, sha256)]
    for kind, (entity, house, building) in extract.marks.items():
        at = pa.array(building, mask=building < 0)
        places = [
            world.address_names.take(pa.array(house, mask=house < 0)),
            world.building_codes.take(at),
            state.small_grid_names.take(at),
        ]
        texts = [pa.array(entity, pa.string()), *(pc.fill_null(names, "") for names in places)]
        columns = [*same, pa.array(lines), texts[0], errors, cases, *texts[1:]]
        yield kind, pa.Table.from_arrays(columns, schema=TRUTH)
