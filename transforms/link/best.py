"""The address node that fits each record best, of what locate found: numbers alone, no text is read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pyarrow as pa

from transforms.link.codes import Codes, Flags
from transforms.link.said import TEXT, Values
from transforms.located import Best
from transforms.threads import together

FINE = frozenset({"group", "door", "estate", "building", "unit", "floor", "room"})  # levels that name one place
_LEVELS = pa.array(sorted(FINE))
_CREDITED = pa.array(["exact", "normalised"])


def best_nodes(located: Best | None, properties: Sequence[str], threads: int = 1) -> tuple[Values, Values]:
    """The nodes that fit best, of the records that have one: exact addresses, and buildings; wordless.

    Args:
        located: where the records stand.
        properties: the addresses that count.
        threads: how many work at once.
    """
    if located is None:
        return Values(), Values()
    texts = [located.text[name] for name in properties if name in located.text]
    exact = located.says("level", _LEVELS) & located.says("match_class", _CREDITED)
    known = located.codes("address_id") >= 0
    tasks = [
        partial(_coded, texts, located.codes(what), told)
        for what, told in (("address_id", exact), ("building_id", known))
    ]
    addresses, buildings = together(threads, tasks)
    return addresses, buildings


def _coded(texts: list[Codes], nodes: Codes, told: Flags) -> Values:
    """What all properties name, under one code for one node.

    Args:
        texts: of each property, per record the number of its text.
        nodes: per text the number of its node, -1 where it has none.
        told: the texts that count.
    """
    nodes = np.where(told, nodes, np.int32(-1))
    said: list[Codes] = []
    for text in texts:
        of_record = nodes[text]
        for before in said:
            of_record[of_record == before] = -1  # a record says a node once
        said.append(of_record)
    if not said:
        return Values()
    in_turn = np.stack(said, axis=1).ravel()
    at = np.flatnonzero(in_turn >= 0)
    node, record = in_turn[at], (at // len(said)).astype(np.int32)
    named = np.zeros(int(nodes.max(initial=-1)) + 1, dtype=bool)
    named[node] = True
    count = int(named.sum())
    return Values(record, (np.cumsum(named, dtype=np.int32) - np.int32(1))[node], pa.nulls(count, TEXT))
