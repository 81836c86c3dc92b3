"""Candidates and their levels: who may be whom, and how alike they are, as small integers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np

from transforms.kinds import Compare
from transforms.link.block import NODE, block_keys, pairs
from transforms.link.codes import Codes, Flags, Ints, Whole, beside, distinct, ranked
from transforms.link.compare import Spoken, levels_of
from transforms.link.encode import sources
from transforms.link.kernels import LEVELS
from transforms.link.said import Values
from transforms.link.scorer import Levels
from transforms.link.told import FREQUENCY, NAMES, Told
from transforms.threads import together

_OTHER = (1 << NODE) - 1  # the other node of a pair, and whether it is an anchor
_FREQUENCIES = (1, 5, 50)  # up to one: rare, up to five: some, up to fifty: many, beyond: common
_THERE, _NOT_THERE = (LEVELS["address"].index(word) + 1 for word in ("building", "differ"))


@dataclass(frozen=True)
class Nodes:
    """Which node each record stands in, and whether it stands in an anchor."""

    node: Codes
    anchor: Flags


def joined(parts: list[Values]) -> tuple[Codes, Codes]:
    """(record, code) of what records say in all the parts at once: every combination of their values."""
    r, k = parts[0].r, parts[0].v
    for part in parts[1:]:
        at, other = beside(r, part.r)
        size = max(len(part.texts), 1)
        bound = (int(k.max(initial=0)) + 1) * size
        r, k = r[at], ranked(k[at].astype(np.int64) * size + part.v[other], bound)[1]
    return r, k


@dataclass(frozen=True)
class Candidates:
    """Pairs of nodes (u a leftover; v an anchor where ``anchor``) and their patterns, sorted by (u, v)."""

    u: Whole
    v: Whole
    anchor: Flags
    patterns: Levels

    @classmethod
    def none(cls, comparisons: int) -> Self:
        """No pairs; ``comparisons``: the columns of a pattern."""
        nodes = np.zeros(0, dtype=np.int32)
        return cls(nodes, nodes, np.zeros(0, dtype=bool), np.zeros((0, comparisons), dtype=np.int8))


def candidates(
    told: Told, nodes: Nodes, *, cap: int, hidden: Flags, only: Flags | None = None, threads: int = 1
) -> Candidates:
    """Block, then compare.

    Args:
        told: the values.
        nodes: of the records.
        cap: most nodes one block key may join.
        hidden: records whose nearness by number is not to be looked at.
        only: leftovers that are asked about, beside anchors alone; None: all, beside each other too.
        threads: how many comparisons are made at once.
    """
    found = [pairs(keys, cap, only) for keys in block_keys(told, hidden, nodes.node, nodes.anchor)]
    whole = distinct(np.concatenate([np.zeros(0, dtype=np.int64), *found]))
    del found
    u, v, of_anchor = (whole >> NODE).astype(np.int32), ((whole & _OTHER) >> 1).astype(np.int32), whole & 1 == 1
    del whole
    return Candidates(u, v, of_anchor, levels(told, (u, v), nodes, hidden, threads))


def levels(told: Told, pair: tuple[Whole, Whole], nodes: Nodes, hidden: Flags, threads: int = 1) -> Levels:
    """Patterns of the pairs of nodes, in their order.

    Args:
        told: the values.
        pair: the ends of each pair: nodes.
        nodes: of the records.
        hidden: records whose nearness by number is not to be looked at.
        threads: how many comparisons are made at once.
    """
    if not len(pair[0]):
        return np.zeros((0, len(told.labels)), dtype=np.int8)
    asked = np.zeros(len(nodes.node), dtype=bool)
    for end in pair:
        asked[end] = True
    place = np.where(asked, np.cumsum(asked, dtype=np.int32) - 1, -1).astype(np.int32)
    left, right = (place[end] for end in pair)
    place = place[nodes.node]

    def level(compare: Compare) -> Levels:
        values = told.values[compare.label]
        spoken = Spoken.of(values.only(~hidden) if compare.using == "near" else values, place)
        found = levels_of(spoken, left, right, compare.using, len(LEVELS[compare.using]))
        if compare.using == "address":
            _refine(found, Spoken.of(told.buildings, place), left, right)
        return found

    tasks = [partial(level, compare) for compare in told.kind.link.compare]
    if FREQUENCY in told.labels:
        tasks.append(partial(_frequency, told, nodes, pair))
    return np.stack(together(threads, tasks), axis=1)


def _refine(address: Levels, buildings: Spoken, left: Whole, right: Whole) -> None:
    """One building is closer than another, where the addresses are not the same."""
    other = np.flatnonzero(address != 1)
    found = levels_of(buildings, left[other], right[other], "equal", _NOT_THERE)
    said = found > 0
    address[other.compress(said)] = np.where(found == 1, _THERE, _NOT_THERE).compress(said)


def _frequency(told: Told, nodes: Nodes, pair: tuple[Whole, Whole]) -> Levels:
    """Per pair how many anchors bear the first one's name, 1 rare to 4 common: tonight's one statistic in a score.

    Between leftovers it may be leftovers of one source that do: a name of which its register has twelve, and no anchor
    one, is what a kind of body is called (a cultural station), and says as little of two rows as a common one.
    """
    naming = next(c.label for c in told.kind.link.compare if c.using in NAMES and c.label == told.kind.link.agree)
    values, (of, other) = told.values[naming], pair
    asked = np.zeros(len(nodes.node), dtype=bool)
    asked[of] = True
    mine = asked[values.r]
    wanted = np.zeros(len(values.texts), dtype=bool)
    wanted[values.v[mine]] = True
    borne, held, size = wanted[values.v], nodes.anchor[values.r], max(len(nodes.node), 1)

    def of_nodes(bearers: Ints) -> Ints:
        """What is so of the name of each pair's first node."""
        found = np.zeros(len(nodes.node), dtype=np.int64)
        np.maximum.at(found, values.r[mine], bearers[values.v[mine]])
        return np.asarray(found[of], dtype=np.int64)

    bearing = distinct(values.v[borne & held].astype(np.int64) * size + nodes.node[values.r[borne & held]]) // size
    count = of_nodes(np.bincount(bearing, minlength=len(values.texts)))
    lone = ~nodes.anchor[other]
    if lone.any() and held.any():
        count = np.where(lone, np.maximum(count, of_nodes(_listed(told, values, borne & ~held, nodes))), count)
    return (1 + np.searchsorted(_FREQUENCIES, count)).astype(np.int8)


def _listed(told: Told, values: Values, rows: Flags, nodes: Nodes) -> Ints:
    """Per text how many of these rows' nodes one source says it of: of the source of which that is most."""
    source, size = sources(told.live), max(len(nodes.node), 1)
    width = int(source.max(initial=0)) + 1
    said = values.v[rows].astype(np.int64) * width + source[values.r[rows]]
    listed, times = np.unique(distinct(said * size + nodes.node[values.r[rows]]) // size, return_counts=True)
    most = np.zeros(len(values.texts), dtype=np.int64)
    np.maximum.at(most, listed // width, times)
    return most
