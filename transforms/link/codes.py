"""Integer codes in place of values: half the width of a number, and never a sort where a table will do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from transforms.places import in_order, looked_up

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]  # record numbers, nodes, codes of values: a kind has fewer than 2^31 of each
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[Any]  # codes or wider numbers
PIECE = 1_000_000  # pairs that are looked at at once
_TABLE = 4  # a table of so many times as many places as there are keys costs less than hashing them
_SMALL, _WIDE = 2**16, 2**31
_SPARSE, _FEWEST_BITS = 8, 10  # a key that nobody asks for passes a sieve once in eight times or less
_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))  # 2^64 over the golden ratio; a prime of xxHash


def ranked(key: Whole, bound: int) -> tuple[Whole, Codes]:
    """Distinct keys, and of each key its place among them.

    Args:
        key: not negative.
        bound: more than any key.
    """
    if bound <= max(_TABLE * len(key), _SMALL):
        seen = np.zeros(bound, dtype=bool)
        seen[key] = True
        return np.flatnonzero(seen), (np.cumsum(seen, dtype=np.int32) - 1)[key]
    found, order = in_order(key, bound)  # less than half of what a table of hashes costs
    first = np.ones(len(found), dtype=bool)
    first[1:] = found[1:] != found[:-1]
    at = np.empty(len(key), dtype=np.int32)
    at[order] = np.cumsum(first, dtype=np.int32) - np.int32(1)
    return found[first], at


def distinct(key: Whole) -> Whole:
    """Distinct keys in order."""
    found = np.sort(key)
    first = np.ones(len(found), dtype=bool)
    first[1:] = found[1:] != found[:-1]
    return found[first]


def by_both(u: Whole, v: Whole) -> Ints:
    """The order by two columns of small numbers; equal rows stay in theirs."""
    key = u.astype(np.int64) << 32 | v
    order = np.argsort(key)
    same = key[order]
    return np.argsort(key, kind="stable") if (same[1:] == same[:-1]).any() else order


def distinct_rows(patterns: npt.NDArray[np.int8]) -> tuple[npt.NDArray[np.int8], Codes]:
    """The distinct rows of small numbers in lexical order, and of each row its place among them."""
    sizes = [int(size) + 1 for size in patterns.max(axis=0, initial=0)]
    packed = np.zeros(len(patterns), dtype=np.int64)
    for place, size in enumerate(sizes):
        packed *= size
        packed += patterns[:, place]
    found, at = ranked(packed, int(np.prod(sizes, dtype=object)))
    order = np.argsort(found)
    first = np.zeros(len(found), dtype=np.int64)
    first[at] = np.arange(len(at))
    return patterns[first[order]], np.argsort(order).astype(np.int32)[at]


class Asked:
    """Keys that somebody asks for: a few, looked for among many."""

    def __init__(self, keys: Whole) -> None:
        """Learn them; they may repeat."""
        self.distinct = distinct(keys)
        self._bits = max((len(self.distinct) * _SPARSE).bit_length(), _FEWEST_BITS)
        self._sieves = [np.zeros(2**self._bits, dtype=bool) for _ in _ODD]
        for odd, sieve in zip(_ODD, self._sieves, strict=True):
            sieve[self._scattered(self.distinct, odd)] = True

    def among(self, keys: Whole) -> tuple[Flags, Codes]:
        """Which of these keys are asked for, and of those the place among the distinct asked ones."""
        first, second = (partial(self._passes, odd, sieve) for odd, sieve in zip(_ODD, self._sieves, strict=True))
        maybe = np.flatnonzero(first(keys))
        maybe = maybe[second(keys[maybe])]
        place = looked_up(self.distinct, keys[maybe])
        place[place == len(self.distinct)] = 0
        found = self.distinct[place] == keys[maybe] if len(self.distinct) else np.zeros(len(maybe), dtype=bool)
        said = np.zeros(len(keys), dtype=bool)
        said[maybe[found]] = True
        return said, place[found].astype(np.int32)

    def _passes(self, odd: np.uint64, sieve: Flags, keys: Whole) -> Flags:
        """Keys that one sieve does not hold back."""
        return np.asarray(sieve[self._scattered(keys, odd)])

    def _scattered(self, keys: Whole, odd: np.uint64) -> npt.NDArray[np.int64]:
        """A number of so many bits per key: the upper ones of its product with an odd constant (Knuth, TAOCP 6.4)."""
        return ((keys.astype(np.uint64) * odd) >> np.uint64(64 - self._bits)).view(np.int64)


def beside(r: Whole, of: Whole) -> tuple[Whole, Whole]:
    """Every place in ``r`` beside every place in ``of`` that holds the same record: two parallel columns.

    Args:
        r: record numbers.
        of: record numbers, in any order.
    """
    order = None if (of[1:] >= of[:-1]).all() else np.argsort(of, kind="stable")
    times = np.bincount(of, minlength=int(r.max(initial=-1)) + 1).astype(np.int32)
    start = np.cumsum(times, dtype=np.int32) - times
    return spread(start[r], times[r], order)


def coupled(r: Whole, of: Codes, v: Codes) -> tuple[Whole, Codes]:
    """As :func:`beside`, of statements most of whose records say one thing: places in ``r``, and what is said there.

    Args:
        r: record numbers.
        of: record numbers, none with one code twice.
        v: codes, parallel to ``of``.
    """
    first = np.full(int(max(r.max(initial=-1), of.max(initial=-1))) + 1, -1, dtype=np.int32)
    first[of] = v  # of several the last
    again = np.flatnonzero(first.take(of) != v)
    code = first.take(r)
    at = np.flatnonzero(code >= 0)
    if len(at) < len(code):
        code = code.take(at)
    if not len(again):
        return at, code
    several = np.zeros(len(first), dtype=bool)
    several[of[again]] = True
    more = np.flatnonzero(several.take(r))
    place, other = beside(r[more], of[again])
    return np.concatenate([at, more[place]]), np.concatenate([code, v[again[other]]])


def spread(start: Whole, times: Whole, order: Whole | None = None) -> tuple[Whole, Whole]:
    """Of each place i the numbers from ``start[i]``, ``times[i]`` of them: the places repeated, and the numbers.

    Args:
        start: where each begins.
        times: how many each has.
        order: what stands at the numbers; None: themselves.
    """
    ends = np.cumsum(times)
    size = int(ends[-1]) if len(ends) else 0
    width = np.int32 if size < _WIDE and len(times) < _WIDE and start.max(initial=0) < _WIDE else np.int64
    at = np.arange(size, dtype=width) + np.repeat((start - ends + times).astype(width), times)
    return np.repeat(np.arange(len(times), dtype=width), times), at if order is None else order[at]


def pieces(times: Ints) -> Iterator[slice]:
    """Places a piece at a time, so that the times of a piece, added up, are not more than can be held."""
    total = np.cumsum(times)
    ends = np.searchsorted(total, np.arange(PIECE, int(total[-1]) if len(total) else 0, PIECE), "right")
    bounds = np.unique([0, *ends.tolist(), len(total)]).tolist()
    yield from (slice(*ends) for ends in pairwise(bounds))
