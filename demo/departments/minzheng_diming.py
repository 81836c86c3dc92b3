"""Civil affairs: the register of door plates, JSON lines with the initials of the public-security address tables."""

from __future__ import annotations

import numpy as np

from demo.config import divisions
from demo.departments.common import building_addresses, building_writer, covered, first_night, house_of
from demo.departments.rows import Rows
from demo.draw import Flags, Texts, pick
from demo.errors import half_characters, surrogate_errors
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
    town, code = (villages[name].to_numpy(dtype=object)[village] for name in ("town_code", "code"))
    old = _old_codes(plates, town)
    plates.note(surrogate_errors(plates.rates, plates.dice, plates.rows), {"old_division_code": old != ""})
    columns = {
        "DZDM": plates.serial(state.world.config.city_code[:4] + "{:014d}", 40),
        "DZQC": plates.address(plates.who, writer=building_writer(state)),
        "JLXMC": (frame["road"] + frame["hamlet"]).to_numpy(dtype=object),
        "MPHM": (frame["door"].astype(str) + "号").to_numpy(dtype=object),
        "LPHM": np.where(block > 0, block.astype(str).astype(object) + "幢", "").astype(object),
        "MPLX": plates.word(np.where(block > 0, "楼牌", "门牌").astype(object), "临时牌"),
        "SSXZJD": np.where(old != "", old + _behind_county(town), town).astype(object),
        "SSCJWH": np.where(old != "", old + _behind_county(code), code).astype(object),
        "ZXJD": lon,
        "ZXWD": lat,
        "ZXZT": np.full(len(plates.rows), "0", dtype=object),
        "CCJR": pick(state.persons["name"].to_numpy(dtype=object), plates.dice.below(plates.rows, 40, 71)),
    }
    truth = building_addresses(state, plates.who)
    return plates.extract(columns, {"address": (truth, house_of(state)[plates.who], plates.who)})


def _behind_county(codes: Texts) -> Texts:
    """What follows the county's six digits."""
    return np.array([code[6:] for code in codes], dtype=object)


def _old_codes(plates: Rows, towns: Texts) -> Texts:
    """The code that the county had before it was renamed, by rate among the counties that had one; else empty."""
    table = divisions()
    gone = table[(table["level"] == "county") & (table["successor"] != "")]
    before = dict(zip(gone["successor"].str[:6], gone["code"].str[:6], strict=True))
    old = np.array([before.get(town[:6], "") for town in towns], dtype=object)
    said: Flags = plates.dice.happens(plates.rows, plates.rates["old_division_code"], 72)
    return np.where(said, old, "").astype(object)


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    content = half_characters(json_lines(part.columns), "DZQC", part.errors)
    return f"DZ_MPDY_{as_of}{f'_{correction}' if correction else ''}.json", content, 1


deliveries = first_night(extract, write)
