"""Whose name keeps a number under which several names stand (design.md section 5.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.link.codes import Codes, Flags, Whole, ranked
from transforms.link.compare import graded_levels
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

    Most such numbers have two names: those are judged all at once, the others number by number.

    Args:
        disputed: n, name (code into ``texts``), rows_said, by_authority; sorted by n and name.
        texts: name code → ``key US pinyin`` (or key).
        former: number code → former names said in its rows.
        level: kernel of names and the last level that agrees.

    Returns:
        n, name, keeps: 2 the owner's own name, 1 agrees with it, 0 loses the number.
    """
    n = disputed["n"].to_numpy()
    two = _of_two(n) & ~np.isin(n, list(former))
    keeps = np.zeros(len(n), dtype=np.int64)
    keeps[two] = _between_two(disputed[two], texts, level)
    keeps[~two] = _one_by_one(disputed[~two], texts, former, level)
    return disputed[["n", "name"]].astype("int64").assign(keeps=keeps).reset_index(drop=True)


def _of_two(n: Whole) -> Flags:
    """Rows of numbers that have two rows, of numbers in order."""
    times = np.diff(np.flatnonzero(np.concatenate([[True], n[1:] != n[:-1], [True]]))) if len(n) else n
    return np.asarray(np.repeat(times == 2, times), dtype=bool)


def _between_two(disputed: pd.DataFrame, texts: Sequence[str] | Mapping[int, str], level: tuple[str, int]) -> Codes:
    """As :func:`_one_by_one`, of numbers that have two names each and no former one."""
    used, place = ranked(disputed["name"].to_numpy(), int(disputed["name"].max() or 0) + 1 if len(disputed) else 1)
    words = pa.array([texts[code] for code in used.tolist()], pa.string())
    alphabet = np.argsort(pc.sort_indices(words).to_numpy())[place].reshape(-1, 2)
    rows, told = (disputed[c].to_numpy().reshape(-1, 2) for c in ("rows_said", "by_authority"))
    order = np.lexsort((alphabet, -rows, -told), axis=1)  # the owner's own name first: as _owner puts them
    (rows, told), name = (np.take_along_axis(c, order, 1) for c in (rows, told)), place.reshape(-1, 2)
    name = np.take_along_axis(name, order, 1)
    alike = _agreeing(name[:, 0], name[:, 1], words, level)
    tied = (rows[:, 0] == rows[:, 1]) & (told[:, 0] == told[:, 1])
    first = np.where(alike, np.where(tied, 1, 2), np.where((told[:, 0] > 0) | ~tied, 2, 0))
    second = np.where(alike, np.where(tied, 2, 1), 0)
    keeps = np.empty(order.shape, dtype=np.int32)
    np.put_along_axis(keeps, order, np.stack([first, second], axis=1).astype(np.int32), 1)
    return keeps.ravel()


def _agreeing(left: Codes, right: Codes, words: pa.Array, level: tuple[str, int]) -> Flags:
    """As :func:`_agrees`, pair by pair, where there is no former name."""
    using, most = level
    if not len(left):
        return np.zeros(0, dtype=bool)
    found = np.asarray(graded_levels(right, left, using, words) <= most)
    if using == "name":
        rest = np.flatnonzero(~found)
        one, other = (words.take(pa.array(side[rest])).to_pylist() for side in (left, right))
        found[rest] = [same_given(a, b) for a, b in zip(one, other, strict=True)]
    return found


def _one_by_one(
    disputed: pd.DataFrame,
    texts: Sequence[str] | Mapping[int, str],
    former: dict[int, set[str]],
    level: tuple[str, int],
) -> list[int]:
    """What becomes of each row's name: see :func:`judge`."""
    found: list[int] = []
    columns = zip(*(disputed[c].tolist() for c in ("n", "name", "rows_said", "by_authority")), strict=True)
    for n, group in groupby(columns, key=itemgetter(0)):
        said = [(texts[c], c, k, a) for _, c, k, a in group]
        owner = _owner(said, former.get(n, set()), level)
        main = max(owner, key=lambda s: (s[3], s[2], s[0]), default=None)
        kept = {s[1] for s in owner}
        found += [(2 if main and s[1] == main[1] else 1) if s[1] in kept else 0 for s in said]
    return found


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
