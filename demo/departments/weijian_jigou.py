"""Health: hospitals, health centres and clinics, CSV with a byte order mark."""

from __future__ import annotations

from demo.departments.bodies import Bodies
from demo.departments.common import sent_again
from demo.draw import pick
from demo.extract import Extract
from demo.files import delimited
from demo.world import State

SOURCE = "weijian_jigou"
_KINDS = {"village_clinic": "村卫生室", "clinic": "诊所", "health_centre": "卫生院", "hospital": "医院"}


def extract(state: State) -> Extract:
    """The licensed institutions."""
    rows = Bodies(state, SOURCE, list(_KINDS))
    frame = rows.frame
    columns = {
        "机构登记号": rows.serial("PDY{:08d}", 26),
        "机构名称": rows.name(),
        "机构信用代码": rows.code(),
        "机构类别": rows.word(frame["kind"].map(_KINDS).to_numpy(dtype=object), "门诊部"),
        "执业地址": rows.address(rows.house),
        "主要负责人": rows.principal(),
        "执业许可证编号": rows.serial("{:015d}", 40, "licence"),
        "服务电话": rows.phone(),
        "开办日期": frame["established"].to_numpy(dtype=object),
        "诊疗科目": pick(["全科", "内科;外科", "预防保健科", "中医科"], rows.dice.below(rows.rows, 4, 70)),
        "核定床位": frame["capacity"].astype(str).to_numpy(dtype=object),
    }
    return rows.extract(columns, rows.marks())


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    return (
        f"医疗机构_{as_of}{f'_{correction}' if correction else ''}.csv",
        delimited(part.columns, "utf-8-sig", ",", "\r\n"),
        2,
    )


deliveries = sent_again(SOURCE, extract, write)
