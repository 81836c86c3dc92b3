"""The police's floating population: who arrived, moved or left since the last file; pipe-separated UTF-8."""

from __future__ import annotations

import numpy as np

from demo.departments.common import changes, covered
from demo.departments.roll import Roll
from demo.draw import Ints, Texts, pick
from demo.errors import damaged_lines, line_errors
from demo.extract import Extract
from demo.files import delimited
from demo.world import State

SOURCE = "gongan_liudong"
_KINDS = {"111": "111", "550": "550", "516": "516", "511": "511", "553": "553", "414": "414"}
_HOMES = {
    "36": "江西省赣州市", "41": "河南省周口市", "42": "湖北省黄冈市", "43": "湖南省衡阳市", "44": "广东省茂名市",
    "45": "广西壮族自治区玉林市", "50": "重庆市万州区", "51": "四川省达州市", "52": "贵州省毕节市",
    "34": "安徽省阜阳市", "61": "陕西省安康市", "62": "甘肃省定西市", "32": "江苏省盐城市",
}  # fmt: skip


def extract(state: State) -> Extract:
    """Changes of a night: 新增 (all who are known on the first), 变更 after a move, 注销 on leaving."""
    persons = state.persons
    ids = covered(state, SOURCE, persons["migrant"].to_numpy() & (persons["born_night"].to_numpy() <= state.night))
    roll = Roll(state, SOURCE, ids[_operations(state, ids) != ""])
    dice = state.dice(SOURCE, "stay")
    columns = {
        "登记表编号": roll.serial("LD{:011d}", 34),
        "变动类型": _operations(state, roll.who),
        "姓名全称": roll.name(),
        "证件类型代码": roll.frame["document_kind"].map(_KINDS).to_numpy(dtype=object),
        "证件编号": roll.number(),
        "性别代码": roll.sex("1", "2", "5"),
        "出生年月日8位": roll.birth("{}{}{}".format, month_form="{}{}00"),
        "手机号码": roll.phone(),
        "暂住地址": roll.slips(roll.home()),
        "原籍地址": _origins(roll),
        "居住事由": pick(["务工", "经商", "投靠亲友", "学习培训"], dice.below(roll.rows, 4, 5)),
        "房东姓名": pick(persons["name"].to_numpy(dtype=object), dice.below(roll.rows, len(persons), 6)),
    }
    roll.note(line_errors(roll.rates, roll.dice, roll.rows))
    return roll.extract(columns, {"person": roll.mark()}, roll.cases())


def _operations(state: State, ids: Ints) -> Texts:
    """What happened to each on the night; empty: nothing."""
    night, dice = state.night, state.dice(SOURCE, "stay")
    came = np.where(dice.happens(ids, 0.04), 2 + dice.below(ids, 4, 1), 1)
    went = np.where(dice.happens(ids, 0.04, 2), came + 1 + dice.below(ids, 4, 3), 0)
    moved = state.persons["move_night"].to_numpy()[ids] == night
    there = (came < night) & ((went == 0) | (went > night))
    words = np.where(came == night, "新增", np.where(there & moved, "变更", np.where(went == night, "注销", "")))
    return words.astype(object)


def _origins(roll: Roll) -> Texts:
    """The registered home elsewhere, by the province in the number."""
    province = [number[:2] for number in roll.text("number")]
    street = roll.dice.below(roll.rows, 90, 72)
    return np.array(
        [
            f"{_HOMES.get(p, '广东省茂名市')}城东街道解放路{n + 1}号"
            for p, n in zip(province, street.tolist(), strict=True)
        ],
        dtype=object,
    )


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    table = delimited(part.columns, "utf-8", "|", "\n")
    return f"LDRK_{as_of}_{correction}.txt", damaged_lines(table, part.errors, "utf-8", "|", "\n"), 2


deliveries = changes(extract, write)
