"""Housing: nearly every house with the cleanest address, GB18030 CSV, points in CGCS2000."""

from __future__ import annotations

import numpy as np

from demo.draw import Floats, Texts, pick
from demo.errors import code_errors, coordinate_errors
from demo.extract import Column, Extract, entities, merge_errors
from demo.files import delimited
from demo.world import State

SOURCE = "zhujian_fangwu"
_USE = {"commercial": "商业", "office": "办公", "public": "公共"}


def degrees(values: Floats) -> Texts:
    """Coordinates as texts with six decimals (about 0.1 m)."""
    return np.array([f"{value:.6f}" for value in values.tolist()], dtype=object)


def extract(state: State) -> Extract:
    """The houses that stand on a night."""
    rates, dice = state.rates(SOURCE), state.dice(SOURCE)
    places = state.world.places
    every = np.arange(len(places.houses), dtype=np.int64)
    new = places.buildings["from_night"].to_numpy()[places.houses["building"].to_numpy()] > 1
    ids = every[(dice.happens(every, rates["coverage"]) | new) & state.house_exists]
    houses = places.houses.iloc[ids].reset_index(drop=True)
    at = houses["building"].to_numpy().astype(np.int64)
    buildings = places.buildings.iloc[at].reset_index(drop=True)
    address, forms = state.world.writer.write(ids, rates, dice, ids)
    lon, lat, points = coordinate_errors(buildings["lon"].to_numpy(), buildings["lat"].to_numpy(), rates, dice, at)
    own = np.where(buildings["kind"] == "self_built", "自建房", "住宅")
    planned = np.where(houses["use"] == "dwelling", own, houses["use"].map(_USE)).astype(object)
    form = dice.weighted(ids, [0.82, 0.1, 0.08], 2)
    actual = np.where((form == 1) & (houses["use"] == "dwelling"), "出租", np.where(form == 2, "空置", planned))
    actual, strange = code_errors(actual.astype(object), "民宿", rates, dice, ids)
    persons = state.world.people.persons["name"].to_numpy(dtype=object)
    owner = persons[dice.below(ids, len(persons), 3)]
    columns: dict[str, Column] = {
        "房屋编号": np.array([f"FW{n:013d}" for n in dice.scramble(ids, 40).tolist()], dtype=object),
        "幢编号": buildings["code"].to_numpy(dtype=object),
        "楼盘名称": buildings["estate"].to_numpy(dtype=object),
        "房屋坐落": address,
        "总层数": buildings["floors"].astype(str).to_numpy(dtype=object),
        "建成年份": buildings["year"].astype(str).to_numpy(dtype=object),
        "规划用途": planned,
        "实际用途": actual,
        "建筑面积": houses["area"].map("{:.2f}".format).to_numpy(dtype=object),
        "经度": degrees(lon),
        "纬度": degrees(lat),
        "产权人": pick(owner, np.arange(len(ids), dtype=np.int64)),
        "产权证号": np.array([f"粤房地权证字第{n:010d}号" for n in dice.scramble(ids, 32).tolist()], dtype=object),
    }
    marks = {
        "house": (entities(state, "house", ids), ids, at),
        "building": (entities(state, "building", at), ids, at),
        "address": (state.world.addresses[ids], ids, at),
    }
    return Extract(SOURCE, columns, marks, merge_errors(forms, points, strange))


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    suffix = f"_更正{correction}" if correction else ""
    return f"fwxx_{as_of}{suffix}.csv", delimited(part.columns, "gb18030", ",", "\r\n"), 2
