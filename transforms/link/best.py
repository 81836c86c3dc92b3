"""The address node that fits each record best, of what locate found: read in pieces, ids as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.groups import groups
from transforms.link.codes import Codes
from transforms.link.ids import Ids
from transforms.link.said import TEXT, Values, encoded, merged
from transforms.live import Live, whole
from transforms.places import numbers
from transforms.threads import Task, ahead

Located: TypeAlias = "pa.Table | Path"  # address candidates of a kind's records, or the file they lie in
FINE = frozenset({"group", "door", "estate", "building", "unit", "floor", "room"})  # levels that name one place
_CREDITED = pa.array(["exact", "normalised"])
_READ = ["record_id", "property", "rank", "match_class", "level", "address_id", "building_id"]
_FEW = ["property", "match_class", "level"]  # of few distinct words
_NODES = ("address_id", "building_id")
_Told: TypeAlias = "tuple[Codes, pa.Array | Ids | None]"  # record numbers, and the node of each


def best_nodes(
    live: Live, located: Located | None, properties: Sequence[str], threads: int = 1
) -> tuple[Values, Values]:
    """The nodes that fit best, of the records that have one: exact addresses, and buildings; wordless.

    Args:
        live: live records.
        located: their address candidates.
        properties: the addresses that count.
        threads: how many work at once.
    """
    keys = [(name, what) for what in _NODES for name in properties]
    for as_numbers in (True, False):  # what is no id is coded as the text it is
        told: dict[tuple[str, str], list[_Told]] = {key: [] for key in keys}
        for piece in ahead(threads, _pieces(live, located, keys, as_numbers=as_numbers)):
            for key, parts in told.items():
                parts.append(piece[key])
        if all(nodes is not None for parts in told.values() for _, nodes in parts):
            break
    addresses, buildings = (_coded([told.pop((name, what)) for name in properties]) for what in _NODES)
    return addresses, buildings


def _pieces(
    live: Live, located: Located | None, keys: list[tuple[str, str]], *, as_numbers: bool
) -> Iterator[Task[dict[tuple[str, str], _Told]]]:
    if isinstance(located, pa.Table):
        yield partial(_best, live, lambda: located, keys, as_numbers=as_numbers)
    elif located is not None:
        for read in groups(located, _READ, _FEW):
            yield partial(_best, live, read, keys, as_numbers=as_numbers)


def _best(
    live: Live, read: Task[pa.Table], keys: list[tuple[str, str]], *, as_numbers: bool
) -> dict[tuple[str, str], _Told]:
    """By property and kind of id: the records of a piece, and the nodes that fit them best."""
    piece = read()
    best = piece.filter(pc.and_(pc.equal(piece["rank"], 1), pc.is_valid(piece["address_id"])))
    at = numbers(live.ids, whole(best["record_id"]))
    live_ones = pa.chunked_array([pa.array(at >= 0)])
    exact = pc.and_(pc.is_in(best["level"], pa.array(sorted(FINE))), pc.is_in(best["match_class"], _CREDITED))
    found = {}
    for name, what in keys:
        told = pc.and_(pc.and_(pc.equal(best["property"], name), live_ones), best[what].is_valid())
        told = pc.and_(told, exact) if what == "address_id" else told
        nodes = whole(best[what].filter(told))
        chosen = told.to_numpy()
        found[name, what] = at[chosen].astype(np.int32), Ids.of(nodes) if as_numbers else nodes
    return found


def _coded(parts: list[list[_Told]]) -> Values:
    """What all properties name, under one code for one node."""
    records = [np.concatenate([np.zeros(0, dtype=np.int32), *(r for r, _ in part)]) for part in parts]
    nodes = [told for part in parts for _, told in part]
    texts = [told for told in nodes if isinstance(told, pa.Array)]
    if texts:
        codes, words = encoded(pa.chunked_array(texts))
        count = len(words)
    else:
        codes, count = Ids.joined(told for told in nodes if isinstance(told, Ids)).coded()
    ends = np.cumsum([len(r) for r in records])[:-1]
    return Values(*merged(list(zip(records, np.split(codes, ends), strict=True)), count), pa.nulls(count, TEXT))
