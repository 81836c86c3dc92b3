"""Kind address: a road that has two names, told by the buildings that stand at it.

A register that has heard of a new name writes 安泰街6号 for the building that another still files at 竹园四巷6号. Where
three buildings of a village bear one code under both names at the same door, and no door of the two names has two
buildings, the names are of one road: its nodes are joined, so the identity stays, and either name finds it.
"""

from __future__ import annotations

import re
from collections import defaultdict

import numpy as np
import numpy.typing as npt
import pyarrow as pa

LEAST = 3  # buildings that must say so before the others at the road are believed to have moved with them
_ROAD = re.compile(r"(?P<before>\d{12}(?:\|group:[^|]*)?)\|road:(?P<road>[^|]*)(?P<tail>.*)")
Ints = npt.NDArray[np.int64]
Road = tuple[str, str]  # what stands before it in the path, and its name


def road_of(path: str) -> Road | None:
    """The road on which a path lies, or which it is."""
    parts = _ROAD.fullmatch(path)
    return (parts["before"], parts["road"]) if parts else None


def one_name(paths: pa.Array, at: Ints, code: pa.Array, least: int = LEAST) -> dict[Road, str]:
    """Road → the smallest of its names, for the roads that have several.

    Args:
        paths: distinct canonical paths (docs/rooms.md).
        at: per record, the place of its path.
        code: per record, the code of the building there; null where it says none.
        least: buildings that must say so.
    """
    coded = code.dictionary_encode()
    said = coded.is_valid().to_numpy(zero_copy_only=False)
    number = coded.indices.fill_null(0).to_numpy().astype(np.int64)[said]
    pairs = np.unique(np.column_stack([number, at[said]]), axis=0)
    several = np.bincount(pairs[:, 0], minlength=1)[pairs[:, 0]] > 1
    if not several.any():
        return {}
    buildings = _buildings(paths, pairs)
    of_code = defaultdict(set)
    for place, here in buildings.items():
        for building in here:
            of_code[building].add(place)
    return _smallest({pair for pair in _alike(of_code, least) if not _contradicted(pair, buildings)})


_Place = tuple[str, str, str]  # before, road, tail


def _buildings(paths: pa.Array, pairs: Ints) -> dict[_Place, set[int]]:
    """(before, road, tail) → the buildings there."""
    found: dict[_Place, set[int]] = defaultdict(set)
    for building, path in zip(pairs[:, 0].tolist(), paths.take(pa.array(pairs[:, 1])).to_pylist(), strict=True):
        if (parts := _ROAD.fullmatch(path)) and parts["tail"]:
            found[parts["before"], parts["road"], parts["tail"]].add(building)
    return found


def _alike(of_code: dict[int, set[_Place]], least: int) -> set[tuple[Road, Road]]:
    """Pairs of roads under which enough buildings stand at the same door."""
    votes: dict[tuple[Road, Road], int] = defaultdict(int)
    for places in of_code.values():
        for one in places:
            for other in places:
                if one[1] < other[1] and (one[0], one[2]) == (other[0], other[2]):
                    votes[one[:2], other[:2]] += 1
    return {pair for pair, count in votes.items() if count >= least}


def _contradicted(pair: tuple[Road, Road], buildings: dict[_Place, set[int]]) -> bool:
    """One door of both names, and another building."""
    (before, one), (_, other) = pair
    return any(
        here.isdisjoint(buildings.get((before, other, tail), here))
        for (at, road, tail), here in buildings.items()
        if (at, road) == (before, one)
    )


def _smallest(pairs: set[tuple[Road, Road]]) -> dict[Road, str]:
    """A road that was renamed twice has three names."""
    names: dict[Road, str] = {}
    for _ in range(len(pairs)):
        for one, other in sorted(pairs):
            least = min(names.get(one, one[1]), names.get(other, other[1]))
            names[one] = names[other] = least
    return names


def under_one_name(paths: pa.Array, names: dict[Road, str]) -> pa.Array:
    """The paths with every road by the smallest of its names; nulls stay."""
    return pa.array([path and _renamed(path, names) for path in paths.to_pylist()], pa.string()) if names else paths


def _renamed(path: str, names: dict[Road, str]) -> str:
    parts = _ROAD.fullmatch(path)
    name = parts and names.get((parts["before"], parts["road"]))
    return f"{parts['before']}|road:{name}{parts['tail']}" if parts and name else path
