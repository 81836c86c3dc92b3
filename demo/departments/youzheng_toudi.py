"""The post: delivery addresses by route, CSV with a title and remarks, no number of its own."""

from __future__ import annotations

import numpy as np

from demo.departments.common import covered, first_night
from demo.departments.rows import Rows
from demo.draw import pick
from demo.extract import Extract
from demo.files import delimited
from demo.world import State

SOURCE = "youzheng_toudi"
ABOVE = ["投递地址库,,,,,", "# 地址按投递顺序由投递员维护,,,,,"]


def extract(state: State) -> Extract:
    """Addresses that got a parcel lately."""
    rows = Rows(state, SOURCE, covered(state, SOURCE, state.house_exists))
    at = state.world.places.houses["building"].to_numpy()[rows.who].astype(np.int64)
    village = state.world.places.buildings["village"].to_numpy()[at]
    code = np.array([f"5273{n:02d}" for n in (village % 40).tolist()], dtype=object)
    people = state.persons["name"].to_numpy(dtype=object)
    columns = {
        "邮编": code,
        "收件地址": rows.address(rows.who),
        "投递段": np.array([f"{n + 1}段" for n in rows.dice.below(village, 12, 70).tolist()], dtype=object),
        "妥投方式": pick(["按址", "驿站", "信报箱"], rows.dice.below(rows.rows, 3, 71)),
        "最近收件人": pick(people, rows.dice.below(rows.rows, len(people), 72)),
        "月均件数": (1 + rows.dice.below(rows.rows, 30, 73)).astype(str).astype(object),
    }
    return rows.extract(columns, {"address": (state.world.addresses[rows.who], rows.who, at)})


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    table = delimited(part.columns, "utf-8-sig", ",", "\n", above=ABOVE)
    return f"toudi-{as_of}{f'-{correction}' if correction else ''}.csv", table, 2 + len(ABOVE)


deliveries = first_night(extract, write)
