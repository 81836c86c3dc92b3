"""The data dictionary, generated from the catalogue, the kinds and the contracts: one HTML page, no internet.

Each truth is told where it lives: structure and meaning in ``sql/tables``, codes in ``expectations/kinds``, purposes
and the departments that feed a column in ``expectations/contracts``. A test holds the page in docs equal to this.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from pathlib import Path

from transforms import contract, kinds, tables
from transforms.contract import Contract
from transforms.kinds import Kind
from transforms.reader import export, package, promise
from transforms.reader.promise import Promised
from transforms.tables import Table

_TYPES = {
    "text": "文本 text", "integer": "整数 integer", "number": "小数 number", "day": "日期 day",
    "boolean": "是否 boolean", "binary": "二进制 binary",
}  # fmt: skip
_HEAD = ("字段 Column", "名称 Label", "类型 Type", "说明 Description", "代码 Codes", "用途 Purpose", "来源部门 Fed by")
_STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:0 auto;max-width:1280px;
padding:1rem;color:#1b1f24;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin:2rem 0 .2rem}p{margin:.2rem 0 .6rem}
nav{columns:4 16rem}nav a{display:block;text-decoration:none;color:#0b57a4}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{border:1px solid #d5dae0;padding:.25rem .5rem;text-align:left;vertical-align:top}th{background:#f2f5f8}
code{font-family:ui-monospace,monospace}.key{font-weight:700}.quiet{color:#5a6572}
@media (prefers-color-scheme:dark){body{background:#15181c;color:#e4e7eb}th{background:#22272e}
th,td{border-color:#3a424c}nav a{color:#7ab7f5}.quiet{color:#9aa5b1}}
"""


def render(expectations: Path) -> str:
    """The page.

    Args:
        expectations: the folder of kinds, contracts and consumers.

    Raises:
        ConfigError: one of them is wrong.
    """
    known, contracts = kinds.load_all(expectations), contract.load_all(expectations)
    every = tables.of("release") | tables.of("control")
    parts = ["<!doctype html>", '<html lang="zh-CN"><head><meta charset="utf-8">',
             '<meta name="viewport" content="width=device-width, initial-scale=1">',
             f"<title>四标四实 数据字典 Data dictionary</title><style>{_STYLE}</style></head><body>",
             "<h1>四标四实 数据字典 <span class=quiet>Data dictionary</span></h1>",
             "<p>由目录、实体类型和数据约定生成，请勿手改。Generated; do not edit.</p>",
             "<p>Rows with <code>known_from</code>, <code>known_to</code> are versions, current without known_to.</p>",
             "<p>读者请用 v1 视图。Readers build on the views of v1, which stand first; the tables follow.</p>",
             f"<p>{len(contracts)} 个来源 sources · {len(every)} 张表 tables</p><nav>"]  # fmt: skip
    promised = promise.load()
    parts += [_link(view, package.base_of(view).label) for view in promised]
    parts += [_link(name, table.label) for name, table in every.items()]
    parts += ["</nav>", *views(promised), *_sources(contracts)]
    for table in every.values():
        parts += _table(table, {kind.kind: kind for kind in known.values() if kind.table == table.table}, contracts)
    return "\n".join([*parts, *_consumers(expectations), "</body></html>", ""])


def _link(name: str, label: str) -> str:
    return f'<a href="#{name}"><code>{name}</code> {_safe(label)}</a>'


def _safe(value: object) -> str:
    return html.escape(str(value))


def _row(cells: list[str], tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


def _sources(contracts: dict[str, Contract]) -> Iterator[str]:
    yield "<h2>来源 Sources</h2><table>"
    yield _row(["代码 Code", "名称 Label", "部门 Department", "供给 Feeds", "周期 Cadence"], "th")
    for name, one in contracts.items():
        feeds = ", ".join(sorted(one.feeds))
        yield _row([f"<code>{name}</code>", _safe(one.label), _safe(one.owner.department), feeds, one.arrives.cadence])
    yield "</table>"


def _table(table: Table, own: dict[str, Kind], contracts: dict[str, Contract]) -> Iterator[str]:
    where = "发布库 release" if table.database == "release" else "控制库 control, not for readers"
    yield f'<h2 id="{table.table}"><code>{table.table}</code> {_safe(table.label)}</h2>'
    yield f"<p>{_safe(table.grain)} <span class=quiet>{where}</span></p><table>"
    yield _row(list(_HEAD), "th")
    for name, column in table.columns.items():
        codes, purposes, fed = _meaning(name, own, contracts)
        key = ' class="key"' if name in table.key else ""
        kind = _TYPES[column.type] + (" *" if column.required else "")
        yield _row(
            [f"<code{key}>{name}</code>", _safe(column.label), kind, _safe(column.description), codes, purposes, fed]
        )
    yield "</table>"


def _meaning(column: str, own: dict[str, Kind], contracts: dict[str, Contract]) -> tuple[str, str, str]:
    """Codes, purposes and departments of the property that a column shows."""
    codes: list[str] = []
    purposes: set[str] = set()
    fed: set[str] = set()
    for name, kind in own.items():
        found = next((p for p in (column, column.removesuffix("_id")) if p in kind.properties), None)
        if found is None:
            continue
        codes += [
            f"<code>{_safe(code)}</code> {_safe(text)}" for code, text in (kind.properties[found].codes or {}).items()
        ]
        for one in contracts.values():
            for mapped in one.columns:
                targets = (mapped.to,) if isinstance(mapped.to, str) else mapped.to
                if f"{name}.{found}" in targets:
                    purposes.add(mapped.purpose)
                    fed.add(one.owner.department)
    return "<br>".join(codes), "、".join(sorted(purposes)), "、".join(_safe(one) for one in sorted(fed))


def views(promised: Mapping[str, Mapping[str, Promised]]) -> Iterator[str]:
    """What v1 promises: every column that stands, since when, and the day on which it may go."""
    yield "<h2>v1 视图 Views of v1</h2><p>只增不减。Current rows only. "
    yield "Columns are added and never taken away without a year's notice.</p>"
    for view, columns in promised.items():
        base = package.base_of(view)
        yield f'<h2 id="{view}"><code>{view}</code> {_safe(base.label)}</h2><p>{_safe(base.grain)}</p><table>'
        yield _row(
            ["字段 Column", "名称 Label", "类型 Type", "说明 Description", "始于 Since", "停用 Deprecated"], "th"
        )
        for name, one in columns.items():
            if one.stands:
                label, text = map(_safe, export.meaning(view, name))
                since = one.since.isoformat()
                cells = [f"<code>{name}</code>", label, _TYPES[one.type], text, since, _safe(one.notice)]
                yield _row(cells)
        yield "</table>"


def _consumers(expectations: Path) -> Iterator[str]:
    yield "<h2>使用方 Consumers</h2><table>"
    yield _row(["使用方 Consumer", "用途 Purpose", "依据 Legal basis", "至 Until", "内容 Sees"], "th")
    for name, one in package.load_all(expectations).items():
        sees = "<br>".join(f"<code>{table}</code> {', '.join(share.fields)}" for table, share in one.tables.items())
        yield _row([f"<code>{name}</code> {_safe(one.label)}", _safe(one.purpose), _safe(one.legal_basis),
                    one.expires.isoformat(), sees])  # fmt: skip
    yield "</table>"
