"""Pairs of nodes side by side: every value of the one beside every value of the other, as levels.

Done in pieces of pairs: only the values of nodes that are compared are looked at, and a piece's are few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import recordlinkage

from transforms.link.at_once import AT_ONCE
from transforms.link.codes import Codes, Ints, Whole, distinct, ranked, spread
from transforms.link.kernels import KERNELS, PARTLY
from transforms.link.said import Values
from transforms.link.scorer import Levels
from transforms.places import looked_up

_AT_ONCE = 1_000_000  # pairs of values
_MANY = 4  # values of the right to one of the left: then it costs less to look each up than to see them all
_UNSAID = 127  # beyond every level


@dataclass(frozen=True)
class Spoken:
    """What some nodes say under one label, node after node.

    Attributes:
        start: of each node that is asked, where its codes begin in ``v``.
        times: how many it has.
        said: node and code in one number, ascending: ``v`` as it can be looked up.
        v: codes, of a node each once.
        texts: as of ``Values``.
    """

    start: Ints
    times: Ints
    said: Ints
    v: Codes
    texts: pa.Array

    @classmethod
    def of(cls, values: Values, place: Codes) -> Self:
        """Gather what the nodes say.

        Args:
            values: what the records say.
            place: per record, the place of its node among those asked; -1 where it is not.
        """
        at = place[values.r]
        asked = at >= 0
        size = max(len(values.texts), 1)
        both = distinct(at[asked].astype(np.int64) * size + values.v[asked])
        times = np.bincount(both // size, minlength=int(place.max(initial=-1)) + 1)
        return cls(np.cumsum(times) - times, times, both, (both % size).astype(np.int32), values.texts)

    def beside(self, left: Whole, right: Whole) -> tuple[Ints, Codes, Codes]:
        """(pair, code of the left, code of the right): all that both ends say.

        Args:
            left: places of nodes.
            right: parallel to ``left``.
        """
        pair, of_left = spread(self.start[left], self.times[left] * (self.times[right] > 0))
        again, of_right = spread(self.start[right][pair], self.times[right][pair])
        return pair[again], self.v[of_left[again]], self.v[of_right]

    def of_each(self, left: Whole, right: Whole) -> tuple[Codes, Codes]:
        """As :meth:`beside`, of nodes that say one thing each: a code of the left and one of the right per pair."""
        return self.v[self.start[left]], self.v[self.start[right]]

    def shared(self, left: Whole, right: Whole) -> Ints:
        """Pairs whose ends have a code in common; one may stand there several times."""
        pair, of_left = spread(self.start[left], self.times[left] * (self.times[right] > 0))
        wanted = right[pair].astype(np.int64) * max(len(self.texts), 1) + self.v[of_left]
        place = np.minimum(looked_up(self.said, wanted), max(len(self.said) - 1, 0))
        return np.asarray(pair[self.said[place] == wanted])

    def pieces(self, times: Ints) -> Iterator[slice]:
        """Pairs a piece at a time, so that the times of a piece, added up, are not more than can be held."""
        total = np.cumsum(times)
        ends = np.searchsorted(total, np.arange(_AT_ONCE, int(total[-1]) if len(total) else 0, _AT_ONCE), "right")
        bounds = np.unique([0, *ends.tolist(), len(total)]).tolist()
        yield from (slice(*ends) for ends in pairwise(bounds))


def levels_of(spoken: Spoken, left: Whole, right: Whole, using: str, worst: int) -> Levels:
    """Level of each pair: the closest of what the two say, 0 where one of them says nothing.

    Args:
        spoken: what the nodes say.
        left: places of nodes.
        right: parallel to ``left``.
        using: the comparison; without a kernel only equality counts.
        worst: the level of what differs, where only equality counts.
    """
    few, times = spoken.times[left], spoken.times[left] * spoken.times[right]
    found = np.where(times > 0, worst, 0).astype(np.int8)
    if using not in KERNELS and times.sum() > _MANY * few.sum():
        for piece in spoken.pieces(few):
            found[piece][spoken.shared(left[piece], right[piece])] = 1
        return found
    single, several = np.flatnonzero(times == 1), np.flatnonzero(times > 1)
    for start in range(0, len(single), _AT_ONCE):
        one = single[start : start + _AT_ONCE]
        found[one] = _levels(*spoken.of_each(left[one], right[one]), using, worst, spoken.texts)
    for part in spoken.pieces(times[several]):
        some = several[part]
        pair, a, b = spoken.beside(left[some], right[some])
        best = np.full(len(some), _UNSAID, dtype=np.int8)
        np.minimum.at(best, pair, _levels(a, b, using, worst, spoken.texts))
        found[some] = best
    return found


def _levels(a: Codes, b: Codes, using: str, worst: int, texts: pa.Array) -> Levels:
    """Levels of value pairs, by the kernel or by equality; of most pairs both say the same."""
    if using in KERNELS and using not in PARTLY:
        found = np.ones(len(a), dtype=np.int8)
        if len(unlike := np.flatnonzero(a != b)):
            found[unlike] = graded_levels(a[unlike], b[unlike], using, texts)
        return found
    return graded_levels(a, b, using, texts) if using in KERNELS else np.where(a == b, 1, worst).astype(np.int8)


def graded_levels(left: Whole, right: Whole, using: str, texts: pa.Array) -> Levels:
    """Levels of value pairs by the kernel, each distinct pair once, through ``recordlinkage.Compare``.

    Args:
        left: codes into ``texts``.
        right: codes into ``texts``, parallel to ``left``.
        using: which kernel.
        texts: code → text.
    """
    size = max(len(texts), 1)
    pairs, at = ranked(left.astype(np.int64) * size + right, size * size)
    ends = pairs // size, pairs % size
    used, place = ranked(np.concatenate(ends), size)
    words = texts.take(pa.array(used))
    values = pd.DataFrame({"place": np.arange(len(words))})
    both = [values.index, values.index]  # places are their own codes: nobody need look for what is distinct
    index = pd.MultiIndex(levels=both, codes=np.split(place, 2), verify_integrity=False)
    compare = recordlinkage.Compare()
    compare.compare_vectorized(_kernel(words, using), "place", "place", label="level")
    level: pd.Series[int] = compare.compute(index, values, values)["level"]
    return np.asarray(np.asarray(level, dtype=np.int8)[at])


def _kernel(words: pa.Array, using: str) -> Callable[[pd.Series[int], pd.Series[int]], pd.Series[int]]:
    """The kernel over two aligned columns of places in ``words``, in the form ``recordlinkage.Compare`` calls.

    All at once where that is written, and what is left one by one.
    """

    def compute(left: pd.Series[int], right: pd.Series[int]) -> pd.Series[int]:
        a, b = left.to_numpy(), right.to_numpy()
        level = AT_ONCE[using](words, a, b) if using in AT_ONCE else np.zeros(len(a), dtype=np.int8)
        rest = np.flatnonzero(level == 0)
        one, other = (words.take(pa.array(side[rest])).to_pylist() for side in (a, b))
        level[rest] = np.fromiter(map(KERNELS[using], one, other), dtype=np.int8, count=len(rest))
        return pd.Series(level, index=left.index)

    return compute
