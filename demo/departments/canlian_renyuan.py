"""The disabled persons' federation: card holders, GB18030 CSV; its card number holds the resident number."""

from __future__ import annotations

import numpy as np

from demo.departments.common import covered, here, sent_again
from demo.departments.roll import Roll
from demo.draw import pick
from demo.errors import damaged_lines, line_errors
from demo.extract import Extract
from demo.files import delimited
from demo.people import ages
from demo.world import State

SOURCE = "canlian_renyuan"


def extract(state: State) -> Extract:
    """Card holders; the old more often than the young."""
    rates = state.rates(SOURCE)
    share = np.where(ages(state.persons) > 60, rates["of_the_old"], rates["of_others"])
    ids = covered(state, SOURCE, here(state) & ~state.persons["migrant"].to_numpy())
    roll = Roll(state, SOURCE, ids[state.dice(SOURCE).happens(ids, share[ids], 15)])
    number = roll.number()
    kind = roll.dice.below(roll.rows, 7, 70) + 1
    level = roll.dice.below(roll.rows, 4, 71) + 1
    card = [f"{n}{k}{v}" if n else "" for n, k, v in zip(number, kind.tolist(), level.tolist(), strict=True)]
    columns = {
        "档案号": roll.serial("{:010d}", 32),
        "持证人": roll.name(),
        "残疾人证号": np.array(card, dtype=object),
        "持证人身份证号": number,
        "残疾类别": pick(["视力", "听力", "言语", "肢体", "智力", "精神", "多重"], kind - 1),
        "残疾等级": pick(["一级", "二级", "三级", "四级"], level - 1),
        "男女": roll.sex("男", "女", "未"),
        "生日": roll.birth("{}.{}.{}".format, month_form="{}.{}"),
        "监护人电话": roll.phone(),
        "居住住址": roll.home(),
    }
    roll.note(line_errors(roll.rates, roll.dice, roll.rows))
    return roll.extract(columns, {"person": roll.mark()}, roll.cases())


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record; two halves copied together."""
    suffix = f"({correction})" if correction else ""
    content = damaged_lines(delimited(part.columns, "gb18030", ",", "\r\n"), part.errors, "gb18030", ",", "\r\n")
    return f"持证人员信息{as_of}{suffix}.csv", content, 2


deliveries = sent_again(SOURCE, extract, write)
