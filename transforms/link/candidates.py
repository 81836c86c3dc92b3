"""Candidates and their levels: who may be whom, and how alike they are, as small integers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import recordlinkage

from transforms.engine import Engine
from transforms.kinds import Compare, Kind
from transforms.link.collapse import Collapsed
from transforms.link.encode import Flags, Ints, Values, cells, column, compared, near
from transforms.link.kernels import KERNELS, LEVELS, vectorised
from transforms.link.scorer import Levels
from transforms.live import Live

_HERE = Path(__file__).parent
FREQUENCY = "frequency"  # how many anchors bear the leftover's name
_FREQUENCIES = (1, 5)  # up to one: rare, up to five: some, beyond: many
_NAMES = ("name", "organization_name")
_KEYS_AT_ONCE = 4_000_000  # rows of one run of block.sql: bounds its memory
_UNSAID = 127  # beyond every level


@dataclass(frozen=True)
class Told:
    """What all records say, by comparison label, with address buildings beside addresses."""

    kind: Kind
    live: Live
    values: dict[str, Values]
    buildings: Values

    @property
    def labels(self) -> list[str]:
        """The columns of a pattern."""
        named = [c.label for c in self.kind.link.compare]
        return [*named, FREQUENCY] if self._name() else named

    @property
    def words(self) -> dict[str, list[str]]:
        """Level words per column of a pattern."""
        found = {c.label: list(LEVELS[c.using]) for c in self.kind.link.compare}
        return {**found, FREQUENCY: ["rare", "some", "many"]} if self._name() else found

    def _name(self) -> Compare | None:
        return next((c for c in self.kind.link.compare if c.using in _NAMES and c.label == self.kind.link.agree), None)


def tell(kind: Kind, live: Live, homes: dict[str, tuple[Values, Values]], collapsed: Collapsed, crowd: int) -> Told:
    """Collect values; phones and addresses that more than ``crowd`` different names share tell nobody apart.

    Args:
        kind: its declaration.
        live: live records of the kind.
        homes: addresses and buildings (:func:`transforms.link.encode.nodes`) by label, where the kind compares any.
        collapsed: whose number is believed, who is a leftover.
        crowd: see above.
    """
    values, buildings = {}, Values()
    leftover = ~collapsed.anchor & ~collapsed.lost
    for compare in kind.link.compare:
        if compare.using == "address":
            values[compare.label], buildings = homes[compare.label]
        elif compare.using == "near":
            values[compare.label] = near(live, compare.property, leftover)
        else:
            values[compare.label] = compared(live, kind, compare, None, collapsed.trusted)
    naming = next((c.label for c in kind.link.compare if c.using in _NAMES), None)
    if naming:
        for compare in kind.link.compare:
            if compare.using in ("tokens", "address"):
                values[compare.label] = uncrowded(values[compare.label], values[naming], crowd)
    return Told(kind, live, values, buildings)


def uncrowded(values: Values, names: Values, crowd: int) -> Values:
    """Without the values that more than ``crowd`` distinct names say: found from the data, not from a list."""
    often = np.bincount(values.v, minlength=len(values.texts)) > crowd  # fewer records cannot say more names
    busy = values.where(often[values.v])
    name = np.full(int(max(names.r.max(initial=0), busy.r.max(initial=0))) + 1, -1, dtype=np.int64)
    name[names.r[::-1]] = names.v[::-1]  # a record's first name speaks
    named = name[busy.r] >= 0
    pairs = np.unique(busy.v[named] * max(len(names.texts), 1) + name[busy.r[named]]) // max(len(names.texts), 1)
    crowded = np.bincount(pairs, minlength=len(values.texts)) > crowd
    return values.where(~crowded[values.v])


def block_keys(told: Told, hidden: Flags, node: pa.Table) -> Iterator[pa.Table]:
    """Block after block b, r, k: the records' key codes, of the keys that some leftover has.

    Args:
        told: the values.
        hidden: records whose own number may not bring them together (training hides it).
        node: r, node, anchor.
    """
    leftover = node["anchor"].to_numpy() == 0
    for b, parts in enumerate(told.kind.link.blocks):
        r, k = joined([_part(told, part, hidden) for part in parts])
        asked = np.zeros(int(k.max(initial=0)) + 1, dtype=bool)
        asked[k[leftover[r]]] = True
        wanted = asked[k]
        yield pa.table({"b": np.full(int(wanted.sum()), b), "r": r[wanted], "k": k[wanted]})


def joined(parts: list[Values]) -> tuple[Ints, Ints]:
    """(record, code) of what records say in all the parts at once: every combination of their values."""
    r, k = parts[0].r, parts[0].v
    for part in parts[1:]:
        order = np.argsort(part.r, kind="stable")
        sorted_r, sorted_v = part.r[order], part.v[order]
        start, end = np.searchsorted(sorted_r, r, "left"), np.searchsorted(sorted_r, r, "right")
        times = end - start
        at = np.repeat(start - np.cumsum(times) + times, times) + np.arange(int(times.sum()))
        r, k = np.repeat(r, times), np.repeat(k, times) * (int(part.v.max(initial=0)) + 1) + sorted_v[at]
        k = np.unique(k, return_inverse=True)[1].astype(np.int64)
    return r, k


def _part(told: Told, part: str, hidden: Flags) -> Values:
    using = next((c for c in told.kind.link.compare if c.label == part), None)
    if part == "cell":
        return cells(told.live)
    if using is None:
        return column(told.live, part)
    return told.values[part].only(~hidden) if using.using == "near" else told.values[part]


@dataclass(frozen=True)
class Candidates:
    """Pairs of nodes (u a leftover; v an anchor where ``anchor``) and their patterns, sorted by (u, v)."""

    u: Ints
    v: Ints
    anchor: Flags
    patterns: Levels


def candidates(engine: Engine, told: Told, node: Ints, anchor: Flags, *, cap: int, hidden: Flags) -> Candidates:
    """Block, then compare.

    Args:
        engine: runs block.sql, compare.sql and beside.sql.
        told: the values.
        node: record → node.
        anchor: record stands in an anchor.
        cap: most nodes one block key may join.
        hidden: records whose nearness by number is not to be looked at.
    """
    table = nodes_of(node, anchor)
    pairs = _pairs(engine, told, table, cap, hidden)
    u, v = (pairs.column(c).to_numpy() for c in ("u", "v"))
    patterns = levels(engine, told, (u, v), table, hidden)
    return Candidates(u, v, pairs.column("anchor").to_numpy() == 1, patterns)


def nodes_of(node: Ints, anchor: Flags) -> pa.Table:
    """Which node each record stands in: r, node, anchor (1 or 0)."""
    return pa.table({"r": np.arange(len(node)), "node": node, "anchor": anchor.astype(np.int64)})


def _pairs(engine: Engine, told: Told, node: pa.Table, cap: int, hidden: Flags) -> pa.Table:
    """Candidates of all blocks, a few blocks at a time."""
    found: list[pa.Table] = []
    waiting: list[pa.Table] = []
    for keys in block_keys(told, hidden, node):
        waiting.append(keys)
        if sum(k.num_rows for k in waiting) >= _KEYS_AT_ONCE:
            found.append(engine.run(_HERE / "block.sql", {"node": node, "key": pa.concat_tables(waiting)}, cap=cap))
            waiting = []
    if waiting or not found:
        nothing = pa.table({name: np.zeros(0, dtype=np.int64) for name in ("b", "r", "k")})
        keys = pa.concat_tables([nothing, *waiting])
        found.append(engine.run(_HERE / "block.sql", {"node": node, "key": keys}, cap=cap))
    whole = pa.concat_tables([f.select(["u", "v", "anchor"]).cast(_PAIR) for f in found])
    if len(found) > 1:
        whole = whole.group_by(["u", "v", "anchor"]).aggregate([]).sort_by([("u", "ascending"), ("v", "ascending")])
    return whole.combine_chunks()


_PAIR = pa.schema([("u", pa.int64()), ("v", pa.int64()), ("anchor", pa.int64())])


def levels(engine: Engine, told: Told, pair: tuple[Ints, Ints], node: pa.Table, hidden: Flags) -> Levels:
    """Patterns of the pairs of nodes, in their order.

    Args:
        engine: runs compare.sql and beside.sql.
        told: the values.
        pair: the ends of each pair: nodes.
        node: :func:`nodes_of`.
        hidden: records whose nearness by number is not to be looked at.
    """
    labels, comparisons = told.labels, told.kind.link.compare
    patterns = np.zeros((len(pair[0]), len(labels)), dtype=np.int8)
    asked = np.zeros(node.num_rows, dtype=bool)
    for end in pair:
        asked[end] = True
    node_of = node["node"].to_numpy()
    r = np.flatnonzero(asked[node_of])
    said, texts = _said(told, hidden, asked[node_of])
    graded = [i for i, c in enumerate(comparisons) if c.using in KERNELS]
    plain = [i for i in range(len(comparisons) + 1) if i not in graded]
    engine.give("plain", pa.table({"what": pa.array(plain, pa.int64())}))
    engine.give("graded", pa.table({"what": pa.array(graded, pa.int64())}))
    candidate = pa.table({"i": np.arange(len(pair[0])), "u": pair[0], "v": pair[1]})
    tables = {"said": said, "node": pa.table({"r": r, "node": node_of[r]}), "candidate": candidate}
    _equal(engine.run(_HERE / "compare.sql", tables), comparisons, patterns)
    beside = engine.run(_HERE / "beside.sql")
    what = beside["what"].to_numpy()
    for place in graded:
        at, left, right = (beside[c].to_numpy()[what == place] for c in ("i", "left_value", "right_value"))
        best = np.full(len(patterns), _UNSAID, dtype=np.int8)
        np.minimum.at(best, at, graded_levels(left, right, comparisons[place].using, texts[place]))
        patterns[:, place] = np.where(best == _UNSAID, 0, best)
    if FREQUENCY in labels:
        patterns[:, -1] = _frequency(told, node)[pair[0]]
    return patterns


def _equal(found: pa.Table, comparisons: tuple[Compare, ...], patterns: Levels) -> None:
    """Levels of the comparisons that only ask for equality; the building, last, refines the address."""
    what, i, equal = (found.column(c).to_numpy() for c in ("what", "i", "same"))
    for place in range(len(comparisons) + 1):
        at, same = i[what == place], equal[what == place] == 1
        if place < len(comparisons):
            worst = len(LEVELS[comparisons[place].using])
            patterns[at, place] = np.where(same, 1, worst)
        elif len(at):
            address = next(i for i, c in enumerate(comparisons) if c.using == "address")
            patterns[at, address] = np.where(patterns[at, address] == 1, 1, np.where(same, 2, 3))


def _said(told: Told, hidden: Flags, asked: Flags) -> tuple[pa.Table, dict[int, pa.Array]]:
    """Codes per asked record and comparison (the building stands last), and the texts behind the codes."""
    listed = [told.values[c.label] for c in told.kind.link.compare]
    shown = [v.only(~hidden) if c.using == "near" else v for v, c in zip(listed, told.kind.link.compare, strict=True)]
    values = [v.only(asked) for v in (*shown, told.buildings)]
    table = pa.table({
        "r": np.concatenate([v.r for v in values]), "v": np.concatenate([v.v for v in values]),
        "what": np.repeat(np.arange(len(values)), [len(v.r) for v in values]),
    })  # fmt: skip
    return table, {what: v.texts for what, v in enumerate(values)}


def graded_levels(left: Ints, right: Ints, using: str, texts: pa.Array) -> Levels:
    """Levels of value pairs by the kernel, each distinct pair once, through ``recordlinkage.Compare``.

    Args:
        left: codes into ``texts``.
        right: codes into ``texts``, parallel to ``left``.
        using: which kernel.
        texts: code → text.
    """
    distinct, at = np.unique(left * max(len(texts), 1) + right, return_inverse=True)
    ends = distinct // max(len(texts), 1), distinct % max(len(texts), 1)
    used = np.unique(np.concatenate(ends))
    values = pd.DataFrame({"text": texts.take(pa.array(used)).to_pylist()}, dtype=object)
    index = pd.MultiIndex.from_arrays([np.searchsorted(used, end) for end in ends])
    compare = recordlinkage.Compare()
    compare.compare_vectorized(vectorised(KERNELS[using]), "text", "text", label="level")
    level: pd.Series[int] = compare.compute(index, values, values)["level"]
    return np.asarray(np.asarray(level, dtype=np.int8)[at.ravel()])


def _frequency(told: Told, node: pa.Table) -> Levels:
    """Per record: 1 rare, 2 some, 3 many anchors bear its name (the one statistic of tonight a score depends on)."""
    naming = next(c.label for c in told.kind.link.compare if c.using in _NAMES and c.label == told.kind.link.agree)
    values = told.values[naming]
    anchor = node["anchor"].to_numpy()[values.r] == 1
    size = max(node.num_rows, 1)
    bearing = np.unique(values.v[anchor] * size + node["node"].to_numpy()[values.r[anchor]]) // size
    bearers = np.bincount(bearing, minlength=len(values.texts))
    count = np.zeros(node.num_rows, dtype=np.int64)
    np.maximum.at(count, values.r, bearers[values.v])
    rare, some = _FREQUENCIES
    return np.where(count <= rare, 1, np.where(count <= some, 2, 3)).astype(np.int8)
