"""The words of a receipt. Rules have theirs in ``lookups/rules.csv``; here is what becomes of rows and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from expectations.rules import FAULT, Wording
from transforms.wording import group

# verdict of a row → what the department reads
VERDICTS = {
    "accepted": "接收",
    "unchanged": "接收，与上期相同",
    "deleted": "已按本行的操作删除",
    "duplicate": "重复：与另一行内容相同",
    "superseded": "被替代：同一编号以另一行为准",
    "withdrawn": "已撤出：后来的数据中没有这条记录",
    "quarantined": "隔离：整行未采用，请更正",
    "not_taken_over": "未采用：按规定不接收，无需处理",
    "held": "暂缓：整个文件等待确认",
    "recalled": "已撤回：整个文件不采用",
}
GREEN = frozenset({"accepted", "unchanged", "deleted"})
STRUCK, NOTED = "接收，但标出的内容未采用", "接收，请核对标出的内容"
STATES = {
    "landed": "已收到",
    "duplicate": "已收到过同一个文件，结果见下",
    "refused": "退回：整个文件没有采用",
    "held": "暂缓：整个文件等待确认，继续使用上一期数据",
    "recalled": "已撤回：按报送单位的要求，整个文件不采用，如同没有报送",
}
PHASES = {"received": "收到并逐行检查后", "night": "当夜入库后"}
HOLDS = {
    "UNKNOWN_CODES": "有一列超过 3% 的内容不在约定的代码表内",
    "DISTRIBUTION": "有一个必填列整列为空",
    "QUARANTINE_SHARE": "超过一半的行被隔离",
    "ROW_BOUNDS": "行数不在约定的范围内",
    "ZERO_ROWS": "文件里没有数据行",
    "NEW_COLUMN": "有约定之外的新列",
    "MISSING_COLUMN": "缺少一列约定的内容",
    "TYPE_CHANGED": "有一列的内容多半不能按约定的格式读取",
    "NO_AS_OF": "文件名里没有数据日期，请按约定命名",
    "FUTURE_AS_OF": "文件名里的数据日期晚于今天",
    "CHANGING": "文件还在写入，下次再取",
    "RECEIPT_UNKNOWN": "这份回执对应的文件不在本单位已收到的文件里",
    "RECEIPT_OLD": "这个文件后来又更正过，请在最近一次更正的回执上改",
    "RECALLED": "报送单位撤回了这个文件；要恢复，请联系网格数据中心",
    "SAME_PERIOD": "同一期收到了不同的文件，请确认以哪个为准",
    **group("hold", "zh"),
}
REFUSALS = {
    "NOT_ADMITTED": "登记的用途已失效，或含有不得汇集的栏目，文件未留存",
    "EMPTY_FILE": "文件是空的，或没有列名行",
    "TRUNCATED": "文件不完整：最后一行没有结束",
    "ENCODING": "文字编码与约定的不同",
    "WRONG_TYPE": "文件类型与约定的不同",
    "SCHEMA": "缺少约定的列，或列名改动了",
    "DUPLICATE_HEADING": "有两列同名",
    "OTHER_SOURCE": "这是另一个单位的文件",
    "NEW_COLUMN": "有约定之外的新列",
    "CONTROL_TOTAL": "行数与随附的清单不一致",
    "ENCRYPTED": "文件有密码",
    "MACRO": "文件含有宏",
    "EXTERNAL_LINK": "文件含有指向其他文件的链接",
    "NO_SHEET": "没有约定的工作表",
    "NOT_A_FILE": "这是文件夹或链接，不是文件；里面的文件没有接收，请把文件直接放进报送目录",
    "CANNOT_READ": "系统没有打开这个文件的权限，请联系网格数据中心",
    "TOO_LARGE": "文件太大（超过 8 GB），请联系网格数据中心",
    "ZIP_BOMB": "压缩的内容异常庞大，请检查工作表里是否有大量空白或重复的内容后重新导出",
    "UNCLOSED_QUOTE": "有引号没有闭合，请检查后重新导出",
    "WRONG_CRS": "坐标系与约定的不同",
    "CELL_TOO_LARGE": "有一个单元格异常巨大（超过 16 MB），请检查引号是否闭合后重新导出",
    "DAMAGED": "文件已损坏",
    "RECEIPT": "退回的回执不能读取：行号列或回执说明页被改动了",
    "NOTHING_MENDED": "退回的回执里没有改动的单元格",
}
_OTHER_REFUSAL = "文件不能读取，请重新导出后再报送"
ENTITY, ELSEWHERE, OTHERS = "统一标识", "以其他单位为准的列", "其他单位"
WHY = group("chosen", "zh")
GRID_REASONS = group("grid_reason", "zh")
MATCHES = group("match", "zh")


def mended(receipt: Mapping[str, Any]) -> str | None:
    """What a receipt that came back changed, for the clerk who changed it; null of every other file."""
    if not receipt["mended"]:
        return None
    cells, rows = receipt["mended"]
    return f"在回执上更正：改了 {rows} 行的 {cells} 个单元格，其余各行照原来报送的内容"


def told(code: str | None) -> str:
    """Why a whole file is held or refused, in words; empty where it is neither."""
    return "" if code is None else HOLDS.get(code) or REFUSALS.get(code) or _OTHER_REFUSAL


def wording(words: Mapping[str, Wording], rule: str) -> Wording | None:
    """The wording of a rule; a fault without one of its own has that of all faults, a hold has none."""
    return words.get(rule) or words.get(FAULT if rule.startswith(f"{FAULT}_") else rule)
