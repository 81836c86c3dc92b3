"""Candidates and their levels: who may be whom, and how alike they are, as small integers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa

from transforms.engine import Engine
from transforms.kinds import Compare
from transforms.link.codes import Asked, Codes, Flags, Ints, Whole, beside, distinct, ranked
from transforms.link.compare import Spoken, levels_of
from transforms.link.encode import cells, sources
from transforms.link.kernels import LEVELS
from transforms.link.said import Values
from transforms.link.scorer import Levels
from transforms.link.told import FREQUENCY, NAMES, Told
from transforms.threads import together

_HERE = Path(__file__).parent
_FREQUENCIES = (1, 5, 50)  # up to one: rare, up to five: some, up to fifty: many, beyond: common
_THERE, _NOT_THERE = (LEVELS["address"].index(word) + 1 for word in ("building", "differ"))


@dataclass(frozen=True)
class Nodes:
    """Which node each record stands in, and whether it stands in an anchor."""

    node: Codes
    anchor: Flags


def block_keys(told: Told, hidden: Flags, nodes: Nodes) -> Iterator[pa.Table]:
    """Block after block k, node, anchor, none twice: the keys that some leftover has, and whose they are.

    Args:
        told: the values.
        hidden: records whose own number may not bring them together (training hides it).
        nodes: of the records.
    """
    size = max(len(nodes.node), 1)
    for parts in told.kind.link.blocks:
        r, k = _shared([_part(told, part, hidden) for part in parts], ~nodes.anchor)
        whole = distinct((k.astype(np.int64) * size + nodes.node[r]) * 2 + nodes.anchor[r])
        columns = {"k": whole // 2 // size, "node": whole // 2 % size, "anchor": whole % 2}
        yield pa.table({name: values.astype(np.int32) for name, values in columns.items()})


def _shared(parts: list[Values], leftover: Flags) -> tuple[Codes, Codes]:
    """(record, code) of what records say in all the parts at once, where some leftover says the same."""
    r = k = np.zeros(0, dtype=np.int32)
    for place, part in enumerate(parts):
        if place:
            at, other = beside(r, part.r)
            key = k[at].astype(np.int64) * max(len(part.texts), 1) + part.v[other]
            r = r[at]
            said, k = Asked(key[leftover[r]]).among(key)
        else:
            asked = np.zeros(len(part.texts), dtype=bool)
            asked[part.v[leftover[part.r]]] = True
            r, k = part.r, part.v
            said = asked[k]
            k = k[said]
        r = r[said]
    return r, k


def joined(parts: list[Values]) -> tuple[Codes, Codes]:
    """(record, code) of what records say in all the parts at once: every combination of their values."""
    r, k = parts[0].r, parts[0].v
    for part in parts[1:]:
        at, other = beside(r, part.r)
        size = max(len(part.texts), 1)
        bound = (int(k.max(initial=0)) + 1) * size
        r, k = r[at], ranked(k[at].astype(np.int64) * size + part.v[other], bound)[1]
    return r, k


def _part(told: Told, part: str, hidden: Flags) -> Values:
    using = next((c for c in told.kind.link.compare if c.label == part), None)
    if part == "cell":
        return cells(told.live)
    if using is None:
        return told.parts[part]
    said = told.values[part] if told.silent is None else told.values[part].only(~told.silent)
    return said.only(~hidden) if using.using == "near" else said


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
    engine: Engine, told: Told, nodes: Nodes, *, cap: int, hidden: Flags, only: Flags | None = None
) -> Candidates:
    """Block, then compare.

    Args:
        engine: runs block.sql.
        told: the values.
        nodes: of the records.
        cap: most nodes one block key may join.
        hidden: records whose nearness by number is not to be looked at.
        only: leftovers that are asked about, beside anchors alone; None: all, beside each other too.
    """
    size = max(len(nodes.node), 1)
    found = [np.zeros(0, dtype=np.int64)]
    with engine.apart() as apart:
        for keys in block_keys(told, hidden, nodes):
            pairs = apart.run(_HERE / "block.sql", {"key": keys}, cap=cap)
            u, v, anchor = (pairs[name].to_numpy() for name in ("u", "v", "anchor"))
            packed = (u.astype(np.int64) * size + v) * 2 + anchor
            found.append(distinct(packed if only is None else packed[(anchor == 1) & only[u]]))
    whole = distinct(np.concatenate(found))
    of_anchor = whole % 2 == 1
    whole //= 2
    u, v = (whole // size).astype(np.int32), (whole % size).astype(np.int32)
    del whole, found
    return Candidates(u, v, of_anchor, levels(told, (u, v), nodes, hidden, engine.threads))


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
        if compare.using != "address":
            return found
        return _refined(found, levels_of(Spoken.of(told.buildings, place), left, right, "equal", _NOT_THERE))

    tasks = [partial(level, compare) for compare in told.kind.link.compare]
    if FREQUENCY in told.labels:
        tasks.append(partial(_frequency, told, nodes, pair))
    return np.stack(together(threads, tasks), axis=1)


def _refined(address: Levels, building: Levels) -> Levels:
    """One building is closer than another, where the addresses are not the same."""
    refined = (building > 0) & (address != 1)
    return np.where(refined, np.where(building == 1, _THERE, _NOT_THERE), address).astype(np.int8)


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
