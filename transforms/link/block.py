"""Who is compared: a leftover with an anchor, or two leftovers, that share all parts of one block's key.

Key and node are one number: the key's code, the node, and in the last bit whether that holds an exclusive number. In
their order those of a key stand together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from transforms.link.codes import Asked, Codes, Flags, Ints, coupled, distinct, pieces, spread
from transforms.link.encode import cells
from transforms.link.said import Values
from transforms.link.told import Told

NODE = 32  # bits of a node and of whether it is an anchor
_NODES = (1 << NODE) - 1


def block_keys(told: Told, hidden: Flags, node: Codes, anchor: Flags) -> Iterator[Ints]:
    """Block after block the keys that some leftover has, and whose they are, ascending, none twice.

    Args:
        told: the values.
        hidden: records whose own number may not bring them together (training hides it).
        node: of each record.
        anchor: the record stands in one.
    """
    for parts in told.kind.link.blocks:
        r, k = _shared([_part(told, part, hidden) for part in parts], ~anchor)
        whole = k.astype(np.int64) << NODE
        whole |= node.take(r).astype(np.int64) << 1
        whole |= anchor.take(r)
        yield distinct(whole)


def pairs(keys: Ints, cap: int, only: Flags | None = None) -> Ints:
    """Pairs (leftover, other node, whether that is an anchor) as one number each, ascending, none twice.

    Args:
        keys: of one block (:func:`block_keys`).
        cap: most nodes a key may join, anchors or leftovers.
        only: leftovers that are asked about, beside anchors alone; None: all, beside each other too.
    """
    start = np.flatnonzero(np.append(True, keys[1:] >> NODE != keys[:-1] >> NODE)[: len(keys)])
    size = np.diff(np.append(start, len(keys)))
    anchors = np.add.reduceat(keys & 1, start) if len(start) else size
    admitted = (anchors <= cap) & (size - anchors <= cap)
    lone = np.flatnonzero((keys & 1 == 0) & np.repeat(admitted, size))
    if only is not None:
        lone = lone.compress(only.take((keys.take(lone) & _NODES) >> 1))
    group = np.searchsorted(start, lone, "right") - 1
    times, found = size.take(group), [np.zeros(0, dtype=np.int64)]
    for piece in pieces(times):
        left, at = spread(start.take(group[piece]), times[piece])
        other = keys.take(at) & _NODES
        mine = ((keys.take(lone[piece]) & _NODES) >> 1).take(left)
        asked = other & 1 == 1
        if only is None:
            asked |= mine < other >> 1
        found.append((mine.compress(asked) << NODE) | other.compress(asked))
    return distinct(np.concatenate(found))


def _shared(parts: list[Values], leftover: Flags) -> tuple[Codes, Codes]:
    """(record, code) of what records say in all the parts at once, where some leftover says the same."""
    first, *rest = sorted((_reaching(part, leftover) for part in parts), key=lambda part: len(part.r))
    r, k = first.r, first.v
    for part in rest:
        at, other = coupled(r, part.r, part.v)
        key = k.take(at).astype(np.int64) * max(len(part.texts), 1) + other
        r = r.take(at)
        said, k = Asked(key.compress(leftover.take(r))).among(key)
        r = r.compress(said)
    return r, k


def _reaching(part: Values, leftover: Flags) -> Values:
    """Without what no leftover says."""
    asked = np.zeros(len(part.texts), dtype=bool)
    asked[part.v.compress(leftover.take(part.r))] = True
    return part if asked.all() else part.where(asked.take(part.v))


def _part(told: Told, part: str, hidden: Flags) -> Values:
    using = next((c for c in told.kind.link.compare if c.label == part), None)
    if part == "cell":
        return cells(told.live)
    if using is None:
        return told.parts[part]
    said = told.values[part] if told.silent is None else told.values[part].only(~told.silent)
    return said.only(~hidden) if using.using == "near" else said
