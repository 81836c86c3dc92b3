"""The page of a receipt for people: one sheet of paper, static, no network, no cell of the file."""

from __future__ import annotations

from html import escape
from typing import Any

from transforms.receipts.rows import Rows
from transforms.receipts.summary import green_share, problems
from transforms.receipts.words import PHASES, STATES, VERDICTS, mended, wording

COLOURS = {"good": "#2b7a4b", "other": "#c9a227", "aside": "#b3402a"}
STYLE = """
body{font:15px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#222}
body{max-width:64em;margin:2em auto;padding:0 1em}
table{border-collapse:collapse;width:100%;margin:.5em 0}th,td{border:1px solid #ccc;padding:.3em .5em;text-align:left}
th{background:#f2f2f2}td,th{vertical-align:top}.n{text-align:right;white-space:nowrap}small{color:#666;word-break:break-all}
.aside{border:2px solid #b3402a;padding:.6em;margin:1em 0}section{page-break-inside:avoid}
@media print{body{margin:0;max-width:none}}
"""
_EFFECTS = {"quarantine": "整行隔离，请更正", "strike": "该内容未采用，其余照收", "note": "请核对，不影响入库"}
_NO_PROBLEM = "<p>没有发现问题。</p>"


def page(receipt: dict[str, Any], rows: Rows | None, beside: list[str]) -> str:
    """The page.

    Args:
        receipt: as :func:`transforms.receipts.summary.document` makes it.
        rows: for the rules' counts and lines, null where the file has none.
        beside: names of the files that lie beside it.
    """
    title = escape(f"{receipt['label']} 回执")
    file = receipt["file"]
    facts = {
        "文件": file["name"], "数据日期": receipt["as_of"] or "", "处理日期": receipt["night"],
        "报送单位": receipt["department"], "结果": STATES[receipt["state"]], "阶段": PHASES[receipt["phase"]],
        "回执号": receipt["receipt"], "文件摘要（sha256）": file["sha256"] or "",
    }  # fmt: skip
    if said := mended(receipt):
        facts["更正"] = said
    told = "".join(f"<tr><th>{name}</th><td>{escape(str(value))}</td></tr>" for name, value in facts.items())
    listed = "、".join(escape(name) for name in beside)
    return (
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body><h1>{title}</h1>{_why(receipt)}<table>{told}</table>"
        f"{_counts(receipt)}{'' if rows is None else _problems(rows)}{_doubts(receipt)}"
        f"<p>{_how(receipt, listed, whole=rows is None)}</p>"
        "<p><small>本页只列行号和规则，不含文件中的任何内容。</small></p></body></html>\n"
    )


def _how(receipt: dict[str, Any], listed: str, *, whole: bool) -> str:
    """What to do next: of a file without rows there is nothing to mend in a receipt."""
    named = f"（文件名示例：{escape(receipt['names'][0])}）" if receipt["names"] else ""
    if whole and receipt["state"] == "duplicate":
        return "无需再报。"
    if receipt["code"] == "RECEIPT_OLD":
        return f"请在最近一次更正的回执上改，或按文件名规则{named}重新报送完整的文件；本文件没有改动任何数据。"
    if whole:
        return f"请改好后按文件名规则{named}重新报送完整的文件。"
    return (
        f"逐行结果见 {listed}。更正时按文件名规则{named}报送改好后的完整文件（不能只含改过的行），"
        "或直接在回执的表格（xlsx）上改标出的单元格，文件名不改，放回报送目录。改好的行会自动销号。"
    )


def _why(receipt: dict[str, Any]) -> str:
    if not receipt["why"]:
        return ""
    return f'<p class="aside">{escape(receipt["why"])}<br><small>{escape(receipt["message"])}</small></p>'


def _doubts(receipt: dict[str, Any]) -> str:
    """Cells that somebody who knows the place doubts: the next delivery answers."""
    told = [f"第 {line} 行 {escape(heading)}（{escape(due)} 前）" for line, heading, due in receipt["disputes"]]
    return f'<p class="aside">核查中，请核实后随下次报送答复：{"、".join(told)}</p>' if told else ""


def _counts(receipt: dict[str, Any]) -> str:
    if not receipt["rows"]:
        return ""
    shown = {VERDICTS[verdict]: count for verdict, count in receipt["counts"].items()}
    heads = "".join(f"<th>{name}</th>" for name in ("收到行数", *shown))
    cells = "".join(f'<td class="n">{count}</td>' for count in (receipt["rows"], *shown.values()))
    return f"<section>{picture(green_share(receipt))}<table><tr>{heads}</tr><tr>{cells}</tr></table></section>"


def picture(shares: tuple[int, int, int]) -> str:
    """A bar of what was accepted, replaced and set aside: inline SVG, whole numbers, so the same bytes everywhere."""
    whole = sum(shares)
    edges = [round(1000 * sum(shares[:end]) / whole) if whole else 0 for end in range(len(shares) + 1)]
    bars = "".join(
        f'<rect x="{start}" width="{end - start}" height="24" fill="{colour}"/>'
        for start, end, colour in zip(edges, edges[1:], COLOURS.values(), strict=False)
    )
    return (
        '<svg viewBox="0 0 1000 24" width="100%" height="18" preserveAspectRatio="none" role="img" '
        f'aria-label="接收 {shares[0]}，替代或撤出 {shares[1]}，隔离或暂缓 {shares[2]}">{bars}</svg>'
    )


def _problems(rows: Rows) -> str:
    table = problems(rows)
    if table.empty:
        return _NO_PROBLEM
    lines = []
    for rule, field, effect, count, first in table.itertuples(index=False):
        words = wording(rows.words, rule)
        message, hint = (words.message_zh, words.hint_zh) if words else (rule, "")
        more = f" …… 共 {count} 行" if count > len(first) else ""
        heading = escape(field) if isinstance(field, str) else "整行"
        lines.append(
            f"<tr><td>{escape(message)}<br><small>{escape(rule)}</small></td><td>{heading}</td><td>{_EFFECTS[effect]}</td>"
            f'<td class="n">{count}</td><td>{escape(hint)}</td><td>{"、".join(map(str, first))}{more}</td></tr>'
        )
    heads = "".join(f"<th>{name}</th>" for name in ("问题", "列", "处理", "数量", "怎么改", "行号"))
    return f"<table><tr>{heads}</tr>{''.join(lines)}</table>"
