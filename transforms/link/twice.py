"""One person under two valid numbers: never joined by the machine, but asked (design.md section 5.1).

A number with a digit mistyped and its check digit "corrected", or one that the authority itself corrected, is valid:
its rows stand under it as somebody else. Two numbers of one name and one birth day whose rows share a phone or an
address are mostly that; the rest are namesakes. The pair leaves the room below ``link.accept``.
"""

from __future__ import annotations

import numpy as np

from transforms.link.candidates import Candidates, Nodes, joined, levels
from transforms.link.codes import Codes
from transforms.link.collapse import Collapsed
from transforms.link.told import Told

_CONTACT = ("tokens", "address")


def twice(told: Told, collapsed: Collapsed) -> Candidates:
    """Pairs of anchors of one name and one day that share a phone or an address, sorted.

    Each group of such anchors is told as a star around its first. Of an anchor its first record speaks.

    Args:
        told: the values.
        collapsed: whose numbers are believed.
    """
    comparisons = told.kind.link.compare
    day = next((c.label for c in comparisons if c.using == "date"), None)
    contact = [i for i, c in enumerate(comparisons) if c.using in _CONTACT]
    size, agree = len(collapsed.node), told.kind.link.agree
    u = v = np.zeros(0, dtype=np.int32)
    if day is not None and agree is not None and contact:
        first = collapsed.anchor & (collapsed.node == np.arange(size))
        u, v = _stars(*joined([told.values[label].only(first) for label in (agree, day)]))
    patterns = levels(told, (u, v), Nodes(collapsed.node, collapsed.anchor), collapsed.lost)
    shared = (patterns[:, contact] == 1).any(axis=1)
    return Candidates(u[shared], v[shared], np.ones(int(shared.sum()), dtype=bool), patterns[shared])


def _stars(r: Codes, k: Codes) -> tuple[Codes, Codes]:
    """(first, other) of the records under each key, each pair once, sorted."""
    order = np.lexsort((r, k))
    r, k = r[order], k[order]
    _, start, of = np.unique(k, return_index=True, return_inverse=True)
    first = r[start][of] if len(r) else r
    pairs = np.unique(np.stack([first, r], axis=1)[first < r], axis=0)
    return pairs[:, 0], pairs[:, 1]
