"""What a contract asks of a department, column by column, in the department's own words (the template shows it)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transforms import lookups
from transforms.contract import Column, Contract
from transforms.kinds import Kind, Property

_ASIDE = 0xE000  # escaped characters of a pattern wait here, in the private use area, while groups are filled in
_RESIDENT = "111"  # GA/T 517: a resident identity card
_NUMBERS = ("integer", "decimal", "lon", "lat")
# Invented on purpose: area 449990 belongs to no county, prefix 154 to no operator. Check digits are right, so that an
# example passes the rules it explains.
_EXAMPLES = {
    "name": "张示例", "organization_name": "示例商贸有限公司", "document": "449990199001010011",
    "credit_code": "91449990MA00000071", "phone": "15400001234", "integer": "6", "decimal": "89.5",
    "lon": "112.044512", "lat": "22.915123", "address": "云浮市云城区示例街道示例社区示例路1号2栋303室",
    "key": "SL0001", "facility_class": "0101", "document_kind": "111", "geometry": "由制图软件导出的面",
    "old_grid": "445302001001001",
}  # fmt: skip
_HOW = {
    "name": "证件上的姓名全称，中间不加空格；少数民族姓名的间隔点用“·”",
    "organization_name": "登记证照上的全称", "document": "逐位照证件录入，末位 X 大写",
    "credit_code": "18 位统一社会信用代码，不含 I、O、S、V、Z", "phone": "11 位手机号码，或带区号的固定电话",
    "integer": "只填整数，不带单位", "decimal": "只填数字，不带单位", "lon": "以度为单位的经度，保留 6 位以上小数",
    "lat": "以度为单位的纬度，保留 6 位以上小数",
    "address": "区县、街道、社区、路、门牌、楼栋、单元、房号写全，一格一个地址",
    "key": "本部门系统中的编号", "facility_class": "GB/T 30428.2 的四位分类代码",
    "document_kind": "GA/T 517 的三位代码", "geometry": "闭合、不自相交的面",
    "old_grid": "本部门原来使用的业务网格编码",
}  # fmt: skip
_FIRST_DAY = {"%Y": "1990", "%m": "01", "%d": "01"}
_DATE_PART = re.compile("|".join(_FIRST_DAY))


@dataclass(frozen=True)
class Ask:
    """One column as a clerk is asked to fill it.

    Attributes:
        heading: as it must stand in the file.
        required: the row cannot be taken without it.
        label: what it means. how: how to write it. example: an invented value that passes the column's own rules.
        words: the only words admitted, empty where any text is.
        text: the cells must be text, or a spreadsheet changes them (long numbers, leading zeros, dates).
        purpose: what it is asked for. basis: on which ground.
    """

    heading: str
    required: bool
    label: str
    how: str
    example: str
    words: tuple[str, ...]
    text: bool
    purpose: str
    basis: str


def asks(contract: Contract, kinds: Mapping[str, Kind], expectations: Path) -> list[Ask]:
    """Every column that is asked for: keys and operation first, then the loaded ones in the contract's order.

    Columns that the contract ignores are left out: what is not needed is not asked for.
    """
    loaded = {column.heading for column in contract.columns}
    extra = [heading for heading in contract.landed_headings if heading not in loaded]
    admitted = {row["purpose"]: (row["title"], row["basis"]) for row in lookups.rows(expectations, "purposes")}
    return [_extra(contract, h) for h in extra] + [_ask(contract, c, kinds, admitted) for c in contract.columns]


def first_property(column: Column, kinds: Mapping[str, Kind]) -> Property | None:
    """The first property a column feeds: it tells how the cell is read."""
    for target in column.to:
        kind, _, name = target.partition(".")
        if kind in kinds and name in kinds[kind].properties:
            return kinds[kind].properties[name]
    return None


def _extra(contract: Contract, heading: str) -> Ask:
    operation = contract.arrives.operation
    if operation and heading == operation.heading:
        words = (*operation.upsert, *operation.delete)
        how = f"新增或变更填 {'、'.join(operation.upsert)}；注销或删除填 {'、'.join(operation.delete)}"
        return Ask(heading, True, "本行的操作", how, words[0], words, True, "区分增改与删除", "报送约定")
    how = "本部门系统中这条记录的编号，每期保持不变，不得重复"
    return Ask(
        heading, heading in contract.key, "记录编号", how, "SL0001", (), True, "对应上期的同一条记录", "报送约定"
    )


def _ask(contract: Contract, column: Column, kinds: Mapping[str, Kind], admitted: Mapping[str, tuple[str, str]]) -> Ask:
    prop = first_property(column, kinds)
    kind = prop.type if prop else "text"
    words = tuple(column.codes or (prop.codes or {} if prop else {}))
    required = column.required or column.heading in contract.key
    title, basis = admitted.get(column.purpose, (column.purpose, ""))
    how, example = _written(column, kind, prop)
    if words:
        how, example = "从下拉框中选择", words[0]
    label = prop.label if prop else column.heading
    return Ask(column.heading, required, label, how, example, words, kind not in _NUMBERS, title, basis)


def _written(column: Column, kind: str, prop: Property | None) -> tuple[str, str]:
    if column.formats:
        return _dates(column.formats)
    if kind == "document" and column.document_kind not in (None, _RESIDENT):
        return "照证件上的号码录入", "EX0012345"
    how = _HOW.get(kind, "照登记内容填写；没有内容就留空")
    example = _EXAMPLES.get(kind, "示例")
    if prop and prop.min is not None and prop.max is not None:
        how += f"；{prop.min} 至 {prop.max}"
        if not prop.min <= float(example) <= prop.max:
            example = str((prop.min + prop.max) // 2)
    return how, example


def _dates(forms: Sequence[str]) -> tuple[str, str]:
    """How days are written, by the first of January 1990, and an example; without a day is for who knows none."""
    told: dict[str, list[str]] = {"写成": [], "只知道年月的写": [], "只知道年份的写": []}
    for form in forms:
        whole = "写成" if "%d" in form else "只知道年月的写" if "%m" in form else "只知道年份的写"
        told[whole].append(_DATE_PART.sub(lambda part: _FIRST_DAY[part[0]], form))
    how = [start + " 或 ".join(written) for start, written in told.items() if written]
    return "；".join(how) + "（月、日写两位）", _DATE_PART.sub(lambda part: _FIRST_DAY[part[0]], forms[0])


def file_names(contract: Contract, day: str = "20261001") -> Iterator[str]:
    """A file name that keeps the contract's pattern, then one of a first correction where the pattern knows any.

    Args:
        contract: whose pattern.
        day: yyyymmdd.
    """
    pattern = contract.arrives.file_pattern
    for correction in (0, 1):
        for written in (day, f"{day[:4]}-{day[4:6]}-{day[6:]}", f"{day[:4]}_{day[4:6]}_{day[6:]}"):
            name = _name(pattern, written, correction)
            found = re.fullmatch(pattern, name)
            if found and int(found.groupdict().get("correction") or 0) == correction:
                yield name
                break


def _name(pattern: str, day: str, correction: int) -> str:
    """The pattern with its groups filled in: good for plain patterns, and the caller tries it."""
    text = re.sub(r"\\([^\w\s])", lambda escaped: chr(_ASIDE + ord(escaped[1])), pattern)
    text = re.sub(r"\(\?P<as_of>[^()]*\)", day, text)
    optional = re.compile(r"\(\?:([^()]*\(\?P<correction>[^()]*\)[^()]*)\)\?")
    text = optional.sub(r"\1" if correction else "", text)
    number = re.compile(r"\(\?P<correction>\\d(?:\+|\{(\d+)\})\)")
    text = number.sub(lambda group: str(correction).zfill(int(group[1] or 1)), text)
    return "".join(chr(ord(c) - _ASIDE) if _ASIDE < ord(c) < _ASIDE + 128 else c for c in text)
