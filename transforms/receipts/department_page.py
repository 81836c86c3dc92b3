"""The page of one source, and the list of all: static, printable, pictures inside, no network."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from transforms.contract import Contract
from transforms.receipts.answers import Answers
from transforms.receipts.department import Point
from transforms.receipts.page import STYLE
from transforms.receipts.quality import Quality

_STATES = {
    "fresh": ("按时", "#2b7a4b"),
    "stale": ("过期", "#c9a227"),
    "held": ("暂缓", "#b3402a"),
    "never": ("未报送", "#999999"),
}
_WIDTH, _HEIGHT, _EDGE = 900, 160, 40
_NONE, _MOST, _LAST = "—", "最高", "最近"


def write(
    out: Path,
    contracts: Sequence[Contract],
    points: Sequence[Sequence[Point]],
    answered: Mapping[str, Answers],
    kept: Mapping[str, Sequence[Quality]],
) -> list[Path]:
    """Write ``<source>.html`` for every source, and ``index.html``; the same databases and lake, the same bytes."""
    out.mkdir(parents=True, exist_ok=True)
    pages = {
        f"{c.source}.html": source_page(c, told, answered.get(c.source), kept.get(c.source, ()))
        for c, told in zip(contracts, points, strict=True)
    }
    pages["index.html"] = _index(contracts, points, answered)
    for name, text in pages.items():
        (out / name).write_text(text, "utf-8")
    return [out / name for name in pages]


def _page(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>\n"
    )


def source_page(
    contract: Contract,
    points: Sequence[Point],
    answers: Answers | None = None,
    kept: Sequence[Quality] = (),
) -> str:
    """One source: whether it is in time, its rows, quarantine, addresses, how it answers, how it keeps its contract."""
    title = f"{contract.label} 报送情况"
    owner = f"<p>{escape(contract.owner.department)} {escape(contract.owner.contact)}</p>"
    if not points:
        return _page(title, f"{owner}<p>还没有发布过版本。</p>")
    nights, told_of = [point.night for point in points], answers or Answers()
    mending = [None if (days := told_of.mending.get(p.release)) is None else float(days) for p in points]
    pictures = [
        ("时效（数据日期距入库的天数）", [None if p.age is None else float(p.age) for p in points], "天"),
        ("行数", [None if p.rows is None else float(p.rows) for p in points], "行"),
        ("隔离率", [p.quarantine_share for p in points], "%"),
        ("更正用时（隔离行从隔离到更正）", mending, "天"),
        ("落到标准地址的比例（本单位记录所在的实体）", [p.placed_share for p in points], "%"),
    ]  # fmt: skip
    shown = "".join(f"<section><h2>{name}</h2>{chart(nights, told, unit)}</section>" for name, told, unit in pictures)
    return _page(title, f"{owner}{_strip(points)}{_answers(told_of)}{shown}{_table(points)}{_kept(kept)}")


def _kept(told: Sequence[Quality]) -> str:
    """Every delivery beside its contract: what Great Expectations counted, and what drifted."""
    if not told:
        return ""
    days = [f"{one.as_of}{f'（更正{one.correction}）' if one.correction else ''}" for one in told]
    picture = chart(days, [one.missed_share for one in told], "%")
    heads = "".join(
        f"<th>{name}</th>"
        for name in ("数据日期", "行数", "检查行数", "检查项", "未全部通过", "最多的问题", "与约定不同", "暂缓")
    )
    lines = []
    for day, one in reversed(list(zip(days, told, strict=True))):
        numbers = (one.rows, _NONE if one.evaluated is None else one.evaluated, one.asked, one.missed)
        cells = "".join(f'<td class="n">{number}</td>' for number in numbers)
        worst = "<br>".join(
            f"{escape(heading or '整行')}：{escape(rule)} {rows} 行" for rule, heading, rows in one.worst
        )
        other = [*one.drift, *([f"两种检查有 {one.differing} 项计数不一致"] if one.differing else [])]
        texts = (worst, "<br>".join(map(escape, other)), escape(one.hold or ""))
        lines.append(f"<tr><td>{day}</td>{cells}" + "".join(f"<td>{text or _NONE}</td>" for text in texts) + "</tr>")
    return (
        f"<section><h2>数据质量（未全部通过的检查项占全部检查项的比例）</h2>{picture}</section>"
        f"<table><tr>{heads}</tr>{''.join(lines)}</table>"
    )


def _answers(told: Answers) -> str:
    """What it mended and what it was asked, in two lines."""
    of = told.disputes
    answered = sum(count for state, count in of.items() if state != "open")
    mended = f"已更正 {told.mended} 行，中位用时 {_days(told.mending_days)}"
    waiting = f"待更正 {told.waiting} 行，最久 {_days(told.longest)}"
    asked = f"核查中 {of.get('open', 0)} 项（逾期 {told.overdue} 项）"
    said = f"更改 {of.get('changed', 0)}，属实 {of.get('confirmed', 0)}，撤出 {of.get('withdrawn', 0)}"
    speed = f"中位用时 {_days(told.answering_days)}"
    rows = (("隔离行", f"{mended}；{waiting}"), ("异议", f"{asked}；已答复 {answered} 项：{said}，{speed}"))
    return "<table>" + "".join(f"<tr><th>{name}</th><td>{text}</td></tr>" for name, text in rows) + "</table>"


def _days(value: float | None) -> str:
    return _NONE if value is None else f"{_number(value)} 天"


def _strip(points: Sequence[Point]) -> str:
    """A square per release in the colour of the source's state."""
    step = min(24, _WIDTH // len(points))
    squares = "".join(
        f'<rect x="{at * step}" width="{step - 1}" height="22" fill="{_STATES[p.state][1]}">'
        f"<title>{p.night} {_STATES[p.state][0]}</title></rect>"
        for at, p in enumerate(points)
    )
    legend = "　".join(f'<span style="color:{colour}">■</span> {name}' for name, colour in _STATES.values())
    picture = f'<svg viewBox="0 0 {_WIDTH} 22" width="100%" role="img" aria-label="各版次的状态">{squares}</svg>'
    return f"{picture}<p>{legend}</p>"


def chart(nights: Sequence[str], told: Sequence[float | None], unit: str) -> str:
    """A line over the releases; gaps where nothing is known. Whole pixels, so the same bytes everywhere."""
    known = [value for value in told if value is not None]
    if not known:
        return f"<p>{_NONE}</p>"
    highest = max(known)
    top = highest or 1.0
    step = (_WIDTH - 2 * _EDGE) / max(len(told) - 1, 1)
    places = [
        None if v is None else (round(_EDGE + at * step), round(_HEIGHT - _EDGE - (_HEIGHT - 2 * _EDGE) * v / top))
        for at, v in enumerate(told)
    ]
    lines = "".join(
        f'<line x1="{a[0]}" y1="{a[1]}" x2="{b[0]}" y2="{b[1]}" stroke="#2f5d9b" stroke-width="2"/>'
        for a, b in itertools.pairwise(places)
        if a and b
    )
    dots = "".join(
        f'<circle cx="{place[0]}" cy="{place[1]}" r="3" fill="#2f5d9b">'
        f"<title>{night} {_number(value)}{unit}</title></circle>"
        for place, value, night in zip(places, told, nights, strict=True)
        if place and value is not None
    )
    base = _HEIGHT - _EDGE
    words = (
        f'<text x="{_EDGE}" y="{_EDGE - 10}">{_MOST} {_number(highest)}{unit}</text>'
        f'<text x="{_WIDTH - _EDGE}" y="{_EDGE - 10}" text-anchor="end">{_LAST} {_number(known[-1])}{unit}</text>'
        f'<text x="{_EDGE}" y="{base + 24}">{nights[0]}</text>'
        f'<text x="{_WIDTH - _EDGE}" y="{base + 24}" text-anchor="end">{nights[-1]}</text>'
    )
    axis = f'<line x1="{_EDGE}" y1="{base}" x2="{_WIDTH - _EDGE}" y2="{base}" stroke="#999999"/>'
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="100%" font-size="13" role="img">{axis}{lines}{dots}{words}</svg>'
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}"


