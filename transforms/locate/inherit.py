"""Grids of nodes without a point of their own: the one grid of everything that stands below them, or beside them.

A villagers' group or an estate has no point, its houses have. Where all of them stand in one grid, so does the node;
where they spread over the micro grids of one small grid, the node stands in that. Nothing is decided by majority,
and less than three located leaves say nothing of the others.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_STEPS = 8  # levels of the address tree below the village
_BESIDE = ("group", "estate")  # a house stands where its neighbours do; along a road it does not
_FEWEST = 3  # leaves that must agree before they speak for those whose point nobody knows
_NONE, _MANY = -1, -2


def inherited(library: pd.DataFrame, grid: pd.Series, base: pd.Series) -> pd.Series:
    """The common grid of each node's located descendants, else of its group or estate.

    Args:
        library: nodes with ``address_id parent_id level``, index 0..n-1.
        grid: grid id of each node by its own point, null without one; same index.
        base: grid id → the small or exclusive grid it is or lies in (:meth:`transforms.locate.cut.Cut.base`).

    Returns:
        Same index; a grid id or null. Nodes with a grid of their own keep it.
    """
    small = grid.map(base)
    names = pd.Index(sorted({*grid.dropna(), *small.dropna()}), dtype=object)
    finest, coarser = (np.asarray(names.get_indexer(pd.Index(told)), dtype=np.int64) for told in (grid, small))
    parents = _parents(library)
    fine, enough = _common(parents, finest, finest), _enough(parents, finest != _NONE)
    common = np.where(fine == _MANY, _common(parents, finest, coarser), fine)
    common = np.where(enough, common, _NONE)
    told = np.where(finest != _NONE, finest, common)
    beside = np.where(library["level"].isin(_BESIDE).to_numpy(), common, _NONE)
    told = np.where(told < 0, _nearest(parents, beside), told)
    words = np.array([*names, None], dtype=object)  # the last stands for -1
    return pd.Series(words[np.maximum(told, _NONE)], index=grid.index, dtype=object)


def _parents(library: pd.DataFrame) -> Ints:
    """Position of each node's parent, -1 at the top."""
    return np.asarray(pd.Index(library["address_id"]).get_indexer(pd.Index(library["parent_id"])), dtype=np.int64)


def _common(parents: Ints, located: Ints, grid: Ints) -> Ints:
    """Per node the one grid of its located descendants; -1 none, -2 several."""
    least, most = np.full(len(parents), np.iinfo(np.int64).max), np.full(len(parents), _NONE)
    for node, above in _climb(parents, located != _NONE):
        np.minimum.at(least, above, grid[node])
        np.maximum.at(most, above, grid[node])
    return np.where(most == _NONE, _NONE, np.where(least == most, least, _MANY))


def _enough(parents: Ints, located: Flags) -> Flags:
    """Nodes all of whose leaves are located, or three of them."""
    leaves = np.ones(len(parents), dtype=bool)
    leaves[parents[parents != _NONE]] = False
    every, some = (_counted(parents, of) for of in (leaves, leaves & located))
    return np.asarray((some == every) | (some >= _FEWEST), dtype=bool)


def _counted(parents: Ints, of: Flags) -> Ints:
    count = np.zeros(len(parents), dtype=np.int64)
    for _, above in _climb(parents, of):
        np.add.at(count, above, 1)
    return count


def _climb(parents: Ints, of: Flags) -> Iterator[tuple[Ints, Ints]]:
    """(nodes, an ancestor of each), level by level."""
    node = np.flatnonzero(of)
    above = parents[node]
    for _ in range(_STEPS):
        node, above = node[above != _NONE], above[above != _NONE]
        yield node, above
        above = parents[above]


def _nearest(parents: Ints, told: Ints) -> Ints:
    """What the nearest ancestor says; -1 where none says anything."""
    found, above = np.full(len(parents), _NONE), parents.copy()
    for _ in range(_STEPS):
        open_nodes = (found == _NONE) & (above != _NONE)
        found[open_nodes] = told[above[open_nodes]]
        above[open_nodes] = parents[above[open_nodes]]
    return found
