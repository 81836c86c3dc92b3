"""Veterans' affairs: a workbook with a title and a line of remarks, no number of its own."""

from __future__ import annotations

import numpy as np

from demo.departments.common import covered, first_night, here
from demo.departments.roll import Roll
from demo.draw import pick
from demo.extract import Extract
from demo.files import workbook
from demo.people import ages
from demo.world import State

SOURCE = "tuiyi_junren"
REMARK = "说明：本表由各镇街退役军人服务站汇总，姓名须与优待证一致"


def extract(state: State) -> Extract:
    """The veterans, mostly men."""
    persons = state.persons
    age, male = ages(persons), persons["male"].to_numpy()
    share = np.where(male, 0.055, 0.004) * np.where(age > 60, 1.5, 1.0)
    ids = covered(state, SOURCE, here(state) & (age > 22) & ~persons["migrant"].to_numpy())
    roll = Roll(state, SOURCE, ids[state.dice(SOURCE).happens(ids, share[ids], 15)])
    year = 1958 + roll.dice.below(roll.rows, 60, 70)
    columns = {
        "退役军人": roll.name(),
        "居民身份证号": roll.number(),
        "出生年月": roll.birth("{}-{}-{}".format, month_form="{}-{}"),
        "联系方式": roll.phone(),
        "常住地址": roll.home(),
        "入伍年份": year.astype(str).astype(object),
        "安置方式": pick(["自主就业", "安排工作", "退休", "复员"], roll.dice.below(roll.rows, 4, 71)),
        "优抚对象类别": pick(["", "在乡复员", "带病回乡", "参战"], roll.dice.weighted(roll.rows, [70, 12, 9, 9], 72)),
    }
    return roll.extract(columns, {"person": roll.mark()}, roll.cases())


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the sheet row of the first record; damaged numbers are typed as numbers."""
    numbers = part.columns["居民身份证号"]
    typed = np.where(part.errors["id_excel_number"], numbers, "").astype(object)
    title = f"退役军人信息登记表（{as_of[:4]}年）"
    content = workbook(
        "登记表", title, part.columns, {"居民身份证号": typed}, remark=REMARK, footer=["填报单位（盖章）："]
    )
    suffix = f"_更正{correction}" if correction else ""
    return f"退役军人登记表_{as_of}{suffix}.xlsx", content, 4


deliveries = first_night(extract, write)
