"""Education: pupils and their schools, a TSV of GB18030; the pupil's number is the resident number with a letter."""

from __future__ import annotations

import numpy as np

from demo.departments.common import covered, first_night, here
from demo.departments.roll import Roll
from demo.draw import pick
from demo.errors import damaged_lines, line_errors
from demo.extract import Extract, entities
from demo.files import delimited
from demo.institutions import BASE
from demo.people import ages
from demo.world import State

SOURCE = "jiaoyu_xueji"


def extract(state: State) -> Extract:
    """The pupils of the schools and kindergartens; every row also tells of its school."""
    world = state.world
    roll = Roll(state, SOURCE, covered(state, SOURCE, here(state) & (state.persons["school"].to_numpy() >= 0)))
    school = roll.frame["school"].to_numpy().astype(np.int64)
    of_school = world.institutions.iloc[school].reset_index(drop=True)
    number = roll.number()
    grade = np.maximum(1, np.floor(ages(roll.frame) - 5.7)).astype(np.int64)
    everyone = world.people.persons["name"].to_numpy(dtype=object)
    relative = roll.frame["relative"].to_numpy()
    columns = {
        "学籍辅号": roll.serial("{:012d}", 38),
        "学籍号": np.array([f"G{n}" if len(n) == 18 else f"L{n}" for n in number], dtype=object),
        "学生姓名": roll.name(),
        "身份证件类型": roll.frame["document_kind"]
        .map(
            {
                "111": "居民身份证",
                "550": "港澳台居住证",
                "516": "港澳通行证",
                "511": "台湾通行证",
                "553": "永居证",
                "414": "护照",
            }
        )
        .to_numpy(dtype=object),
        "身份证件号": number,
        "学生性别": roll.sex("男性", "女性", "未知"),
        "出生日期(学籍)": roll.birth("{}年{}月{}日".format, month_form="{}年{}月"),
        "现住地址": roll.home(),
        "监护人姓名": np.where(relative >= 0, everyone[np.maximum(relative, 0)], "").astype(object),
        "监护人联系电话": roll.phone(),
        "学校标识码": of_school["code"].to_numpy(dtype=object),
        "学校名称": of_school["name"].to_numpy(dtype=object),
        "学校办公电话": of_school["phone"].to_numpy(dtype=object),
        "年级": np.minimum(grade, 12).astype(str).astype(object),
        "健康状况": pick(["健康或良好", "一般", "有慢性病"], roll.dice.weighted(roll.rows, [96, 3, 1], 70)),
    }
    roll.note(line_errors(roll.rates, roll.dice, roll.rows))
    house = of_school["house"].to_numpy().astype(np.int64)
    building = world.places.houses["building"].to_numpy()
    marks = {
        "person": roll.mark(),
        "organization": (entities(state, "organization", school + BASE), house, building[house]),
    }
    return roll.extract(columns, marks, roll.cases())


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    suffix = f"-订正{correction}" if correction else ""
    table = delimited(part.columns, "gb18030", "\t", "\r\n")
    return f"学籍{as_of}{suffix}.tsv", damaged_lines(table, part.errors, "gb18030", "\t", "\r\n"), 2


deliveries = first_night(extract, write)
