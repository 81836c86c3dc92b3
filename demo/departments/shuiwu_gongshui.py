"""The water company: accounts with the address of the supply, GB18030 CSV with a line of totals."""

from __future__ import annotations

import numpy as np

from demo.departments.common import first_night, meters
from demo.draw import Ints, pick
from demo.errors import with_total_line
from demo.extract import Extract
from demo.files import delimited, record_lines
from demo.world import State

SOURCE = "shuiwu_gongshui"


def extract(state: State) -> Extract:
    """The accounts of the houses that stand."""
    rows, frame = meters(state, SOURCE, "water")
    volume = rows.dice.below(rows.rows, 60, 70)
    columns = {
        "用水户号": frame["account"].to_numpy(dtype=object),
        "户名": frame["name"].to_numpy(dtype=object),
        "用水地址": rows.slips(rows.address(rows.who)),
        "水表表号": frame["meter"].to_numpy(dtype=object),
        "用水性质": pick(["居民", "居民", "居民", "非居民"], rows.dice.below(rows.rows, 4, 71)),
        "抄表册号": np.array([f"B{n:04d}" for n in rows.dice.below(rows.who // 40, 9000, 72).tolist()], dtype=object),
        "本期水量(吨)": volume.astype(str).astype(object),
        "缴费电话": frame["phone"].to_numpy(dtype=object),
    }
    building = state.world.places.houses["building"].to_numpy()
    return rows.extract(columns, {"address": (state.world.addresses[rows.who], rows.who, building[rows.who])})


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, Ints]:
    """File name, bytes and the line of every record: an address may be of two lines."""
    content = with_total_line(
        delimited(part.columns, "gb18030", ",", "\r\n"), "合计", part.rows, "gb18030", ",", "\r\n"
    )
    return f"用水户档案_{as_of}{f'_{correction}' if correction else ''}.csv", content, record_lines(part.columns)


deliveries = first_night(extract, write)
