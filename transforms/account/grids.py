"""In which grid a fact stands: facility node, else address, building, division (docs/rooms.md, place_grid)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from transforms.account.delta import key_of
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


@dataclass(frozen=True)
class Grids:
    """Counts per grid (:data:`STAT_GRID`) and the grid of every fact, or the reason for none (:data:`FACT_GRID`)."""

    stat_grid: pa.Table
    fact_grid: pa.Table


def grids(settings: Settings, tables: Mapping[str, pa.Table]) -> Grids:
    """Place every fact of the release tables in its grid, and count."""
    given = {"placed": _placed(tables), "place_grid": tables["place_grid"], "std_grid": tables["std_grid"]}
    with Engine(settings) as engine:
        counted = suppress(engine.run(_STEPS, given).to_pandas(), _COUNTS)
        placed = engine.table("fact_grid").select(FACT_GRID.names).cast(FACT_GRID)
    stat_grid = pa.Table.from_pandas(counted[STAT_GRID.names], STAT_GRID, preserve_index=False)
    return Grids(stat_grid.combine_chunks(), placed.sort_by([("what", "ascending"), ("id", "ascending")]))


def _placed(tables: Mapping[str, pa.Table]) -> pa.Table:
    found = [_PLACED.empty_table()]
    for what, name in FACTS.items():
        table = tables[name]
        columns = {"what": pa.array([what] * table.num_rows, _TEXT), "id": table[key_of(name)[0]]}
        for column in _PLACED.names[2:]:
            columns[column] = table[column] if column in table.column_names else pa.nulls(table.num_rows, _TEXT)
        found.append(pa.table(columns).cast(_PLACED))
    return pa.concat_tables(found)
