"""Civil affairs: the register of door plates, JSON lines with the initials of the public-security address tables."""

from __future__ import annotations

import numpy as np

from demo.departments.common import building_addresses, building_writer, covered, first_night, house_of
from demo.departments.rows import Rows
from demo.draw import pick
from demo.extract import Extract
from demo.files import json_lines
from demo.world import State

SOURCE = "minzheng_diming"


def extract(state: State) -> Extract:
    """A plate for every building that stands; villagers' groups without door plates have none."""
    buildings, villages = state.world.places.buildings, state.world.villages
    plated = (buildings["from_night"].to_numpy() <= state.night) & (buildings["group"].to_numpy() == 0)
    plates = Rows(state, SOURCE, covered(state, SOURCE, plated))
    frame = buildings.iloc[plates.who].reset_index(drop=True)
    lon, lat = plates.point(frame["lon"].to_numpy(), frame["lat"].to_numpy(), 2.0)
    village = frame["village"].to_numpy()
    block = frame["block"].to_numpy()
    columns = {
        "DZDM": plates.serial("4453{:014d}", 40),
        "DZQC": plates.address(plates.who, writer=building_writer(state)),
        "JLXMC": (frame["road"] + frame["hamlet"]).to_numpy(dtype=object),
        "MPHM": (frame["door"].astype(str) + "号").to_numpy(dtype=object),
        "LPHM": np.where(block > 0, block.astype(str).astype(object) + "幢", "").astype(object),
        "MPLX": plates.word(np.where(block > 0, "楼牌", "门牌").astype(object), "临时牌"),
        "SSXZJD": villages["town_code"].to_numpy(dtype=object)[village],
        "SSCJWH": villages["code"].to_numpy(dtype=object)[village],
        "ZXJD": lon,
        "ZXWD": lat,
        "ZXZT": np.full(len(plates.rows), "0", dtype=object),
        "CCJR": pick(state.persons["name"].to_numpy(dtype=object), plates.dice.below(plates.rows, 40, 71)),
    }
    truth = building_addresses(state, plates.who)
    return plates.extract(columns, {"address": (truth, house_of(state)[plates.who], plates.who)})


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    return f"DZ_MPDY_{as_of}{f'_{correction}' if correction else ''}.json", json_lines(part.columns), 1


deliveries = first_night(extract, write)
