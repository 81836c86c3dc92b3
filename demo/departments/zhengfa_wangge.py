"""The grid office: every grid of the current cut, a GeoJSON in CGCS2000."""

from __future__ import annotations

import numpy as np

from demo.damage.rings import ring_errors
from demo.extract import Column, Extract, entities
from demo.files import geojson
from demo.world import State

SOURCE = "zhengfa_wangge"


def extract(state: State) -> Extract:
    """The grids of the cut that holds on a night."""
    dice = state.dice(SOURCE)
    table = state.world.grids.table
    alive = (table["from_night"] <= state.night) & (table["until_night"] > state.night)
    ids = np.flatnonzero(alive.to_numpy()).astype(np.int64)
    frame = table.iloc[ids]
    drawn = [state.world.surveyor.ring(state.world.grids.cells[at]) for at in ids.tolist()]
    small = (frame["level"] == "小网格").to_numpy()
    rings, errors = ring_errors(drawn, small, state.rates(SOURCE), dice, ids)
    columns: dict[str, Column] = {
        "网格编码": frame["code"].to_numpy(dtype=object),
        "网格名称": frame["name"].to_numpy(dtype=object),
        "网格层级": frame["level"].to_numpy(dtype=object),
        "网格类型": frame["type"].to_numpy(dtype=object),
        "上级编码": frame["parent"].to_numpy(dtype=object),
        "网格员人数": 1 + dice.below(ids, 4),
        "geometry": rings,
    }
    none = np.full(len(ids), -1, dtype=np.int64)
    return Extract(SOURCE, columns, {"grid": (entities(state, "grid", ids), none, none)}, errors)


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the number of the first feature."""
    suffix = f"_更正{correction}" if correction else ""
    return f"网格划分_{as_of}{suffix}.geojson", geojson(part.columns), 1
