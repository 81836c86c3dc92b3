"""The quality report a department reads: what became of its rows, rule by rule, with how to mend them. No values."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from expectations.rules import FAULT, Wording, wordings
from transforms import contract as contracts
from transforms import manifest, store
from transforms.contract import Contract
from transforms.run import Run

FIRST_LINES = 10  # line numbers shown per rule
_EFFECTS = {"quarantine": "整行隔离，待更正", "strike": "该值不采用，其余照收", "note": "提示，不影响入库"}
_COLOURS = {"accepted": "#2b7a4b", "quarantined": "#b3402a"}
_HOLDS = {
    "UNKNOWN_CODES": "有一列超过 3% 的内容不在约定的代码表内",
    "TYPE_CHANGED": "有一列的内容多半不能按约定的格式读取",
    "DISTRIBUTION": "有一个必填列整列为空",
    "QUARANTINE_SHARE": "超过一半的行被隔离",
}
_STYLE = """
body{font:15px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#222}
body{max-width:64em;margin:2em auto;padding:0 1em}
table{border-collapse:collapse;width:100%}
th,td{border:1px solid #ccc;padding:.3em .5em;text-align:left;vertical-align:top}
th{background:#f2f2f2}td.n{text-align:right;white-space:nowrap}.hold{border:2px solid #b3402a;padding:.6em;margin:1em 0}
small{color:#666}section{page-break-inside:avoid}@media print{body{margin:0;max-width:none}}
"""


def report(run: Run, source: str) -> Path:
    """Write ``reports/<night>/<source>.html`` below the home and return its path: static, printable, no network needed.

    Raises:
        StaleInputError: a batch of this night has not been judged.
    """
    contract = contracts.load_all(run.settings.expectations)[source]
    words = wordings(run.settings.expectations)
    sections = [_section(run, words, batch) for batch in _tonight(run, source)]
    body = "".join(sections) or "<p>本期没有新的报送。</p>"
    path = run.settings.home / "reports" / run.night / f"{source}.html"
    _write(path, _page(contract, run.night, body))
    return path


def _tonight(run: Run, source: str) -> Iterator[str]:
    for batch in store.landed(run, source):
        landed = manifest.require(run.settings.lake, store.batch_dir(run.settings, "land", batch), "land")
        if landed.facts["first_night"] == run.night and not landed.facts.get("hold"):
            yield batch


def _page(contract: Contract, night: str, body: str) -> str:
    title = f"{escape(contract.label)} 数据质量报告 {escape(night)}"
    owner = f"{escape(contract.owner.department)} {escape(contract.owner.contact)}"
    return (
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>"
        f"<body><h1>{title}</h1><p>报送单位：{owner}。本报告只列行号，不含任何个人信息；请对照原文件修改后重新报送。</p>"
        f"{body}</body></html>\n"
    )


def _section(run: Run, words: dict[str, Wording], batch: str) -> str:
    land, check = (store.batch_dir(run.settings, room, batch) for room in ("land", "check"))
    told, judged = (manifest.require(run.settings.lake, f, r).facts for f, r in ((land, "land"), (check, "check")))
    suite = json.loads((check / "suite.json").read_text("utf-8"))
    findings = store.read_table(check / "finding.parquet", ["line", "field", "rule", "effect"]).to_pandas()
    name = escape(str(told.get("file") or batch))
    return (
        f"<section><h2>{name}</h2>{_hold(judged)}{_numbers(judged)}{_bar(judged)}</section>"
        f"{_rules(findings, words)}{_method(suite)}"
    )


def _hold(facts: dict[str, str | int | None]) -> str:
    if not facts["hold"]:
        return ""
    field = f"（{escape(str(facts['hold_field']))}）" if facts["hold_field"] else ""
    reason = _HOLDS[str(facts["hold"])]
    return f'<p class="hold">整个文件暂缓入库：{reason}{field}。继续使用上一期数据，请核对后重新报送。</p>'


def _numbers(facts: dict[str, str | int | None]) -> str:
    names = {"rows": "收到行数", "accepted": "接收", "quarantined": "隔离", "struck": "不采用的值", "noted": "提示"}
    heads = "".join(f"<th>{label}</th>" for label in names.values())
    cells = "".join(f'<td class="n">{facts[name]}</td>' for name in names)
    return f"<table><tr>{heads}</tr><tr>{cells}</tr></table>"


def _bar(facts: dict[str, str | int | None]) -> str:
    rows, accepted = int(facts["rows"] or 0), int(facts["accepted"] or 0)
    width = round(accepted / rows * 1000) if rows else 0
    rest = 1000 - width if rows else 0
    return (
        '<svg viewBox="0 0 1000 24" width="100%" height="18" preserveAspectRatio="none" role="img" '
        'aria-label="接收与隔离的比例">'
        f'<rect width="{width}" height="24" fill="{_COLOURS["accepted"]}"/>'
        f'<rect x="{width}" width="{rest}" height="24" fill="{_COLOURS["quarantined"]}"/></svg>'
    )


def _rules(findings: pd.DataFrame, words: dict[str, Wording]) -> str:
    if findings.empty:
        return "<p>没有发现问题。</p>"
    groups = findings.groupby(["rule", "field", "effect"], dropna=False, sort=True)
    weight = {effect: position for position, effect in enumerate(_EFFECTS)}
    ordered = sorted(((key, rows) for key, rows in groups), key=lambda g: (weight[g[0][2]], -len(g[1]), str(g[0])))
    rows = "".join(_row(*key, lines=list(of["line"].sort_values()), words=words) for key, of in ordered)
    head = "<tr><th>问题</th><th>列</th><th>处理</th><th>数量</th><th>怎么改</th><th>行号</th></tr>"
    return f"<table>{head}{rows}</table>"


def _row(rule: str, field: Any, effect: str, *, lines: list[int], words: dict[str, Wording]) -> str:  # noqa: ANN401 - a null
    wording = words.get(rule) or words[FAULT if rule.startswith(f"{FAULT}_") else rule]
    column = "整行" if pd.isna(field) else str(field)
    shown = "、".join(str(line) for line in lines[:FIRST_LINES])
    more = f" …… 共 {len(lines)} 行" if len(lines) > FIRST_LINES else ""
    return (
        f"<tr><td>{escape(wording.message_zh)}<br><small>{escape(rule)}</small></td><td>{escape(column)}</td>"
        f'<td>{_EFFECTS[effect]}</td><td class="n">{len(lines)}</td><td>{escape(wording.hint_zh)}</td>'
        f"<td>{shown}{more}</td></tr>"
    )


def _method(suite: dict[str, Any]) -> str:
    rows, evaluated = suite["rows"], suite["evaluated"]
    sampled = f"按内容摘要抽取 {evaluated} 行" if evaluated < rows else f"全部 {rows} 行"
    differing = len(suite["differing"])
    same = f"有 {differing} 条规则两次计数不一致，请联系网格数据中心" if differing else "两次计数一致"
    return f"<p><small>逐行检查覆盖全部 {rows} 行；Great Expectations 复核{sampled}，{same}。</small></p>"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")  # two runs at once: each its own, the last rename wins
    beside.write_text(text, "utf-8")
    beside.replace(path)
