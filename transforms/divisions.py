"""The division table (``lookups/divisions.csv``) as rooms use it: what lies in what, and what it is called."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from transforms import lookups

LEVELS = ("village", "town", "county", "city")
ANYWHERE = "*"  # the scope of an address that names no division
_DEEPEST = 6  # more levels than the table has


def known(expectations: Path, day: str) -> list[dict[str, str]]:
    """The rows of the table that a day knows: what is to come is not among them, what still stands has no end."""
    rows = [row for row in lookups.rows(expectations, "divisions") if lookups.days(row)[0] <= day]
    return [row | {lookups.TO: "", "successor": ""} if lookups.days(row)[1] >= day else row for row in rows]


def towns(expectations: Path) -> list[str]:
    """The nine digits with which codes in a town begin, of every town the table knows: codes outlive their towns."""
    return sorted({row["code"][:9] for row in lookups.rows(expectations, "divisions") if row["level"] == "town"})


def divisions(expectations: Path, day: str) -> pd.DataFrame:
    """Divisions that stand on a day: ``code level`` and the codes of their ``town county city`` (and ``village``)."""
    table = _standing(expectations, day)
    level, parent = (dict(zip(table["code"], table[name], strict=True)) for name in ("level", "parent"))
    chains = [{level.get(above): above for above in _chain(code, parent)} for code in table["code"]]
    for name in LEVELS:
        table[name] = [chain.get(name) for chain in chains]
    return table.drop(columns=["parent", "name"])


def above_villages(expectations: Path, day: str) -> pd.DataFrame:
    """``village code``: each village with every division it lies in, itself and :data:`ANYWHERE` among them."""
    table = _standing(expectations, day)
    parent = dict(zip(table["code"], table["parent"], strict=True))
    villages = table.loc[table["level"].eq("village"), "code"]
    pairs = [(village, code) for village in villages for code in (*_chain(village, parent), ANYWHERE)]
    return pd.DataFrame(pairs, columns=["village", "code"], dtype=object)


def names(expectations: Path, day: str) -> dict[str, str]:
    """Division code → its name."""
    table = _standing(expectations, day)
    return dict(zip(table["code"], table["name"], strict=True))


def _standing(expectations: Path, day: str) -> pd.DataFrame:
    rows = [row for row in known(expectations, day) if not row[lookups.TO]]
    return pd.DataFrame(rows, columns=["code", "level", "parent", "name"], dtype=object)


def _chain(code: str, parent: dict[str, str]) -> list[str]:
    """The division and those above it."""
    found: list[str] = []
    while code and len(found) < _DEEPEST:
        found.append(code)
        code = parent.get(code, "")
    return found
