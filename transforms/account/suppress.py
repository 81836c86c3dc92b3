"""Small cells of ``stat_grid`` and what would give them away (design.md section 6: cells and totals).

A count under :data:`LEAST` is left out. Where a grid's count is published and what its published parts leave over would
tell a hidden part (it is the only one, or all of them together are under :data:`LEAST`), the smallest published part is
left out too; and a grid left out for this reason keeps at least one hidden part, lest its parts add up to it. Parts
need not add up to their grid: what is known to the village only stands in the medium grid alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

LEAST = 5
LEVELS = ("large", "medium", "small", "micro")


def suppress(counts: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Leave out small cells and their giveaways.

    Args:
        counts: ``grid_id parent_id level`` and the counts, one row per grid; null counts are zero.
        columns: names of the counts, each suppressed on its own.

    Returns:
        The same rows in the same order, counts as Int64 with null where left out.
    """
    if counts.empty:  # a register of a place without grids
        return counts.astype(dict.fromkeys(columns, "Int64"))
    cells = counts[["grid_id", "parent_id", "level", *columns]].melt(["grid_id", "parent_id", "level"], var_name="what")
    cells["value"] = cells["value"].fillna(0).astype("int64")
    cells["hidden"] = cells["value"] < LEAST
    for level in (level for level in LEVELS[1:] if counts["level"].eq(level).any()):
        cells.loc[_giveaways(cells, level), "hidden"] = True
    shown = cells["value"].astype("Int64").mask(cells["hidden"])
    wide = cells.assign(value=shown).pivot(index="grid_id", columns="what", values="value")
    return counts.assign(**{name: wide[name].reindex(counts["grid_id"]).to_numpy() for name in columns})


def _giveaways(cells: pd.DataFrame, level: str) -> pd.Index:
    """Cells of one level that must be hidden beside the small ones."""
    above = cells[["grid_id", "what", "value", "hidden"]].rename(columns={"grid_id": "parent_id"})
    parts = cells[cells["level"].eq(level)].reset_index()
    parts = parts.merge(above, on=["parent_id", "what"], suffixes=("", "_above"))
    if parts.empty:
        return pd.Index([], dtype="int64")
    parts["published"] = parts["value"].where(~parts["hidden"], 0)
    group = parts.groupby(["parent_id", "what"])
    hidden = group["hidden"].transform("sum")
    left_over = parts["value_above"] - group["published"].transform("sum")
    of_hidden = group["value"].transform("sum") - group["published"].transform("sum")
    told = (hidden > 0) & (of_hidden > 0) & ((hidden == 1) | (left_over < LEAST))
    adds_up = (of_hidden == 0) & (parts["value_above"] >= LEAST)
    needed = parts[(told & ~parts["hidden_above"] | adds_up & parts["hidden_above"]) & ~parts["hidden"]]
    smallest = needed.sort_values(["parent_id", "what", "value", "grid_id"])
    return pd.Index(smallest.drop_duplicates(["parent_id", "what"])["index"])
