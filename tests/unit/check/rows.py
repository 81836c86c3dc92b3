"""Synthetic landed rows: for every rule, and in every source, the cells of a sound row that break it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from expectations import rules
from expectations.purposes import Register
from tests.unit.check.sound import SOUND, Row
from transforms import contract as contracts
from transforms import divisions, kinds, model
from transforms.contract import Contract
from transforms.run import REPOSITORY

EXPECTATIONS = REPOSITORY / "expectations"
AS_OF = "2026-10-01"
DENIED = Register.of(EXPECTATIONS, AS_OF).denied
BATCH = "{source}-20261001-0-" + "a" * 64
TOWN = "445302200"  # synthetic: the codes in it look as if somebody had been born in 2002
GRID = TOWN + "201010005"
BOW_TIE = '{"type":"Polygon","coordinates":[[[112.0,22.9],[112.1,23.0],[112.1,22.9],[112.0,23.0],[112.0,22.9]]]}'


@dataclass(frozen=True)
class Broken:
    """The cells of a sound row that break one rule on one heading; ``numeric`` and ``fault`` as land writes them."""

    source: str
    rule: str
    heading: str | None
    effect: str
    cells: Row
    numeric: str | None = None
    fault: str | None = None


def _broken(source: str, rule: str, heading: str, effect: str, value: str | None, **others: str | None) -> Broken:
    return Broken(source, rule, heading, effect, {heading: value, **others})


BREAKS = (
    Broken("gongan_hukou", "FAULT_FIELD_COUNT", None, "quarantine", {}, fault="FIELD_COUNT"),
    _broken("gongan_hukou", "TOTAL_LINE", "人员编号", "quarantine", "合 计：12"),
    _broken("gongan_hukou", "KEY", "人员编号", "quarantine", None),
    _broken("gongan_hukou", "REQUIRED", "姓名", "quarantine", "　无 "),
    _broken("gongan_hukou", "CONTROL_CHAR", "户籍地址", "quarantine", "兴云\x00西路1号"),
    _broken("gongan_hukou", "FIELD_TOO_LONG", "与户主关系", "quarantine", "户" * 22_000),
    _broken("gongan_hukou", "ADDRESS_TOO_LONG", "现住址", "strike", "路" * 501),
    _broken("gongan_hukou", "PLACEHOLDER", "姓名", "quarantine", "无名氏"),
    _broken("gongan_hukou", "PLACEHOLDER", "公民身份号码", "strike", "111111111111111111"),
    _broken("gongan_hukou", "PLACEHOLDER", "联系电话", "strike", "138-0013-8000"),
    _broken("gongan_hukou", "PHONE_INVALID", "联系电话", "strike", "12900001111"),
    _broken("gongan_hukou", "CODE_UNKNOWN", "性别", "strike", "男"),
    _broken("gongan_hukou", "DENIED_VALUE", "户口状态", "strike", "重點 人员"),
    _broken("gongan_hukou", "DENIED_VALUE", "与户主关系", "strike", "ZDRY_02"),
    _broken("gongan_hukou", "DENIED_VALUE", "与户主关系", "strike", "是否xifang（shangfang）户"),
    _broken("gongan_hukou", "DENIED_VALUE", "户口状态", "strike", "xi du"),
    _broken("gongan_hukou", "DENIED_VALUE", "户口状态", "strike", "在逃"),
    _broken("zhujian_fangwu", "PERSON_NUMBER", "楼盘名称", "strike", "业主１１０１０５１９４９１２３１００２X"),
    _broken("zhujian_fangwu", "PERSON_NUMBER", "楼盘名称", "strike", "13900001111找王"),
    _broken("chengguan_bujian", "PERSON_NUMBER", "ObjID", "quarantine", "13900001111"),
    _broken("chengguan_bujian", "PERSON_NUMBER", "ObjID", "quarantine", "11010519491231002X"),
    _broken("zhujian_fangwu", "PERSON_NUMBER", "幢编号", "quarantine", "幢１１０１０５１９４９１２３１００２x"),
    _broken("zhengfa_wangge", "PERSON_NUMBER", "网格编码", "quarantine", "449990200201010011"),
    _broken("chengguan_bujian", "PERSON_NUMBER", "BGCode", "strike", "449990200201010011"),
    _broken("zhujian_fangwu", "PERSON_NUMBER", "楼盘名称", "strike", GRID),
    _broken("zhengfa_wangge", "PERSON_NUMBER", "上级编码", "strike", "449990200201010011"),
    _broken("shebao_canbao", "DENIED_VALUE", "证件类型", "strike", "党员证"),
    _broken("gongan_hukou", "ID_FORMAT", "公民身份号码", "strike", "1101051949123100"),
    _broken("gongan_hukou", "ID_DATE", "公民身份号码", "strike", "110105199902300021"),
    _broken("gongan_hukou", "ID_CHECKSUM", "公民身份号码", "strike", "110105194912310021"),
    _broken("gongan_hukou", "DATE_INVALID", "状态日期", "strike", "20200231"),
    _broken("gongan_hukou", "DATE_INVALID", "出生日期", "strike", "1949-12-31"),
    _broken("gongan_hukou", "PLACEHOLDER", "出生日期", "strike", "19000101"),
    _broken("gongan_hukou", "BIRTH_FUTURE", "出生日期", "quarantine", "20261002"),
    _broken("gongan_hukou", "BIRTH_TOO_OLD", "出生日期", "quarantine", "19060930"),
    _broken("gongan_hukou", "BIRTH_DIFFERS_FROM_NUMBER", "出生日期", "note", "19491230"),
    _broken("gongan_hukou", "SEX_DIFFERS_FROM_NUMBER", "性别", "note", "1"),
    _broken("shebao_canbao", "BIRTH_DIFFERS_FROM_NUMBER", "出生年月日", "note", "1949-11"),
    _broken("shebao_canbao", "SEX_DIFFERS_FROM_NUMBER", "性 别", "note", "男"),
    _broken("shebao_canbao", "CODE_UNKNOWN", "证件类型", "strike", "军官证"),
    _broken("shebao_canbao", "ID_FORMAT", "证件号码", "strike", "123", 证件类型="护照"),
    _broken("shebao_canbao", "ID_FORMAT", "证件号码", "strike", "H1234", 证件类型="港澳居民来往内地通行证"),
    _broken("shebao_canbao", "ID_PRECISION_LOSS", "证件号码", "strike", "1.10105194912E+17"),
    Broken("shebao_canbao", "ID_NUMERIC_CELL", "证件号码", "strike", {}, numeric="个人编号|证件号码"),
    _broken("shichang_zhuti", "CREDIT_CODE_CHECKSUM", "统一社会信用代码", "note", "91350211M0000XUF46"),
    _broken("shichang_zhuti", "CREDIT_CODE_FORMAT", "统一社会信用代码", "strike", "91350211M0000XUF4"),
    _broken("shichang_zhuti", "CREDIT_CODE_CITIZEN_NUMBER", "统一社会信用代码", "strike", "11010519491231002X"),
    _broken("shuiwu_nashui", "CREDIT_CODE_CHECKSUM", "纳税人识别号", "strike", "91350211M0000XUF46"),
    Broken("shuiwu_nashui", "ID_NUMERIC_CELL", "纳税人识别号", "strike", {}, numeric="纳税人识别号"),
    _broken("chengguan_bujian", "CODE_UNKNOWN", "ClassCode", "quarantine", "一类"),
    _broken("chengguan_bujian", "COORDINATE_SWAPPED", "X", "strike", "22.93", Y="112.05"),
    _broken("chengguan_bujian", "COORDINATE_ZERO", "Y", "strike", "0", X="0.0"),
    _broken("chengguan_bujian", "COORDINATE_RANGE", "X", "strike", "37512345.6"),
    _broken("zhujian_fangwu", "COORDINATE_SWAPPED", "经度", "strike", "22.93", 纬度="112.05"),
    _broken("zhujian_fangwu", "COORDINATE_ZERO", "纬度", "strike", "0"),
    _broken("zhujian_fangwu", "COORDINATE_RANGE", "纬度", "strike", "东经"),
    _broken("zhujian_fangwu", "COORDINATE_HALF", "经度", "strike", "112.05", 纬度=None),
    _broken("zhujian_fangwu", "ADDRESS_TOO_LONG", "房屋坐落", "quarantine", "路" * 501),
    _broken("zhujian_fangwu", "NUMBER_RANGE", "总层数", "strike", "201"),
    _broken("zhujian_fangwu", "NUMBER_RANGE", "建成年份", "strike", "2005.5"),
    _broken("zhujian_fangwu", "NUMBER_RANGE", "建筑面积", "strike", "八十八"),
    _broken("xiaofang_sheshi", "COORDINATE_RANGE", "纬度", "strike", "60.5"),
    _broken("xiaofang_sheshi", "CODE_UNKNOWN", "状态", "strike", "完好"),
    _broken("zhengfa_wangge", "GEOMETRY_INVALID", "geometry", "quarantine", BOW_TIE),
    _broken("zhengfa_wangge", "GEOMETRY_INVALID", "geometry", "quarantine", "not json"),
    _broken("zhengfa_wangge", "GEOMETRY_INVALID", "geometry", "quarantine", '{"type":"Polygon","coordinates":[]}'),
    _broken("zhengfa_wangge", "GEOMETRY_INVALID", "geometry", "quarantine", '{"type":"Point","coordinates":[112,23]}'),
    _broken("zhengfa_wangge", "CODE_UNKNOWN", "网格层级", "quarantine", "特大网格"),
    _broken("canlian_renyuan", "DATE_INVALID", "生日", "strike", "1949-12-31"),
    _broken("dianli_yonghu", "COORDINATE_SWAPPED", "LON", "strike", "22.93", LAT="112.05"),
    _broken("gongan_liudong", "CODE_UNKNOWN", "性别代码", "strike", "3"),
    _broken("jiaotong_sheshi", "CODE_UNKNOWN", "SSLX", "quarantine", "机场"),
    _broken("jiaotong_sheshi", "COORDINATE_ZERO", "geometry.x", "strike", "0", **{"geometry.y": "0"}),
    _broken("jiaoyu_xueji", "REQUIRED", "学校名称", "quarantine", None),
    _broken("minzheng_diming", "REQUIRED", "DZQC", "quarantine", None),
    _broken("ranqi_yonghu", "ADDRESS_TOO_LONG", "装表地址", "quarantine", "路" * 501),
    _broken("rexian_12345", "CODE_UNKNOWN", "单位归类", "strike", "个人"),
    _broken("shuiwu_gongshui", "KEY", "用水户号", "quarantine", None),
    _broken("tuiyi_junren", "ID_CHECKSUM", "居民身份证号", "strike", "110105194912310021"),
    _broken("wangge_renkou", "CODE_UNKNOWN", "性别(男/女)", "strike", "1"),
    _broken("weijian_jigou", "CODE_UNKNOWN", "机构类别", "strike", "精神病医院"),
    _broken("weijian_jigou", "CREDIT_CODE_CHECKSUM", "机构信用代码", "strike", "91350211M0000XUF46"),
    _broken("wenlv_changsuo", "CREDIT_CODE_FORMAT", "xydm", "strike", "91350211M0000XUF4"),
    _broken("yibao_canbao", "BIRTH_FUTURE", "brdy", "quarantine", "2026-10-02", certno=None),
    _broken("yingji_changsuo", "PHONE_INVALID", "值班电话", "strike", "12900001111"),
    _broken("youzheng_toudi", "REQUIRED", "收件地址", "quarantine", "无"),
    _broken("ziran_zongdi", "NUMBER_RANGE", "ZCS", "strike", "201"),
    _broken("ziran_zongdi", "GEOMETRY_INVALID", "geometry", "strike", BOW_TIE),
)

# Odd but right: none of these may break anything.
FINE = (
    ("gongan_hukou", {"公民身份号码": "１１０１０５１９４９１２３１００２ｘ"}),
    ("gongan_hukou", {"公民身份号码": "110105491231002", "性别": "2"}),
    ("gongan_hukou", {"公民身份号码": None, "出生日期": None, "联系电话": "/", "户号": None}),
    ("gongan_hukou", {"公民身份号码": None, "出生日期": "19061001", "性别": "0"}),
    ("gongan_hukou", {"公民身份号码": None, "出生日期": "20261001"}),
    ("gongan_hukou", {"联系电话": "13800138000；13900001111", "现住址": "路" * 500, "姓名": "阿卜杜拉·买买提"}),
    ("gongan_hukou", {"户籍地址": "兴云西路1号\n附近"}),
    ("gongan_hukou", {"现住址": "兴云西路1号信访局宿舍", "姓名": "宗教"}),
    ("shichang_zhuti", {"企业名称": "云浮市精神病医院"}),
    ("zhujian_fangwu", {"幢编号": "110105194912310021", "楼盘名称": "1390000111栋"}),
    ("zhujian_fangwu", {"楼盘名称": "编号110105194912310021"}),
    ("zhengfa_wangge", {"网格编码": GRID, "上级编码": GRID}),
    ("chengguan_bujian", {"BGCode": GRID}),
    ("zhujian_fangwu", {"幢编号": "113900001111", "楼盘名称": "43010519491231002188"}),
    ("shebao_canbao", {"出生年月日": "1949-12"}),
    ("shebao_canbao", {"证件类型": "护照", "证件号码": "E12345678", "出生年月日": "1950年1月2日", "性 别": "男"}),
    ("shebao_canbao", {"证件类型": None, "证件号码": None}),
    ("shichang_zhuti", {"统一社会信用代码": "911101066976941872", "住所": None}),
    ("zhujian_fangwu", {"经度": None, "纬度": None, "总层数": "6.0", "建筑面积": " 88.50 "}),
    ("chengguan_bujian", {"X": "1.1205e2", "ObjState": None}),
    ("zhengfa_wangge", {"上级编码": "合计网格"}),
)


def contract_of(source: str) -> Contract:
    return contracts.load_all(EXPECTATIONS)[source]


def rules_of(source: str) -> tuple[rules.Rule, ...]:
    towns = [*divisions.towns(EXPECTATIONS), TOWN]
    return rules.derive(contract_of(source), kinds.load_all(EXPECTATIONS), AS_OF, DENIED, towns)


def landed(source: str, rows: Sequence[Broken | Row]) -> pa.Table:
    """Rows as land writes them: ordinals from 1, lines from 2; a faulty row has no values."""
    contract = contract_of(source)
    told = [row if isinstance(row, Broken) else Broken(source, "", None, "", row) for row in rows]
    cells = [dict.fromkeys(contract.landed_headings) if r.fault else {**SOUND[source], **r.cells} for r in told]
    head = {
        "batch": [BATCH.format(source=source)] * len(told),
        "ordinal": list(range(1, len(told) + 1)),
        "line": list(range(2, len(told) + 2)),
        "fault": [row.fault for row in told],
        "numeric": [row.numeric for row in told],
        "digest": [hashlib.sha256(repr((n, c)).encode()).hexdigest() for n, c in enumerate(cells)],
    }
    table = pa.table({name: pa.array(head[name], model.LANDED.field(name).type) for name in model.LANDED.names})
    for heading in contract.landed_headings:
        table = table.append_column(heading, pa.array([c[heading] for c in cells], pa.string()))
    return table
