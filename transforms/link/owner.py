"""Whose name keeps a number under which several names stand (design.md section 5.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

import pandas as pd

from transforms.link.kernels import KERNELS, same_given

_MOST_CLAIMANTS = 3  # name groups on one number without an authority's word: beyond, the number is nobody's
_CROWD = 50  # names under one number, as of a column that says one number: only the authority's own name is asked


def judge(
    disputed: pd.DataFrame,
    texts: Sequence[str] | Mapping[int, str],
    former: dict[int, set[str]],
    level: tuple[str, int],
) -> pd.DataFrame:
    """Which names keep a number that stands beside several.

    Args:
        disputed: n, name (code into ``texts``), rows_said, by_authority; sorted by n and name.
        texts: name code → ``key US pinyin`` (or key).
        former: number code → former names said in its rows.
        level: kernel of names and the last level that agrees.

    Returns:
        n, name, keeps: 2 the owner's own name, 1 agrees with it, 0 loses the number.
    """
    rows = []
    columns = zip(*(disputed[c].tolist() for c in ("n", "name", "rows_said", "by_authority")), strict=True)
    for n, group in groupby(columns, key=itemgetter(0)):
        said = [(texts[c], c, k, a) for _, c, k, a in group]
        owner = _owner(said, former.get(n, set()), level)
        main = max(owner, key=lambda s: (s[3], s[2], s[0]), default=None)
        kept = {s[1] for s in owner}
        rows += [(n, s[1], (2 if main and s[1] == main[1] else 1) if s[1] in kept else 0) for s in said]
    return pd.DataFrame(rows, columns=["n", "name", "keeps"], dtype="int64")


_Said = tuple[str, int, int, int]  # text, code, rows, by the authority


def _owner(said: list[_Said], former: set[str], level: tuple[str, int]) -> list[_Said]:
    """The name group that keeps the number: the authority's, else the one most rows speak for, else nobody's."""
    ordered = sorted(said, key=lambda s: (-s[3], -s[2], s[0]))
    if len(ordered) > _CROWD:
        own = ordered[0][0] if sum(s[3] > 0 for s in ordered) in range(1, _MOST_CLAIMANTS + 1) else None
        return [s for s in ordered if own is not None and _agrees(s[0], own, former, level)]
    groups: list[list[_Said]] = []
    for one in ordered:
        home = next((g for g in groups if any(_agrees(one[0], o[0], former, level) for o in g)), None)
        if home is None:
            groups.append([one])
        else:
            home.append(one)
    if any(s[3] for s in groups[0]):
        return groups[0]
    if len(groups) > _MOST_CLAIMANTS:
        return []
    weights = sorted((sum(s[2] for s in g), at) for at, g in enumerate(groups))
    return [] if len(groups) > 1 and weights[-1][0] == weights[-2][0] else groups[weights[-1][1]]


def _agrees(a: str, b: str, former: set[str], level: tuple[str, int]) -> bool:
    using, most = level
    return KERNELS[using](a, b) <= most or a in former or b in former or (using == "name" and same_given(a, b))
