"""A drafted contract as far as a sample tells it, and how it is written: questions first, then YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from expectations.contract_sample import Sample

_TRUST = 50


@dataclass
class Draft:
    """A contract as far as a sample tells it.

    Attributes:
        columns, ignored: entries as they will stand. open: what an engineer must decide, in order.
    """

    columns: list[dict[str, Any]] = field(default_factory=list)
    ignored: list[dict[str, str]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def written(
    path: Path, source: str, seen: Sample, kind: str | None, keys: list[str], taken: Mapping[str, str], draft: Draft
) -> str:
    """The draft as YAML, its open questions as comments at the top."""
    pattern = _pattern(path.name, draft)
    if not keys:
        draft.open.append("no column is filled and different in every row: name the natural key, or leave key empty")
    elif keys[1:]:
        draft.open.append(f"key: {keys[0]} was chosen; these would do as well: {', '.join(keys[1:])}")
    if {"lon", "lat"} & set(taken) or "geometry" in seen.headings:
        draft.open.append("arrives.crs: cgcs2000, wgs84, gcj02 or bd09; ask the department, a file does not say")
    if not seen.whole:
        draft.open.append(f"only the first {len(seen.rows)} rows were looked at: codes and keys may be incomplete")
    draft.open += [
        "label and owner", "arrives: cadence, snapshot or delta, same_period, rows",
        f"trust: every property stands at {_TRUST}", "registers: what is true of every live row",
    ]  # fmt: skip
    arrives = {
        "format": seen.format, "encoding": seen.encoding, "delimiter": seen.delimiter, "sheet": seen.sheet,
        "header_row": seen.header_row if seen.format in ("csv", "xlsx", "xls") else None, "file_pattern": pattern,
        "crs": "cgcs2000" if seen.format in ("shapefile", "gpkg") else None,
        "cadence": "monthly", "mode": "snapshot", "same_period": "hold",
        "rows": {"min": 1, "max": max(1000, 10 * len(seen.rows))},
    }  # fmt: skip
    lines = ["# Drafted from a sample by 'gridfacts contract infer'. DECIDE, then remove these lines:"]
    lines += [f"#   {number}. {told}" for number, told in enumerate(draft.open, 1)]
    lines += [f"source: {source}", f"label: {source}"]
    lines += ["owner: {department: DECIDE, contact: DECIDE, answers_within_days: 5}", "arrives:"]
    lines += [f"  {name}: {_flow(value)}" for name, value in arrives.items() if value is not None]
    lines += [f"key: {_flow(keys[:1])}", "feeds:", f"  {kind or 'DECIDE'}: {{key: {_flow(keys[:1])}}}"]
    lines += ["columns:" if draft.columns else "columns: []", *(f"  - {_flow(c)}" for c in draft.columns)]
    lines += ["ignored:" if draft.ignored else "ignored: []", *(f"  - {_flow(i)}" for i in draft.ignored)]
    lines += [f"trust: {_flow(dict.fromkeys(taken, _TRUST))}", "on_new_column: note", ""]
    return "\n".join(lines)


def _flow(value: Any) -> str:  # noqa: ANN401 - plain data for YAML
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
    return text.removesuffix("\n").removesuffix("...").rstrip()


def _pattern(name: str, draft: Draft) -> str:
    """The sample's own name with its date as the group ``as_of``."""
    for digits in (r"\d{8}", r"\d{4}-\d{2}-\d{2}", r"\d{4}_\d{2}_\d{2}"):
        if found := re.search(rf"(?<!\d){digits}(?!\d)", name):
            return f"{re.escape(name[: found.start()])}(?P<as_of>{digits}){re.escape(name[found.end() :])}"
    draft.open.append("arrives.file_pattern: the sample's name tells no date; agree on one with the department")
    stem, dot, ending = name.rpartition(".")
    return f"{re.escape(stem if dot else ending)}_(?P<as_of>\\d{{8}}){re.escape(dot + ending) if dot else ''}"
