"""Tokens as codes: there are as many as people, and only whether two are equal is ever asked."""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.link.codes import Codes
from transforms.link.ids import Ids
from transforms.link.said import TEXT, Values, column, once
from transforms.live import Live, whole
from transforms.threads import Task, ahead

_Said: TypeAlias = "tuple[int, Codes, Ids | None]"  # records of a piece, who says something, and what


def tokens(live: Live, name: str, threads: int = 1) -> Values:
    """The tokens of a column as its records say them, wordless; read in pieces, as the numbers they are.

    An absent column says nothing.

    Args:
        live: live records.
        name: a column of tokens, or of lists of them.
        threads: how many read.
    """
    if name not in live.column_names or not live.num_rows:
        return Values()
    parts: list[tuple[Codes, Ids]] = []
    start = 0
    for size, r, ids in ahead(threads, (partial(_told, read) for read in live.groups(name))):
        if ids is not None:
            parts.append(((r + np.int32(start)).astype(np.int32), ids))
        start += size if ids is not None else 0
    if start < live.num_rows:  # no file in order, or something else than tokens
        return column(live, name).wordless()
    r = np.concatenate([np.zeros(0, dtype=np.int32), *(r for r, _ in parts)])
    codes, count = Ids.joined(ids for _, ids in parts).coded()
    if live.listed(name):
        r, codes = once(r, codes, count)
    return Values(r, codes, pa.nulls(count, TEXT))


def _told(read: Task[pa.Table]) -> _Said:
    values = whole(read().column(0))
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        times = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
        r, said = np.repeat(np.arange(len(values), dtype=np.int32), times), pc.list_flatten(values)
    else:
        r, said = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False)).astype(np.int32), values.drop_null()
    return len(values), r, None if said.null_count else Ids.of(said)
