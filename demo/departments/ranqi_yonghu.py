"""The gas company: piped-gas accounts, TSV, addresses as a form of parts: estate, block, unit, room apart."""

from __future__ import annotations

import numpy as np

from demo.departments.common import first_night, meters
from demo.draw import pick
from demo.extract import Extract
from demo.files import delimited
from demo.world import State

SOURCE = "ranqi_yonghu"


def extract(state: State) -> Extract:
    """The accounts of the houses that stand."""
    rows, frame = meters(state, SOURCE, "gas")
    at = state.world.places.houses["building"].to_numpy()[rows.who].astype(np.int64)
    year = 2005 + rows.dice.below(rows.rows, 20, 70)
    columns = {
        "客户编号": frame["account"].to_numpy(dtype=object),
        "客户姓名": frame["name"].to_numpy(dtype=object),
        "小区": state.world.places.buildings["estate"].to_numpy(dtype=object)[at],
        "装表地址": rows.address(rows.who),
        "气表钢号": frame["meter"].to_numpy(dtype=object),
        "通气年份": year.astype(str).astype(object),
        "灶具类型": pick(["台式", "嵌入式", "未装"], rows.dice.below(rows.rows, 3, 71)),
        "安检结果": pick(["合格", "待整改"], rows.dice.weighted(rows.rows, [93, 7], 72)),
    }
    return rows.extract(columns, {"address": (state.world.addresses[rows.who], rows.who, at)})


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    return f"RQ{as_of}-{correction}.tsv", delimited(part.columns, "utf-8", "\t", "\n"), 2


deliveries = first_night(extract, write)