def _share(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f}%"


def _table(points: Sequence[Point]) -> str:
    heads = "".join(
        f"<th>{name}</th>"
        for name in ("版次", "处理日期", "状态", "数据距今（天）", "行数", "隔离", "隔离率", "落图率")
    )
    lines = []
    for p in reversed(points):
        cells = (
            p.release, p.night, _STATES[p.state][0], _NONE if p.age is None else p.age,
            _NONE if p.rows is None else p.rows, p.quarantined, _share(p.quarantine_share), _share(p.placed_share),
        )  # fmt: skip
        lines.append("<tr>" + "".join(f'<td class="n">{cell}</td>' for cell in cells) + "</tr>")
    return f"<table><tr>{heads}</tr>{''.join(lines)}</table>"


def _index(contracts: Sequence[Contract], points: Sequence[Sequence[Point]], answered: Mapping[str, Answers]) -> str:
    heads = "".join(
        f"<th>{name}</th>"
        for name in ("来源", "状态", "数据距今（天）", "行数", "隔离率", "落图率", "更正用时", "核查中", "答复用时")
    )
    lines = []
    for contract, told in zip(contracts, points, strict=True):
        name = f'<td><a href="{contract.source}.html">{escape(contract.label)}</a></td>'
        cells: tuple[object, ...] = (_NONE,) * 5
        if told:
            last = told[-1]
            cells = (
                _STATES[last.state][0], _NONE if last.age is None else last.age,
                _NONE if last.rows is None else last.rows, _share(last.quarantine_share), _share(last.placed_share),
            )  # fmt: skip
        of = answered.get(contract.source, Answers())
        cells += (_days(of.mending_days), of.disputes.get("open", 0), _days(of.answering_days))
        lines.append(f"<tr>{name}" + "".join(f'<td class="n">{cell}</td>' for cell in cells) + "</tr>")
    return _page("各单位报送情况", f"<table><tr>{heads}</tr>{''.join(lines)}</table>")
