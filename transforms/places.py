"""Where texts stand among ascending ids: their numbers, found by the ids' first characters as one whole number.

Ids of records and entities have one width and begin with characters that tell nearly all of them apart: a search among
64-bit numbers costs less than a table of texts, which every question would have to build anew.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_MANY = 2**16  # numbers looked for: fewer are found before they are put in order
_BITS = 32  # of a place, below that of its group
_HEAD = 8  # bytes of a text that are compared as a number
_WIDTH = 63  # bits of a number that is not negative
_Heads = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]


def places(ids: pa.Array, wanted: pa.Array) -> Places:
    """The place of each wanted text among the ids, -1 where it is none of them.

    Args:
        ids: ascending, each once, in the order of their bytes.
        wanted: in any order; cheapest in theirs.
    """
    if not len(wanted):
        return np.zeros(0, dtype=np.int64)
    return Shelf(ids).places(wanted)


class Shelf:
    """Ascending ids among which texts are looked for again and again."""

    def __init__(self, ids: pa.Array) -> None:
        """Learn the ids: ascending, each once, in the order of their bytes."""
        self._ids, self._heads = ids, heads(ids)

    def places(self, wanted: pa.Array) -> Places:
        """As :func:`places`."""
        theirs = heads(wanted)
        if self._heads is None or theirs is None or not len(self._heads):
            return np.asarray(pc.fill_null(pc.index_in(wanted, self._ids), -1).to_numpy(), dtype=np.int64)
        return _found(self._ids, self._heads, wanted, theirs)


def _found(ids: pa.Array, mine: _Heads, wanted: pa.Array, theirs: _Heads) -> Places:
    """The places by the heads of the ids and of the wanted texts, and then by the texts."""
    at = looked_up(mine, theirs)
    found = np.full(len(theirs), -1, dtype=np.int64)
    open_ = np.flatnonzero(at < len(mine))
    while len(open_):  # once, and again for the few whose head several ids have
        here = at[open_]
        same = pc.equal(ids.take(pa.array(here)), wanted.take(pa.array(open_))).to_numpy(zero_copy_only=False)
        found[open_[same]] = here[same]
        open_ = open_[~same]
        at[open_] += 1
        after = at[open_]
        alike = (after < len(mine)) & (mine[np.minimum(after, len(mine) - 1)] == theirs[open_])
        open_ = open_[alike]
    return found


def looked_up(ascending: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> Places:
    """As :func:`numpy.searchsorted`: where each wanted number stands, or would.

    Many are looked for in their order: one search after the other in all directions waits for memory each time.

    Args:
        ascending: in order.
        wanted: in any order.
    """
    if len(wanted) < _MANY:
        return np.asarray(np.searchsorted(ascending, wanted))
    if (wanted[1:] >= wanted[:-1]).all():
        new = np.append(True, wanted[1:] != wanted[:-1])  # of equal ones, which lie together, one is looked for
        return np.asarray(np.searchsorted(ascending, wanted[new])[np.cumsum(new) - 1])
    told, order = in_order(wanted, int(wanted.max()) + 1)
    found = np.empty(len(wanted), dtype=np.int64)
    found[order] = np.searchsorted(ascending, told)
    return found


def in_order(keys: npt.NDArray[Any], bound: int) -> tuple[npt.NDArray[Any], Places]:
    """The keys in order, and the places where they stood; of equal ones in any order.

    Key and place in one number are sorted in a sixth of the time in which places are sorted by their keys.

    Args:
        keys: not negative.
        bound: more than any key.
    """
    bits = len(keys).bit_length()
    if (bound << bits).bit_length() > _WIDTH:
        order = np.argsort(keys)
        return keys[order], order
    both = keys.astype(np.int64) << bits
    both |= np.arange(len(keys))
    both.sort()
    return (both >> bits).astype(keys.dtype, copy=False), both & ((1 << bits) - 1)


def numbers(ids: pa.Array, told: pa.Array) -> Places:
    """As :func:`places`, of texts that lie close together: a search among the ids between the outermost of them."""
    if not len(told):
        return np.zeros(0, dtype=np.int64)
    ends = pc.min_max(told).as_py()
    low = bisect_left(range(len(ids)), ends["min"], key=lambda i: ids[i].as_py())
    high = bisect_right(range(len(ids)), ends["max"], key=lambda i: ids[i].as_py())
    at = places(ids.slice(low, high - low), told)
    return np.where(at >= 0, at + low, -1)


def heads(texts: pa.Array) -> _Heads | None:
    """The first bytes of texts of one width as numbers in the order of the texts; None: they are not of one width."""
    if not pa.types.is_string(texts.type) or texts.null_count:
        return None
    if not len(texts):
        return np.zeros(0, dtype=np.uint64)
    ends = _ends(texts)
    width = int(ends[1] - ends[0])
    if width < _HEAD or (np.diff(ends) != width).any():
        return None
    return np.ascontiguousarray(_letters(texts)[:, :_HEAD]).view(">u8").ravel().astype(np.uint64)


def _ends(texts: pa.Array) -> npt.NDArray[np.int32]:
    return np.frombuffer(texts.buffers()[1], dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]


def _letters(texts: pa.Array) -> npt.NDArray[np.uint8]:
    """The bytes of texts of one width, a row each."""
    ends = _ends(texts)
    data: npt.NDArray[Any] = np.frombuffer(texts.buffers()[2], dtype=np.uint8)
    return data[ends[0] : ends[-1]].reshape(len(texts), -1)


def ordered(texts: pa.Array) -> Places:
    """The order of texts, as :func:`pyarrow.compute.sort_indices` gives it; of equal ones the first comes first."""
    numbers = heads(texts)
    if numbers is None:
        return np.asarray(pc.sort_indices(texts).to_numpy(), dtype=np.int64)
    order = np.argsort(numbers)
    alike = numbers[order[1:]] == numbers[order[:-1]]
    if alike.any():  # a stable sort is several times as slow as a fast one and a sort of what it leaves open
        order = np.sort(np.cumsum(np.append(True, ~alike)) << _BITS | order) & ((1 << _BITS) - 1)
    unlike = alike & ~same(texts, order)  # of one head, and two texts: few, and their neighbours
    if unlike.any():
        run = np.cumsum(np.append(True, ~alike))
        at = np.flatnonzero(np.isin(run, run[1:][unlike]))
        few = order[at]
        order[at] = few[pc.sort_indices(texts.take(pa.array(few))).to_numpy()]
    return np.asarray(order, dtype=np.int64)


def same(texts: pa.Array, order: Places) -> npt.NDArray[np.bool_]:
    """Neighbour by neighbour of texts that are not null, in some order: they are the same."""
    if heads(texts) is None:
        taken = texts.take(pa.array(order))
        return np.asarray(pc.equal(taken[1:], taken[:-1]).to_numpy(zero_copy_only=False), dtype=bool)
    if len(order) < 2:
        return np.zeros(0, dtype=bool)
    letters = _letters(texts)
    found = np.ones(len(order) - 1, dtype=bool)
    for start in {*range(0, letters.shape[1] - _HEAD, _HEAD), letters.shape[1] - _HEAD}:
        here = np.ascontiguousarray(letters[:, start : start + _HEAD]).view(np.uint64).ravel()[order]
        found &= here[1:] == here[:-1]
    return found
