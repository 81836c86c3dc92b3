"""Transport: bus stops, lights, signs and car parks, a zipped Shapefile in GCJ-02 with names of ten bytes."""

from __future__ import annotations

import numpy as np

from demo.datum import gcj02
from demo.departments.chengguan_bujian import positions
from demo.departments.common import covered, first_night
from demo.departments.rows import Rows
from demo.draw import pick
from demo.extract import Column, Extract, entities
from demo.shapes import X, Y, shapefile
from demo.world import State

SOURCE = "jiaotong_sheshi"
_CLASSES = {"0201": "公交站", "0202": "停车场", "0203": "信号灯", "0204": "标志牌"}
_STATES = {"完好": "在用", "破损": "待修", "丢失": "缺失", "废弃": "停用"}


def extract(state: State) -> Extract:
    """What stands at the roads."""
    facilities = state.world.facilities
    rows = Rows(state, SOURCE, covered(state, SOURCE, facilities["class"].isin(list(_CLASSES)).to_numpy()))
    frame = facilities.iloc[rows.who].reset_index(drop=True)
    lon, lat = rows.point(frame["lon"].to_numpy(), frame["lat"].to_numpy(), 4.0, gcj02)
    building = frame["building"].to_numpy().astype(np.int64)
    blank = rows.dice.happens(rows.rows, rows.rates["address_missing"], 3)
    rows.note({"address_missing": blank})
    words = frame["class"].map(_CLASSES).to_numpy(dtype=object)
    columns: dict[str, Column] = {
        "SSBH": frame["own_number"].to_numpy(dtype=object),
        "SSLX": rows.word(words, "测速仪"),
        "SSMC": positions(state, building, rows.dice, rows.rows) + words,
        "GLDW": frame["owner"].to_numpy(dtype=object),
        "YHDW": pick(["公路事务中心", "市政养护所", "交通设施公司"], rows.dice.below(rows.rows, 3, 70)),
        "WZ": np.where(blank, "", positions(state, building, rows.dice, rows.rows)).astype(object),
        "ZT": frame["state"].map(_STATES).to_numpy(dtype=object),
        "XLS": rows.dice.below(rows.rows, 9, 71).astype(str).astype(object),
    }
    columns |= {X: lon, Y: lat}
    none = np.full(len(rows.who), -1, dtype=np.int64)
    return rows.extract(columns, {"facility": (entities(state, "facility", rows.who), none, building)})


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the number of the first feature."""
    content = shapefile("jtss", part.columns, "gb18030", "GBK")
    return f"jtss_{as_of}{f'_{correction}' if correction else ''}.zip", content, 1


deliveries = first_night(extract, write)
