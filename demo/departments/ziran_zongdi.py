"""Natural resources: the buildings of the land register with their outlines, GeoJSON in CGCS2000."""

from __future__ import annotations

import numpy as np

from demo.departments.common import building_addresses, building_writer, covered, first_night, house_of
from demo.departments.rows import Rows
from demo.draw import pick
from demo.extract import Extract, entities
from demo.files import geojson
from demo.outlines import outlines
from demo.world import State

SOURCE = "ziran_zongdi"
_USES = {"self_built": "农村宅基地", "flats": "城镇住宅用地", "public": "公共服务用地"}


def extract(state: State) -> Extract:
    """The registered buildings: nearly all flats, fewer houses in villages."""
    buildings = state.world.places.buildings
    village_house = (buildings["kind"] == "self_built").to_numpy()
    share = np.where(village_house, state.rates(SOURCE)["coverage_rural"], 1.0)
    fit = (buildings["from_night"].to_numpy() == 1) & state.dice(SOURCE, "registered").happens(
        np.arange(len(buildings), dtype=np.int64), share
    )
    rows = Rows(state, SOURCE, covered(state, SOURCE, fit))
    frame = buildings.iloc[rows.who].reset_index(drop=True)
    lon, lat = rows.point(frame["lon"].to_numpy(), frame["lat"].to_numpy(), 0.5)
    lot = rows.serial("{:011d}", 36, "lot")
    county = state.world.villages["county_code"].str[:6].to_numpy(dtype=object)[frame["village"].to_numpy()]
    code = np.array([f"{c}{n[:6]}GB{n[6:]}F00010001" for c, n in zip(county, lot, strict=True)], dtype=object)
    people = state.persons["name"].to_numpy(dtype=object)
    shapes, straddles = outlines(state, rows.who, rows.rates["straddler"])
    columns = {
        "BDCDYH": code,
        "JZWBM": frame["code"].to_numpy(dtype=object),
        "ZL": rows.address(rows.who, writer=building_writer(state)),
        "ZCS": frame["floors"].astype(str).to_numpy(dtype=object),
        "JGND": (frame["year"] + rows.dice.below(rows.rows, 2, 70)).astype(str).to_numpy(dtype=object),
        "TDYT": frame["kind"].map(_USES).to_numpy(dtype=object),
        "ZDMJ": np.array([f"{80 + n / 10:.1f}" for n in rows.dice.below(rows.rows, 4000, 71).tolist()], dtype=object),
        "QLRMC": pick(people, rows.dice.below(rows.rows, len(people), 72)),
        "ZXD_X": lon,
        "ZXD_Y": lat,
        "geometry": shapes,
    }
    at = rows.who
    marks = {
        "building": (entities(state, "building", at), house_of(state)[at], at),
        "address": (building_addresses(state, at), house_of(state)[at], at),
    }
    return rows.extract(columns, marks, {"straddler": straddles})


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the number of the first feature."""
    return f"ZRZ_{as_of}_v{correction}.geojson", geojson(part.columns), 1


deliveries = first_night(extract, write)
