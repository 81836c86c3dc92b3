"""Where records stand as numbers, of hand-written rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.coded import whole
from transforms.located import COLUMNS, Best, coded


def best_of(located: pa.Table, ids: pa.Array) -> Best:
    """The rows of rank 1 of a model.LOCATED, each a text of its own, and one text more of which nothing is known.

    Args:
        located: the rows.
        ids: of the live records, ascending; who has no row of a property says the last text.
    """
    best = located.filter(pc.equal(located["rank"], 1))
    record, told = pc.index_in(best["record_id"], ids).to_numpy(), np.array(best["property"].to_pylist(), dtype=object)
    text = {}
    for name in sorted(set(told)):
        text[name] = np.full(len(ids), best.num_rows, dtype=np.int32)
        text[name][record[told == name]] = np.flatnonzero(told == name)
    columns = []
    for name in COLUMNS:
        words = whole(best[name]).dictionary_encode()
        at = np.append(pc.fill_null(words.indices, -1).to_numpy(), np.int32(-1))
        columns.append(coded(at, words.dictionary))
    return Best(text, pa.table(columns, list(COLUMNS)))
