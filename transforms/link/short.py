"""Kind address: equal paths are one node, and so is a mention that leaves out the head of its path, if only one fits.

人民路12号 of a town and 锦绣花园3栋 of a village are the one node that ends as they do within the finest division they
name. Where none does, the node above may still be known. Where several do, none is chosen, and equal words of two
departments are no evidence that they mean the same of them: each stays a node of its own. A road of two names is one
road (transforms/renamed.py).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.divisions import above_villages
from transforms.engine import Engine
from transforms.link.codes import Ints
from transforms.link.pairs import Pairs
from transforms.live import Live
from transforms.renamed import one_name, under_one_name

_STEPS = Path(__file__).with_name("short.sql")
_WORDS = ["path=the only one there that ends so, or its road's other name"]


def edges(engine: Engine, live: Live, expectations: Path, night: str) -> list[Pairs]:
    """Stars of equal paths (key), and from each short path the edge to the node it is (scored, for it says less).

    Args:
        engine: runs short.sql.
        live: live records of kind address.
        expectations: holds the division table.
        night: ISO day whose divisions count.
    """
    coded = live.column("path").combine_chunks().dictionary_encode()
    at, record = coded.indices.to_numpy().astype(np.int64), np.arange(live.num_rows)
    own = _smallest(at, record, len(coded.dictionary))
    village = live.column("village").combine_chunks().take(pa.array(own))
    says = "building_code" in live.column_names
    names = one_name(coded.dictionary, at, live.column("building_code").combine_chunks()) if says else {}
    whole = fuller(engine, coded.dictionary, village, expectations, night)
    whole = under_one_name(whole, names).dictionary_encode()
    known = whole.is_valid().to_numpy(zero_copy_only=False)
    node = whole.indices.fill_null(0).to_numpy().astype(np.int64)
    first = _smallest(node[known], own[known], len(whole.dictionary))
    same = known[at] & (own[at] < record)
    joined = known & (first[node] < own) if len(first) else known
    return [
        Pairs.sure(own[at][same], record[same], "key"),
        replace(Pairs.sure(first[node[joined]], own[joined], "scored"), words=_WORDS),
    ]


def _smallest(group: Ints, record: Ints, size: int) -> Ints:
    """The smallest record of each group."""
    least = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(least, group, record)
    return least


def fuller(engine: Engine, paths: pa.Array, village: pa.Array, expectations: Path, night: str) -> pa.Array:
    """The path that each path stands for: its own, or that of the one fuller node; null where several fit.

    Args:
        engine: runs short.sql.
        paths: distinct.
        village: of each path, null where it names none.
        expectations: holds the division table.
        night: ISO day whose divisions count.
    """
    placed = village.is_valid()
    tables = {
        "node": pa.table({"path": paths.filter(placed), "village": village.filter(placed)}),
        "short": _short(paths.filter(pc.invert(placed))),
        "above": pa.Table.from_pandas(above_villages(expectations, night), preserve_index=False),
    }
    told = engine.run(_STEPS, tables)
    found = dict(zip(told["path"].to_pylist(), told["fuller"].to_pylist(), strict=True))
    unmet = paths.filter(pc.or_(pc.invert(placed), pc.match_substring(paths, "|estate:")))
    for path in sorted(unmet.filter(pc.invert(pc.is_in(unmet, told["path"]))).to_pylist()):  # what stands above first
        above, _, step = path.rpartition("|")
        if above in found:
            found[path] = f"{found[above]}|{step}" if found[above] else None
    at = pc.index_in(paths, pa.array(list(found), pa.string()))
    return pc.if_else(at.is_valid(), pa.array(list(found.values()), pa.string()).take(at), paths)


def _short(paths: pa.Array) -> pa.Table:
    """A row for each division that a path leaves open."""
    parts = pc.split_pattern(paths, "|", max_splits=1)
    codes = pc.split_pattern(pc.list_element(parts, 0), "+")
    tail = pc.list_element(parts, 1)
    at = pc.list_parent_indices(codes)
    return pa.table({"path": paths.take(at), "code": pc.list_flatten(codes), "tail": tail.take(at)})
