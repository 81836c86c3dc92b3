"""The 12345 hotline: its directory of bodies that answer, with addresses; semicolons and GB18030."""

from __future__ import annotations

from demo.departments.bodies import Bodies
from demo.departments.common import sent_again
from demo.extract import Extract
from demo.files import delimited
from demo.world import State

SOURCE = "rexian_12345"
_KINDS = {
    "government": "党政部门", "village_committee": "村居", "residents_committee": "村居", "association": "其他",
    "water_works": "公用事业", "culture_station": "其他", "welfare_home": "其他",
}  # fmt: skip


def extract(state: State) -> Extract:
    """The directory; how many calls a body got is in it too."""
    rows = Bodies(state, SOURCE, list(_KINDS))
    columns = {
        "单位ID": rows.serial("{:07d}", 22),
        "承办单位": rows.name(),
        "单位归类": rows.frame["kind"].map(_KINDS).to_numpy(dtype=object),
        "办公地点": rows.address(rows.house),
        "对外电话": rows.phone(),
        "本月投诉量": rows.dice.below(rows.rows, 50, 70).astype(str).astype(object),
        "联络员": rows.principal(),
    }
    return rows.extract(columns, {name: mark for name, mark in rows.marks().items() if name == "organization"})


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    return f"ZSK-{as_of}-{correction}.csv", delimited(part.columns, "gb18030", ";", "\r\n"), 2


deliveries = sent_again(SOURCE, extract, write)
