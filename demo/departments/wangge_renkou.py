"""The grid office's walk from door to door: a workbook kept by hand, one merged address cell per home, no numbers."""

from __future__ import annotations

import numpy as np

from demo.departments.common import covered, first_night, here
from demo.departments.roll import Roll
from demo.draw import pick
from demo.errors import note_errors
from demo.extract import Extract
from demo.files import workbook
from demo.old_grids import business_grids
from demo.world import State

SOURCE = "wangge_renkou"
MERGED = ["门牌地址", "户编号"]


def extract(state: State) -> Extract:
    """Who was met at home: whole homes, by the villages that keep the list well."""
    persons, places = state.persons, state.world.places
    home = persons["house"].to_numpy().astype(np.int64)
    village = places.buildings["village"].to_numpy()[places.houses["building"].to_numpy()[home]]
    walked = state.dice(SOURCE, "village").happens(village.astype(np.int64), state.rates(SOURCE)["village_walked"])
    met = state.dice(SOURCE, "home").happens(home, state.rates(SOURCE)["coverage"])
    roll = Roll(state, SOURCE, covered(state, SOURCE, here(state) & walked & met, 0.97))
    address = _one_for_all(roll, roll.home())
    number = roll.number()
    building = places.houses["building"].to_numpy()[roll.house].astype(np.int64)
    note = pick(["", "", "", "租户", "白天不在家", "独居"], roll.dice.below(roll.rows, 6, 70))
    note, noted = note_errors(note, roll.text("phone"), roll.rates, roll.dice, roll.rows)
    roll.note(noted)
    key = state.dice(SOURCE, "book").scramble(roll.house, 30)
    columns = {
        "门牌地址": address,
        "户编号": np.array([f"H{n:010d}" for n in key.tolist()], dtype=object),
        "居民姓名": roll.name(),
        "证件号": number,
        "性别(男/女)": roll.sex("男", "女", "?"),
        "出生日期(YYYYMMDD)": roll.birth("{}{}{}".format, month_form="{}{}"),
        "联系电话(;分隔)": roll.blank(roll.phone(), 71),
        "人员类型": roll.word(np.where(roll.frame["migrant"].to_numpy(), "流动", "常住").astype(object), "寄住"),
        "所属网格": business_grids(state.world, "综治", building),
        "政治面貌": pick(["群众", "群众", "党员"], roll.dice.below(roll.rows, 3, 72)),
        "宗教信仰": pick(["无", "无", "佛教"], roll.dice.below(roll.rows, 3, 73)),
        "是否重点人员": pick(["否", "否", "否", "是"], roll.dice.below(roll.rows, 4, 74)),
        "备注(走访)": note,
    }
    return roll.extract(columns, {"person": roll.mark()}, roll.cases(), together=key)


def _one_for_all(
    roll: Roll, address: np.ndarray[tuple[int], np.dtype[np.object_]]
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """The first one's wording for everybody in a home: the walker writes it once."""
    _, first, index = np.unique(roll.house, return_index=True, return_inverse=True)
    roll.errors = {
        name: flags[first][index] if name.startswith(("address", "stale_address")) else flags
        for name, flags in roll.errors.items()
    }
    return address[first][index]


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the sheet row of the first record."""
    title = f"网格入户走访登记表（{as_of[:4]}年{int(as_of[4:6])}月）"
    remark = "＃填表说明：证件号请以文本格式录入；同住一处的，门牌地址合并单元格"
    content = workbook(
        "走访登记", title, part.columns, {}, remark=remark, footer=[f"合计：{part.rows}人"], merged=MERGED
    )
    suffix = f"(更正{correction})" if correction else ""
    return f"走访登记{as_of}{suffix}.xlsx", content, 4


deliveries = first_night(extract, write)
