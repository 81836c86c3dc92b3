"""By how much tonight's tables differ from those that stand in the release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms import tables as catalogue
from transforms.account.ranges import text

Mask = npt.NDArray[np.bool_]


def published() -> list[str]:
    """The tables that account computes a delta for: those the release checksum counts, alphabetically."""
    return [name for name, table in catalogue.of("release").items() if table.checksum]


def key_of(name: str) -> tuple[str, ...]:
    """The columns that tell two current rows of a table apart."""
    return catalogue.load_all()[name].key


class Delta:
    """What ends and what begins in a table, or in a range of its keys; a row equal in every column is in neither.

    Attributes:
        key: the columns that tell two rows apart.
        before: rows of the release, sorted by key.
        now: tonight's rows with the same columns, likewise.
    """

    def __init__(self, key: Sequence[str], before: pa.Table, now: pa.Table) -> None:
        """Nothing is compared yet."""
        self.key, self.before, self.now = list(key), before, now

    @cached_property
    def ended(self) -> pa.Table:
        """Whole rows that end."""
        return self.before.filter(pa.array(self._rows.ended))

    @cached_property
    def begun(self) -> pa.Table:
        """Whole rows that begin."""
        return self.now.filter(pa.array(self._rows.begun))

    @property
    def updated(self) -> list[tuple[str, list[str]]]:
        """Of the rows whose key stays and that differ: the first key column, and the columns that do."""
        return self._rows.updated

    @cached_property
    def _rows(self) -> _Rows:
        before, now = self.before, self.now
        if not before.num_rows or not now.num_rows or now.equals(before):
            same = before.num_rows == now.num_rows
            return _Rows(np.full(before.num_rows, not same), np.full(now.num_rows, not same), [])
        at = pc.index_in(_unique(now, self.key), value_set=_unique(before, self.key))
        here = np.flatnonzero(at.is_valid().to_numpy(zero_copy_only=False))
        there = at.drop_null().to_numpy().astype(np.int64)
        ended, begun = np.ones(before.num_rows, dtype=bool), np.ones(now.num_rows, dtype=bool)
        differ = _differing(before.take(pa.array(there)), now.take(pa.array(here)))
        any_of = np.logical_or.reduce([*differ.values(), np.zeros(len(here), dtype=bool)])
        ended[there], begun[here] = any_of, any_of
        which = np.flatnonzero(any_of)
        ids = now[self.key[0]].take(pa.array(here[which])).to_pylist() if len(which) else []
        fields = [[name for name, mask in differ.items() if mask[row]] for row in which]
        return _Rows(ended, begun, list(zip(ids, fields, strict=True)))


@dataclass(frozen=True)
class _Rows:
    ended: Mask
    begun: Mask
    updated: list[tuple[str, list[str]]]


def _unique(rows: pa.Table, key: Sequence[str]) -> pa.Array:
    """The key of each row as a text of its own: where a table is wrong and has one twice, each time another."""
    keys = text(rows, key)
    again = pc.equal(keys[1:], keys[:-1]).to_numpy(zero_copy_only=False)
    if not again.any():
        return keys
    places = np.arange(len(keys))
    first = np.maximum.accumulate(np.where(np.concatenate([[True], ~again]), places, 0))
    number = pa.array(places - first)
    numbered = pc.binary_join_element_wise(keys, number.cast(pa.large_string()), pa.scalar("\x02", pa.large_string()))
    return pc.if_else(pc.greater(number, 0), numbered, keys)


def _differing(before: pa.Table, now: pa.Table) -> dict[str, Mask]:
    """Column → which rows differ in it; columns that are alike in every row are left out."""
    found = {}
    for name in now.column_names:
        ours, theirs = now[name], before[name]
        if ours.equals(theirs):
            continue
        unequal = pc.fill_null(pc.not_equal(theirs, ours), fill_value=True)
        mask = pc.and_not(unequal, pc.and_(theirs.is_null(), ours.is_null()))
        found[name] = np.asarray(mask.to_numpy(), dtype=bool)
    return found
