"""In which grid a fact stands: facility node, else address, building, division (docs/rooms.md, place_grid)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from transforms.account.delta import key_of
from transforms.account.pieces import PIECE, Pieces, ordered
from transforms.account.suppress import suppress
from transforms.engine import Engine
from transforms.run import Settings

_STEPS = Path(__file__).with_name("stat_grid.sql")
FACTS = {  # what stands in a grid: kind -> its table
    "person": "fact_person",
    "household": "fact_household",
    "house": "fact_house",
    "premises": "fact_premises",
    "organization": "fact_organization",
    "facility": "fact_facility",
    "address": "std_address",
    "building": "std_building",
}
_AT_ONCE = 1_000_000  # facts that are placed at once
_TEXT, _LONG = pa.string(), pa.int64()
_PLACED = pa.schema(
    [
        (name, _TEXT)
        for name in ("what", "id", "facility_id", "address_id", "building_id", "division_code", "place_reason")
    ]
)
_COUNTS = ("persons", "households", "houses", "premises", "organizations", "facilities")
STAT_GRID = pa.schema([("cut", _TEXT), ("grid_id", _TEXT), ("level", _TEXT), *((name, _LONG) for name in _COUNTS)])
FACT_GRID = pa.schema([(name, _TEXT) for name in ("what", "id", "grid_id", "method", "reason")])
_CODED = pa.schema([f if f.name == "id" else (f.name, pa.dictionary(pa.int32(), _TEXT)) for f in FACT_GRID])


@dataclass(frozen=True)
class Grids:
    """Counts per grid, and where every fact stands.

    Attributes:
        stat_grid: :data:`STAT_GRID`.
        fact_grid: the grid of every fact, or the reason for none (:data:`FACT_GRID`), sorted, in pieces; told once.
    """

    stat_grid: pa.Table
    fact_grid: Iterator[pa.Table]


def grids(settings: Settings, tables: Mapping[str, Pieces], std_grid: pa.Table, at_once: int = _AT_ONCE) -> Grids:
    """Place every fact of the release tables in its grid, and count.

    Args:
        settings: of the engine.
        tables: the release's.
        std_grid: grids of tonight's cut.
        at_once: facts that are placed at once.
    """
    given = {"place_grid": tables["place_grid"].whole(key_of("place_grid")), "std_grid": std_grid}
    counted: list[pd.DataFrame] = []
    placed: list[pa.Table] = []
    with Engine(settings) as engine:
        for facts in _together(tables, at_once):
            counted.append(engine.run(_STEPS, given | {"placed": facts}).to_pandas())
            placed.append(engine.table("fact_grid").select(FACT_GRID.names).cast(_CODED))
    whole = counted[0]
    for name in _COUNTS:
        whole[name] = sum(part[name] for part in counted)
    told = pa.Table.from_pandas(suppress(whole, _COUNTS)[STAT_GRID.names], STAT_GRID, preserve_index=False)
    return Grids(told.combine_chunks(), _sorted(placed))


def _together(tables: Mapping[str, Pieces], rows: int) -> Iterator[pa.Table]:
    """What is placed (:data:`_PLACED`), some kinds or pieces of one together; once without any where there is none."""
    held = [_PLACED.empty_table()]
    for what, name in FACTS.items():
        columns = [column for column in _PLACED.names if column in tables[name].schema.names]
        for piece in tables[name].each(list(dict.fromkeys([key_of(name)[0], *columns]))):
            held.append(_placed(what, piece))
            if sum(part.num_rows for part in held) >= rows:
                yield pa.concat_tables(held)
                held = []
    if held:
        yield pa.concat_tables(held)


def _placed(what: str, rows: pa.Table) -> pa.Table:
    columns = {"what": pa.repeat(pa.scalar(what, _TEXT), rows.num_rows), "id": rows.column(0)}
    for name in _PLACED.names[2:]:
        columns[name] = rows[name] if name in rows.column_names else pa.nulls(rows.num_rows, _TEXT)
    return pa.table(columns).cast(_PLACED)


def _sorted(placed: list[pa.Table]) -> Iterator[pa.Table]:
    whole = pa.concat_tables(placed).unify_dictionaries()
    yield FACT_GRID.empty_table()
    words = whole["what"].to_numpy(zero_copy_only=False)
    for what in sorted(FACTS):
        rows = ordered(whole.filter(pa.array(words == what)), ["id"])
        yield from (rows.slice(at, PIECE).cast(FACT_GRID) for at in range(0, rows.num_rows, PIECE))
