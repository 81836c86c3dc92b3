"""Pairs of records as link hands them over: by record number, the place of a record among the ascending ids.

A city has five million pairs: numbers are written, read and joined in a tenth of the time that ids of 26 characters
take, and who shows a few of them to somebody looks their ids up.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms.coded import whole

ENDS = ("left", "right")


def named(pairs: pa.Table, ids: pa.Array) -> pa.Table:
    """The pairs with record ids in place of numbers; a number that no record has stands there as text.

    Args:
        pairs: of model.PAIR, or some of its columns.
        ids: record ids of the kind's live records, ascending.
    """
    for end in ENDS:
        at = pairs.schema.get_field_index(end)
        pairs = pairs.set_column(at, end, _named(whole(pairs[end]), ids))
    return pairs


def _named(numbers: pa.Array, ids: pa.Array) -> pa.Array:
    at = numbers.to_numpy(zero_copy_only=False)
    strange = np.flatnonzero(~((at >= 0) & (at < len(ids))))
    if not len(strange):
        return ids.take(numbers)
    more = pa.concat_arrays([ids, numbers.take(pa.array(strange)).cast(pa.string())])
    place = at.astype(np.int64)
    place[strange] = len(ids) + np.arange(len(strange))
    return more.take(pa.array(place))
