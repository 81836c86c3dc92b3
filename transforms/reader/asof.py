"""A query of our own over views and tables with history, read as of an earlier release.

Current rows are those with ``known_to`` null; as of a release they are those known from it and not yet ended in it.
Views say the first, so the query gets them again under their own names, with the second in its place.
"""

from __future__ import annotations

import re
from functools import lru_cache

from transforms import tables

_CURRENT = re.compile(r"\b(\w+)\.known_to IS NULL")
_VIEW = re.compile(r"\bv1_[a-z]+\b")


def as_of(query: str, release: int) -> str:
    """The same SELECT as of a release; ``query`` reads ``v1_*`` views and, under an alias, tables with history."""
    held = rf"(\1.known_from <= {release} AND (\1.known_to IS NULL OR \1.known_to > {release}))"
    views = [f"{name} AS NOT MATERIALIZED ({_CURRENT.sub(held, _text(name))})" for name in _needed(query)]
    return (f"WITH {', '.join(views)} " if views else "") + _CURRENT.sub(held, query)


def _needed(query: str) -> list[str]:
    """The views a query reads, those that others read first."""
    found: list[str] = []
    for name in sorted(set(_VIEW.findall(query))):
        found += [one for one in (*_needed(_text(name)), name) if one not in found]
    return found


@lru_cache(maxsize=64)
def _text(view: str) -> str:
    """The SELECT of a view, without its comment."""
    whole = (tables.SQL / "views" / f"{view}.sql").read_text("utf-8")
    return whole[whole.index("SELECT", whole.index("CREATE VIEW")) :].strip()
