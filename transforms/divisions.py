"""The division table (``lookups/divisions.csv``) as rooms use it that need no names: what lies in what."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

LEVELS = ("village", "town", "county", "city")
ANYWHERE = "*"  # the scope of an address that names no division
_DEEPEST = 6  # more levels than the table has


def divisions(expectations: Path) -> pd.DataFrame:
    """Divisions that still stand: ``code level`` and the codes of their ``town county city`` (and ``village``)."""
    table = _standing(expectations)
    level, parent = (dict(zip(table["code"], table[name], strict=True)) for name in ("level", "parent"))
    chains = [{level.get(above): above for above in _chain(code, parent)} for code in table["code"]]
    for name in LEVELS:
        table[name] = [chain.get(name) for chain in chains]
    return table.drop(columns=["parent", "name"])


def above_villages(expectations: Path) -> pd.DataFrame:
    """``village code``: each village with every division it lies in, itself and :data:`ANYWHERE` among them."""
    table = _standing(expectations)
    parent = dict(zip(table["code"], table["parent"], strict=True))
    villages = table.loc[table["level"].eq("village"), "code"]
    pairs = [(village, code) for village in villages for code in (*_chain(village, parent), ANYWHERE)]
    return pd.DataFrame(pairs, columns=["village", "code"], dtype=object)


def names(expectations: Path) -> dict[str, str]:
    """Division code → its name."""
    table = _standing(expectations)
    return dict(zip(table["code"], table["name"], strict=True))


def _standing(expectations: Path) -> pd.DataFrame:
    with (expectations / "lookups" / "divisions.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["valid_to"]]
    return pd.DataFrame(rows, columns=["code", "level", "parent", "name"], dtype=object)


def _chain(code: str, parent: dict[str, str]) -> list[str]:
    """The division and those above it."""
    found: list[str] = []
    while code and len(found) < _DEEPEST:
        found.append(code)
        code = parent.get(code, "")
    return found
