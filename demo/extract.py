"""What a department hands over before it becomes a file: columns, and what is true of every row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from demo.draw import Flags, Floats, Ints, Texts, opaque
from demo.world import State

Column = Texts | Floats | Ints


@dataclass
class Extract:
    """Rows of one file in the making.

    `marks`: kind -> (entity names, house or -1, building or -1); `errors` and `cases`: name -> flags.
    """

    source: str
    columns: dict[str, Column]
    marks: dict[str, tuple[Texts, Ints, Ints]]
    errors: dict[str, Flags]
    cases: dict[str, Flags] = field(default_factory=dict)

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
        )


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


def name_lists(flags: dict[str, Flags], rows: int) -> list[list[str]]:
    """For every row the names whose flag is set, in alphabetical order."""
    names = sorted(flags)
    if not names:
        return [[] for _ in range(rows)]
    code = np.zeros(rows, dtype=np.int64)
    for place, name in enumerate(names):
        code |= flags[name].astype(np.int64) << place
    distinct, index = np.unique(code, return_inverse=True)
    lists = [[n for place, n in enumerate(names) if value >> place & 1] for value in distinct.tolist()]
    return [lists[at] for at in index.tolist()]


def truth_frames(state: State, extract: Extract, sha256: str, lines: Ints) -> dict[str, pd.DataFrame]:
    """The truth rows of one written file, per kind."""
    world = state.world
    codes = world.places.buildings["code"].to_numpy(dtype=object)
    errors = name_lists(extract.errors, extract.rows)
    cases = name_lists(extract.cases, extract.rows)
    result = {}
    for kind, (entity, house, building) in extract.marks.items():
        result[kind] = pd.DataFrame(
            {
                "night": state.day.isoformat(),
                "source": extract.source,
                "file_sha256": sha256,
                "line": lines,
                "entity": entity,
                "errors": errors,
                "cases": cases,
                "address": np.where(house >= 0, world.addresses[np.maximum(house, 0)], ""),
                "building": np.where(building >= 0, codes[np.maximum(building, 0)], ""),
                "grid": np.where(building >= 0, state.small_grid[np.maximum(building, 0)], ""),
            }
        )
    return result
