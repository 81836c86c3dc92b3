"""A second number: what one source lists twice under it is one thing, though it gave it two decisive values.

A survey that meets a hydrant twice gives it two numbers of its own; the plate on it has one. Link and resolve both ask,
so that what is one node there is no conflict here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[Any]
_TWICE = 2  # rows of one source under one second number: of more it is no number but a word (none, illegible)


def unified(number: Codes, source: Codes, second: Codes) -> Codes:
    """The decisive numbers, one for all that are one thing: the smallest code.

    Args:
        number: per record the code of its decisive value, below 0 without one.
        source: per record the code of its source.
        second: per record the code of its second number, below 0 without one.
    """
    told = np.flatnonzero((number >= 0) & (second >= 0))
    size = int(second.max(initial=0)) + 1
    group = np.unique(source[told].astype(np.int64) * size + second[told], return_inverse=True)[1]
    twice = np.bincount(group)[group] == _TWICE
    at, group = told[twice], group[twice]
    order = np.argsort(group, kind="stable")
    one, other = (number[at[order[place::_TWICE]]] for place in range(_TWICE))
    stands = np.arange(int(number.max(initial=-1)) + 1)
    while len(one):
        low, high = np.minimum(stands[one], stands[other]), np.maximum(stands[one], stands[other])
        if (low == high).all():
            break
        np.minimum.at(stands, high, low)
        stands = stands[stands]
    found = number.copy()
    found[number >= 0] = stands[number[number >= 0]]
    return found
