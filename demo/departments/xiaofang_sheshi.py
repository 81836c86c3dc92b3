"""The fire service: hydrants and water points, Parquet, its own numbers and sometimes urban management's."""

from __future__ import annotations

import numpy as np

from demo.departments import chengguan_bujian
from demo.draw import pick
from demo.errors import code_errors, coordinate_errors
from demo.extract import Column, Extract, entities, merge_errors
from demo.files import parquet
from demo.world import State

SOURCE = "xiaofang_sheshi"
_CLASSES = {"0106": "室外消火栓", "0121": "消防水鹤", "0122": "消防水池"}
_STATES = {"完好": "正常", "破损": "故障", "丢失": "停用", "废弃": "停用"}


def extract(state: State) -> Extract:
    """The fire facilities on a night."""
    rates, dice = state.rates(SOURCE), state.dice(SOURCE)
    facilities = state.world.facilities
    own = np.flatnonzero(facilities["class"].isin(list(_CLASSES)).to_numpy()).astype(np.int64)
    ids = own[dice.happens(own, rates["coverage"])]
    frame = facilities.iloc[ids].reset_index(drop=True)
    lon, lat = chengguan_bujian.surveyed(frame["lon"].to_numpy(), frame["lat"].to_numpy(), dice, ids, 3.0)
    lon, lat, points = coordinate_errors(lon, lat, rates, dice, ids)
    known = np.isin(ids, chengguan_bujian.listed(state)) & dice.happens(ids, rates["code_given"], 2)
    words = frame["class"].map(_CLASSES).to_numpy(dtype=object)
    status, strange = code_errors(frame["state"].map(_STATES).to_numpy(dtype=object), "检修", rates, dice, ids)
    blank = dice.happens(ids, rates["address_missing"], 3)
    building = frame["building"].to_numpy().astype(np.int64)
    house = np.full(len(ids), -1, dtype=np.int64)
    people = state.world.people.persons["name"].to_numpy(dtype=object)
    text = chengguan_bujian.positions(state, building, dice, ids)
    columns: dict[str, Column] = {
        "设施编号": frame["own_number"].to_numpy(dtype=object),
        "城管部件编号": np.where(known, frame["code"], "").astype(object),
        "设施类别": words,
        "设施名称": frame["county"].to_numpy(dtype=object) + words,
        "权属单位": (frame["county"] + "消防救援大队").to_numpy(dtype=object),
        "维护单位": pick(["市自来水有限公司", "消防救援大队", "市政养护所"], dice.below(ids, 3, 10)),
        "所在位置": np.where(blank, "", text).astype(object),
        "状态": status,
        "经度": np.round(lon, 7),
        "纬度": np.round(lat, 7),
        "巡检人": people[dice.below(ids, len(people), 11)],
    }
    errors = merge_errors(points, strange, {"address_missing": blank})
    return Extract(SOURCE, columns, {"facility": (entities(state, "facility", ids), house, building)}, errors)


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the number of the first row."""
    suffix = f"_c{correction}" if correction else ""
    return f"xfss_{as_of}{suffix}.parquet", parquet(part.columns), 1
