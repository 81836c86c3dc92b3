"""``grid_crosswalk``: departments' business grids of before (多网合一) against the grids of tonight's cut.

The evidence is the departments' own records: each names its old grid and stands in one of today's. Of an old grid, the
share of its located records that stand in a grid is the weight. Under :data:`transforms.account.suppress.LEAST` records
a share is not told: it would be a count of few, and two or three records say little of where a line once ran.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import store
from transforms import tables as catalogue
from transforms.account.night import Night
from transforms.account.suppress import LEAST
from transforms.engine import Engine
from transforms.live import Live

_STEPS = Path(__file__).with_name("crosswalk.sql")
_TYPE = "old_grid"  # of the property by which a record names its department's old grid
_TEXT, _LONG = pa.string(), pa.int64()
_SAID = pa.schema([(name, _TEXT) for name in ("source", "old_code", "record_id")])
_LOCATED = pa.schema([(name, _TEXT) for name in ("record_id", "property", "grid_id", "method")])
OLD_GRID = pa.schema(
    [("source", _TEXT), ("old_code", _TEXT), ("state", _TEXT), *((n, _LONG) for n in ("records", "located", "grids"))]
)
STATES = ("whole", "split", "unmatched")


@dataclass(frozen=True)
class Crosswalk:
    """What an old grid became.

    Attributes:
        rows: ``grid_crosswalk`` with the catalogue's columns, sorted by key.
        old_grid: :data:`OLD_GRID`, one row per old code: ``whole`` in one grid, ``split`` over several, or
            ``unmatched``: in no grid do enough of its records stand. For the cut's owner; the counts are not published.
    """

    rows: pa.Table
    old_grid: pa.Table


def crosswalk(night: Night, std_grid: pa.Table) -> Crosswalk:
    """Count the night's live records by their old grid and the grid they stand in.

    Args:
        night: located.
        std_grid: grids of tonight's cut.

    Raises:
        StaleInputError: live records or located tables are missing, incomplete or stale.
    """
    said = _said(night)
    located = _located(night, said["record_id"].combine_chunks())
    if not said.num_rows:
        return Crosswalk(catalogue.load_all()["grid_crosswalk"].facts.empty_table(), OLD_GRID.empty_table())
    given = {"said": said, "located": located, "std_grid": std_grid.select(["grid_id", "level", "type", "parent_id"])}
    with Engine(night.run.settings) as engine:
        counted = engine.run(_STEPS, given).to_pandas()
    shares = weighed(counted)
    return Crosswalk(_published(shares, std_grid), _told(counted, shares))


def weighed(counted: pd.DataFrame) -> pd.DataFrame:
    """``source old_code grid_id weight`` of the shares that may be told.

    Args:
        counted: ``source old_code grid_id records``; ``grid_id`` null: located in none.

    Returns:
        Weights in hundredths, rounded half up in whole numbers: one record more or less moves few of them.
    """
    here = counted[counted["grid_id"].notna()]
    whole = here.groupby(["source", "old_code"])["records"].transform("sum")
    percent = (200 * here["records"] + whole) // (2 * whole)
    told = here["records"].ge(LEAST) & percent.ge(1)
    return here.assign(weight=percent / 100)[told][["source", "old_code", "grid_id", "weight"]]


def _naming(night: Night) -> Iterator[tuple[str, str, Live]]:
    """Kinds whose live records may name an old grid: kind, property, the live records."""
    for name, kind in night.kinds.items():
        for prop in kind.typed(_TYPE):
            path = night.night_path("account", "live", name)
            if path is not None and prop in (live := Live(path)).column_names:
                yield name, prop, live


def _said(night: Night) -> pa.Table:
    found = [_SAID.empty_table()]
    for _, prop, live in _naming(night):
        rows = pa.table([live.column("source"), live.column(prop), live.column("record_id")], _SAID.names).cast(_SAID)
        found.append(rows.filter(rows["old_code"].is_valid()))
    return pa.concat_tables(found)


def _located(night: Night, records: pa.Array) -> pa.Table:
    """The best place of each of some records, property by property."""
    found = [_LOCATED.empty_table()]
    for name, _, _ in _naming(night):
        path = night.night_path("locate", night.kinds[name].stage, name)
        if path is not None:
            rows = store.read_table(path, [*_LOCATED.names, "rank"])
            best = pc.and_(pc.equal(rows["rank"], 1), pc.is_in(rows["record_id"], records))
            best = pc.and_(best, pc.is_valid(rows["grid_id"]))
            found.append(rows.filter(best).select(_LOCATED.names).cast(_LOCATED))
    return pa.concat_tables(found)


def _published(shares: pd.DataFrame, std_grid: pa.Table) -> pa.Table:
    cut = dict(zip(std_grid["grid_id"].to_pylist(), std_grid["cut"].to_pylist(), strict=True))
    table = catalogue.load_all()["grid_crosswalk"]
    rows = shares.assign(valid_from=[date.fromisoformat(cut[g]) for g in shares["grid_id"]])
    rows = rows.assign(valid_to=None, provenance="{}").sort_values(list(table.key))
    return pa.Table.from_pandas(rows[table.facts.names], table.facts, preserve_index=False)


def _told(counted: pd.DataFrame, shares: pd.DataFrame) -> pa.Table:
    key = ["source", "old_code"]
    told = counted.assign(located=counted["records"].where(counted["grid_id"].notna(), 0)).groupby(key, sort=True)
    rows = told[["records", "located"]].sum().join(shares.groupby(key).size().rename("grids")).fillna({"grids": 0})
    state = np.where(rows["grids"] == 0, STATES[2], np.where(rows["grids"] == 1, STATES[0], STATES[1]))
    return pa.Table.from_pandas(rows.assign(state=state).reset_index()[OLD_GRID.names], OLD_GRID, preserve_index=False)
