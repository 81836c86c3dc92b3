"""A scorer that no number taught: expectation maximisation on the patterns of candidate pairs.

Fellegi and Sunter (1969): what two records say under each comparison weighs log(m / u), m and u being how often pairs
of one entity and of two say just that. Neither is known; both are estimated from the pairs themselves, in turns with
the chance that each pair is a match (Winkler 1988). Such a training can go astray, and then it joins strangers: what it
joined is held against what one entity can be (:func:`disproportionate`) and says of itself (:func:`estranged`).
"""

from __future__ import annotations

import numpy as np

from transforms.link.codes import Ints
from transforms.link.scorer import FEWEST_LABELS, Floats, KindModel, Levels

_STRANGERS = 200_000  # pairs taken blindly: nearly all are of two entities
_ROUNDS, _SETTLED = 200, 1e-6  # it settles in some ten rounds
_START_MATCH, _START_SHARE = 0.8, 0.1  # a match says the closest level so often; so many candidates are matches
_SMALLEST = 0.5  # a level that nobody said was said half a time
_FEWEST_JOINED = 20  # of fewer pairs nothing is said
_MEAN = 6  # the average entity is not a sixth as large as the largest: beyond, it is a village


def strangers(size: int) -> tuple[Ints, Ints]:
    """Pairs of record numbers chosen without looking: each with those that follow it, in the order of their ids.

    Args:
        size: how many records there are; ids are keyed hashes, so their order says nothing.
    """
    times = max(1, min(size - 1, -(-_STRANGERS // max(size, 1))))
    left = np.tile(np.arange(size, dtype=np.int64), times)[:_STRANGERS]
    step = np.repeat(np.arange(1, times + 1, dtype=np.int64), size)[:_STRANGERS]
    right = (left + step) % max(size, 1)
    apart = left != right
    return left[apart], right[apart]


def learn(found: Levels, blind: Levels, words: dict[str, list[str]], largest: int) -> KindModel | None:
    """Estimate how much each level of each comparison weighs.

    Args:
        found: patterns of the candidate pairs.
        blind: patterns of :func:`strangers`: where the estimate of u begins.
        words: comparison label → level words in order; level 0 is null and weighs nothing.
        largest: how many records one entity may have; twice as many may share a block's key.

    Returns:
        A model, or None where candidates are too few to teach.
    """
    if min(len(found), len(blind)) < FEWEST_LABELS:
        return None
    patterns, times = np.unique(found, axis=0, return_counts=True)
    sizes = [len(levels) for levels in words.values()]
    u = [_shares(blind[:, place], np.ones(len(blind)), size) for place, size in enumerate(sizes)]
    m = [np.array([_START_MATCH, *[(1 - _START_MATCH) / max(size - 1, 1)] * (size - 1)]) for size in sizes]
    share = _START_SHARE
    for _ in range(_ROUNDS):
        chance = _chance(patterns, m, u, share)
        before, share = share, float(np.clip((chance * times).sum() / times.sum(), 1e-6, 1 - 1e-6))
        m = [_shares(patterns[:, place], chance * times, size) for place, size in enumerate(sizes)]
        u = [_shares(patterns[:, place], (1 - chance) * times, size) for place, size in enumerate(sizes)]
        if abs(share - before) < _SETTLED:
            break
    weights = {
        f"{label}={word}": round(float(weight), 4)
        for (label, levels), of_match, of_two in zip(words.items(), m, u, strict=True)
        for word, weight in zip(levels, np.log(of_match / of_two), strict=True)
    }
    facts: dict[str, int | str] = {
        "origin": "the records alone, by expectation maximisation", "candidates": len(found), "patterns": len(patterns),
        "matches_in_10000": round(share * 10_000),
    }  # fmt: skip
    intercept = round(float(np.log(share / (1 - share))), 4)
    cap, partners = 2 * largest, max(largest // 2, 1)
    return KindModel(words, intercept, weights, untaught=tuple(words), cap=cap, partners=partners, facts=facts)


def _shares(levels: Levels, weight: Floats, size: int) -> Floats:
    """How often each level was said, of the pairs that say any."""
    said = np.bincount(levels, weights=weight, minlength=size + 1)[1:] + _SMALLEST
    return np.asarray(said / said.sum(), dtype=np.float64)


def _chance(patterns: Levels, m: list[Floats], u: list[Floats], share: float) -> Floats:
    """The chance of each pattern to be a match's."""
    odds = np.full(len(patterns), np.log(share / (1 - share)))
    for place, (of_match, of_two) in enumerate(zip(m, u, strict=True)):
        odds += np.concatenate([[0.0], np.log(of_match / of_two)])[patterns[:, place]]
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)


def disproportionate(left: Ints, right: Ints, size: int, most: int) -> bool:
    """What was joined is out of all proportion: too many partners on the average, or an entity of too many records.

    Args:
        left: record numbers of the pairs that join.
        right: parallel to ``left``.
        size: how many records there are.
        most: how many records one entity may have.
    """
    if not len(left):
        return False
    joined = len(np.unique(np.concatenate([left, right])))
    return 2 * len(left) / joined > most / _MEAN or largest(left, right, size) > most


def estranged(levels: Levels, worst: int) -> bool:
    """What was joined are relatives: more than half of the pairs differ wholly in what records of one entity agree in.

    Families, branches of a firm and shops at one door share nearly everything but the name; a training that took them
    for one entity joins small groups, which :func:`disproportionate` cannot see.

    Args:
        levels: of the kind's ``link.agree``, one for each pair that joins; 0 where one of the two does not say it.
        worst: the level at which nothing is alike.
    """
    said = int((levels > 0).sum())
    return said >= _FEWEST_JOINED and 2 * int((levels == worst).sum()) > said


def largest(left: Ints, right: Ints, size: int) -> int:
    """Records of the largest connected component."""
    root = np.arange(size, dtype=np.int64)
    while True:
        low = np.minimum(root[left], root[right])
        told = root.copy()
        np.minimum.at(told, root[left], low)
        np.minimum.at(told, root[right], low)
        told = told[told]
        if np.array_equal(told, root):
            return int(np.bincount(root).max())
        root = told
