"""Veterans' affairs: a workbook with a title and a line of remarks, no number of its own."""

from __future__ import annotations

import numpy as np

from demo.departments.common import covered, here, sent_again
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
    rates = state.rates(SOURCE)
    share = np.where(male, rates["of_men"], rates["of_women"]) * np.where(age > 60, rates["older"], 1.0)
    ids = covered(state, SOURCE, here(state) & (age > 22) & ~persons["migrant"].to_numpy())
    roll = Roll(state, SOURCE, ids[state.dice(SOURCE).happens(ids, share[ids], 15)])
    year = 1958 + roll.dice.below(roll.rows, 60, 70)
    columns = {
        "退役军人": roll.name(),
        "居民身份证号": roll.number(),
        "出生年月": roll.birth("{}-{}-{}".format, month_form="{}-{}"),
        "联系方式": roll.phone(),
        "常住地址": roll.slips(roll.home()),
        "入伍年份": year.astype(str).astype(object),
        "安置方式": pick(["自主就业", "安排工作", "退休", "复员"], roll.dice.below(roll.rows, 4, 71)),
        "优抚对象类别": pick(["", "在乡复员", "带病回乡", "参战"], roll.dice.weighted(roll.rows, [70, 12, 9, 9], 72)),
    }
    roll.note({"merged_cell": roll.dice.happens(roll.rows, roll.rates["merged_cell"], 74)})
    return roll.extract(columns, {"person": roll.mark()}, roll.cases())


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the sheet row of the first record.

    Damaged numbers are typed as numbers, failed look-ups of addresses are error cells, some addresses are merged with
    the one above.
    """
    part.errors["merged_cell"] &= np.arange(part.rows) > 0
    under = part.errors["merged_cell"]
    part.errors["error_cell"] &= ~under
    flagged = {"居民身份证号": part.errors["id_excel_number"], "常住地址": part.errors["error_cell"]}
    flagged = {name: flags for name, flags in flagged.items() if name in part.columns}
    content = workbook(
        "登记表", f"退役军人信息登记表（{as_of[:4]}年）", part.columns,
        {name: np.where(flags, part.columns[name], "").astype(object) for name, flags in flagged.items()},
        remark=REMARK, footer=["填报单位（盖章）："], joined={"常住地址": under},
        before={"填表说明": "请在“登记表”中填写，不得增删列"},
    )  # fmt: skip
    suffix = f"_更正{correction}" if correction else ""
    return f"退役军人登记表_{as_of}{suffix}.xlsx", content, 4


deliveries = sent_again(SOURCE, extract, write)
