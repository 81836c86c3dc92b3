"""From the odds of single pairs to scores: one leftover has one place among the anchors, a hub has none to give."""

from __future__ import annotations

import numpy as np

from transforms.link.candidates import Candidates, Nodes
from transforms.link.codes import Codes, Flags, Ints, distinct_rows
from transforms.link.encode import sources
from transforms.link.scorer import Floats, KindModel, Levels
from transforms.link.told import Told

SCALE = 10_000


def weighed(found: Candidates, told: Told, model: KindModel, nodes: Nodes) -> tuple[Levels, Codes, Ints]:
    """Distinct patterns, the pattern of each candidate, and its posterior x 10^4.

    Args:
        found: the candidates.
        told: the values.
        model: the scorer.
        nodes: of the records.
    """
    patterns, at = distinct_rows(found.patterns)
    chance = np.clip(np.round(model.probability(patterns, told.labels), 6), 1e-6, 1 - 1e-6)
    odds = np.asarray(chance / (1 - chance))[at]
    points = _posterior(found, odds)
    if "same_source" in told.kind.link.never and len(odds):
        source = sources(told.live)
        odds = np.where(taken(found, source, nodes, points >= told.kind.link.accept), 0.0, odds)
        points = _posterior(found, odds)
    return patterns, at, spoken_for(found, points, told.kind.link.accept, told.kind.link.review)


def _posterior(found: Candidates, odds: Floats) -> Ints:
    """Of a leftover's candidates among the anchors one at most is it."""
    most = int(found.u.max(initial=0)) + 1
    total = 1 + np.bincount(found.u, weights=np.where(found.anchor, odds, 0.0), minlength=most)
    posterior = np.where(found.anchor, odds / total[found.u], odds / (1 + odds))
    return np.asarray(np.rint(posterior * SCALE), dtype=np.int64)


def spoken_for(found: Candidates, points: Ints, accept: int, review: int) -> Ints:
    """Scores in which a leftover that joins an anchor brings nobody whom that anchor, which says more, clearly is not.

    A row with little but a name agrees with any namesake that says as little; beside its anchor, with a birth day, a
    telephone and a home, most of them do not. Pairs that were never compared stay as they are.

    Args:
        found: the candidates.
        points: score of each.
        accept: from here a pair joins.
        review: below, nobody would even ask: what is above counts as "perhaps".
    """
    size = int(max(found.u.max(initial=0), found.v.max(initial=0))) + 1
    best, home = np.zeros(size, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    sure = np.flatnonzero(found.anchor & (points >= accept))
    sure = sure[np.lexsort((-found.v[sure], points[sure]))]
    home[found.u[sure]], best[found.u[sure]] = found.v[sure], points[sure]
    asked = np.flatnonzero(found.anchor)
    key = found.u[asked].astype(np.int64) * size + found.v[asked]  # sorted, as candidates are
    told = points.copy()
    pairs = np.flatnonzero(~found.anchor & (points >= accept))
    for mine, other in ((found.u, found.v), (found.v, found.u)):
        at = pairs[home[mine[pairs]] >= 0]
        wanted = other[at].astype(np.int64) * size + home[mine[at]]
        place = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
        known = key[place] == wanted if len(key) else np.zeros(len(at), dtype=bool)
        refused = at[known][points[asked[place[known]]] < review]
        told[refused] = np.minimum(told[refused], accept - 1)
    return told


def taken(found: Candidates, source: Codes, nodes: Nodes, joins: Flags) -> Flags:
    """Candidates that can be no leftover's place, where no two rows of one source are one thing (``same_source``).

    The anchor holds a row of the leftover's own source, or another leftover of that source joins it: of two hydrants
    at one door, the one that no other row of the register stands for is left.

    Args:
        found: the candidates.
        source: per record.
        nodes: of the records.
        joins: candidates whose score, each by itself, is high enough.
    """
    size = int(source.max(initial=0)) + 1
    wanted = found.v.astype(np.int64) * size + source[found.u]
    held = (nodes.node.astype(np.int64) * size + source)[nodes.anchor]
    joins = joins & found.anchor
    full = np.isin(wanted, held) | (~joins & np.isin(wanted, wanted[joins]))
    return np.asarray(found.anchor & full, dtype=bool)


def capped(points: Ints, found: Candidates, accept: int, partners: int) -> Ints:
    """Scores in which a hub joins nobody: its pairs end just below ``accept``, where a person looks at them.

    Args:
        points: score of each candidate.
        found: the candidates.
        accept: from here a pair joins.
        partners: most nodes that one may join; with more it bridges strangers, whatever they share.
    """
    joins = points >= accept
    ends = np.concatenate([found.u[joins], found.v[joins]])
    hub = np.bincount(ends, minlength=int(max(found.u.max(initial=0), found.v.max(initial=0))) + 1) > partners
    return np.where(joins & (hub[found.u] | hub[found.v]), accept - 1, points)
