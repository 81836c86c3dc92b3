"""Rows at which a door surely finds nothing, left out before its steps ask: nearly all of them, nearly always.

Each function asks a stricter question than the door's SQL, by positions instead of joins, and gives the rows that did
not pass it. Which rows are wrong, and how that is said, the SQL alone decides: a row left in costs time, no more.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]


def judged(landed: pa.Table, verdict: pa.Table, finding: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Landed rows and verdicts without those of rows that are landed, accepted, whole and without a finding.

    Args:
        landed: (ordinal, line, fault).
        verdict: check's own.
        finding: check's own.
    """
    ordinals = landed["ordinal"].combine_chunks()
    if not ascending(ordinals) or not verdict["ordinal"].combine_chunks().equals(ordinals):
        return landed, verdict
    told = pc.is_in(ordinals, value_set=finding["ordinal"].combine_chunks())
    refused = pc.fill_null(pc.invert(verdict["accepted"].combine_chunks()), fill_value=True)
    left = pc.or_(pc.or_(told, refused), landed["fault"].combine_chunks().is_valid())
    return landed.filter(left), verdict.filter(left)


def brought(said: pa.Table, earlier: pa.Table, version: pa.Table, *, counts: bool) -> tuple[pa.Table, ...]:
    """The three tables of ``door_apply.sql`` without records told once at most in each, whose version is as it must be.

    Such a record has a version exactly where it was told nothing before, or something else; in a batch that does not
    count, always.
    """
    tables = (said, earlier, version)
    if any(column.null_count for table in tables for column in table.columns):
        return tables
    (s, e, v), records = _codes([table["record_id"] for table in tables])
    (cs, ce, cv), _ = _codes([table["content_hash"] for table in tables])
    (os, oe), _ = _codes([table["operation"] for table in tables[:2]])
    times = [np.bincount(codes, minlength=records) for codes in (s, e, v)]
    at_s, at_e, at_v = (_places(codes, records) for codes in (s, e, v))
    due = times[0] == 1
    if counts:
        both = due & (times[1] == 1)
        here, there = at_s[both], at_e[both]
        due[both] = (cs[here] != ce[there]) | (os[here] != oe[there])
    right = times[2] == due
    found = due & right
    here, there = at_s[found], at_v[found]
    ordinals = said["ordinal"].to_numpy(), version["ordinal"].to_numpy()
    right[found] = (cs[here] == cv[there]) & (ordinals[0][here] == ordinals[1][there])
    right &= (times[0] <= 1) & (times[1] <= 1)
    return tuple(table.filter(pa.array(~right[codes])) for table, codes in zip(tables, (s, e, v), strict=True))


class Claimed:
    """Which golden values are surely what the records that claim them say."""

    def __init__(self, golden: pa.Table, claim: pa.Table, live: pa.Table) -> None:
        """Find every claim's golden record and live record, once for all columns."""
        self._golden, self._live, self._property = golden, live, claim["property"].combine_chunks()
        self._unique = ascending(live["record_id"].combine_chunks())
        self._entity = pc.index_in(claim["entity_id"], value_set=golden["entity_id"].combine_chunks()).combine_chunks()
        self._record = pc.index_in(claim["record_id"], value_set=live["record_id"].combine_chunks()).combine_chunks()

    def doubtful(self, name: str) -> pa.Array:
        """Per golden record: its value of the column is claimed by no record, or not alike by all that claim it."""
        told = self._golden[name].combine_chunks()
        if not self._unique or pa.types.is_nested(told.type):
            return told.is_valid()
        mine = pc.and_(pc.equal(self._property, name), self._entity.is_valid())
        entity, record = self._entity.filter(mine), self._record.filter(mine)
        same = pc.fill_null(
            pc.equal(told.take(entity), self._live[name].combine_chunks().take(record)), fill_value=False
        )
        places, alike = entity.to_numpy(), same.to_numpy(zero_copy_only=False)
        sure: Mask = np.zeros(len(told), dtype=bool)
        sure[places] = True
        sure[places[~alike]] = False
        return pc.and_(told.is_valid(), pa.array(~sure))


def ascending(values: pa.Array) -> bool:
    """Each value is there, and greater than the one before it."""
    if values.null_count:
        return False
    return len(values) < 2 or bool(pc.all(pc.less(values[:-1], values[1:])).as_py())


def _codes(columns: list[pa.ChunkedArray]) -> tuple[list[npt.NDArray[np.int64]], int]:
    """The same values as whole numbers, the same number for the same text in every column; how many there are."""
    whole = pa.concat_arrays([chunk for column in columns for chunk in column.chunks] or [pa.array([], pa.string())])
    encoded = whole.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return np.split(codes, np.cumsum([len(column) for column in columns])[:-1]), len(encoded.dictionary)


def _places(codes: npt.NDArray[np.int64], records: int) -> npt.NDArray[np.int64]:
    """Record → a row of it (the only one, where it has one)."""
    places = np.zeros(records, dtype=np.int64)
    places[codes] = np.arange(len(codes))
    return places
