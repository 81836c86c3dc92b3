"""Whether a kind's night-wide tables are surely right: stricter questions than the doors' SQL asks, by positions.

As :mod:`transforms.account.settled` leaves out rows, these leave out a whole question: nearly always nothing is wrong,
and seeing that costs a fraction of the joins, and of the memory. ``False`` says nothing: what is wrong, and how that is
said, the SQL alone decides.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import store
from transforms.account import settled
from transforms.account.pieces import PIECE, ROWS, ordered
from transforms.paired import ENDS

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_LOCATED = ["record_id", "property", "rank", "grid_id", "reason"]
_BY_VALUE = ["number", "key"]


def located(path: Path, ids: pa.Array, rows: int = ROWS) -> bool:
    """Every live record is there and no other, its candidates ranked from 1, the first with a grid or a reason.

    Args:
        path: what locate wrote of the kind (:data:`transforms.model.LOCATED`).
        ids: the live records, ascending.
        rows: how many are few enough to be put in order, where they do not lie so.
    """
    if not settled.ascending(ids):
        return False
    if pq.read_metadata(path).num_rows <= rows:
        told = iter([ordered(store.read_table(path, _LOCATED), _LOCATED[:3])])
    else:
        told = store.read_pieces(path, PIECE, _LOCATED)
    seen, last = 0, None
    for piece in told:
        whole = piece if last is None else pa.concat_tables([last, piece])
        begins = _ranked(whole.combine_chunks(), 0 if last is None else 1)
        if begins is None:
            return False
        found = piece["record_id"].filter(pa.array(begins)).combine_chunks()
        if not found.equals(ids.slice(seen, len(found))):
            return False
        seen, last = seen + len(found), piece.slice(max(piece.num_rows - 1, 0), 1)
        last = last if last.num_rows else None
    return seen == len(ids)


def _ranked(rows: pa.Table, skip: int) -> Mask | None:
    """Which rows begin a record, those behind the first ``skip``; None where a candidate is not as it must be."""
    if not rows.num_rows:
        return np.zeros(0, dtype=bool)
    record, name = (rows[column].chunk(0) for column in _LOCATED[:2])
    if record.null_count or name.null_count or rows["rank"].null_count:
        return None
    begins = np.concatenate([[True], pc.not_equal(record[1:], record[:-1]).to_numpy(zero_copy_only=False)])
    other = np.concatenate([[True], pc.greater(name[1:], name[:-1]).to_numpy(zero_copy_only=False)])
    same = np.concatenate([[False], pc.equal(name[1:], name[:-1]).to_numpy(zero_copy_only=False)])
    rank = rows["rank"].to_numpy().astype(np.int64)
    first = begins | other
    follows = np.concatenate([[False], rank[1:] == rank[:-1] + 1]) & same
    right = np.where(first, rank == 1, follows & ~begins)
    placed = pc.or_(rows["grid_id"].is_valid(), rows["reason"].is_valid()).to_numpy()
    right &= placed | (rank != 1)
    return begins[skip:] if right[skip:].all() else None


def paired(pair: pa.Table, ids: pa.Array, decisive: pa.Table) -> bool:
    """Both ends of every pair are live, in order, told once; what joins by number or key agrees on it.

    Args:
        pair: (left, right, how); ends by number.
        ids: the live records, ascending.
        decisive: (record_id, token) of those that have one.
    """
    if not pair.num_rows:
        return True
    if not settled.ascending(ids) or any(pair[end].null_count for end in ENDS):
        return False
    a, b = (pair[end].to_numpy().astype(np.int64) for end in ENDS)
    if not ((a >= 0) & (a < b) & (b < len(ids))).all():
        return False
    token = np.full(len(ids), -1, dtype=np.int64)
    at = pc.index_in(decisive["record_id"].combine_chunks(), value_set=ids)
    if at.null_count or not _once(a * len(ids) + b):
        return False
    codes = decisive["token"].combine_chunks().dictionary_encode().indices
    token[at.to_numpy()] = pc.fill_null(codes, -1).to_numpy(zero_copy_only=False)
    joined = pc.is_in(pair["how"], value_set=pa.array(_BY_VALUE)).to_numpy()
    return not (joined & (token[a] >= 0) & (token[b] >= 0) & (token[a] != token[b])).any()


class Members:
    """Which live record stands in which entity: every live record once, and no other; else they say nothing.

    Attributes:
        ids: the live records, ascending.
        entities: the entities they stand in, ascending.
        of: record → number of its entity.
    """

    def __init__(self, ids: pa.Array, entities: pa.Array, of: Codes) -> None:
        """As :meth:`made` found them."""
        self.ids, self.entities, self.of = ids, entities, of

    @classmethod
    def made(cls, ids: pa.Array, cluster: pa.Table) -> Members | None:
        """Of the live records and their clusters, sorted by record; None where these are not the same records."""
        if not settled.ascending(ids) or not cluster["record_id"].combine_chunks().equals(ids):
            return None
        coded = cluster["entity_id"].combine_chunks().dictionary_encode()
        if coded.null_count:
            return None
        order = pc.sort_indices(coded.dictionary).to_numpy()
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        return cls(ids, coded.dictionary.take(pa.array(order)), place[coded.indices.to_numpy(zero_copy_only=False)])

    def identified(self, identity: pa.Table, home: pa.Table) -> bool:
        """Clusters = live identities, each told once; homes are identities, and every cluster holds one of its own.

        A record without a home waits in a cluster whose records have several.
        """
        known = identity["entity_id"].combine_chunks()
        alive = known.filter(pc.equal(identity["state"], "live").combine_chunks())
        if not settled.ascending(known) or not alive.equals(self.entities):
            return False
        if not settled.ascending(home["record_id"].combine_chunks()):
            return False
        stands = pc.index_in(home["entity_id"].combine_chunks(), value_set=known)
        if stands.null_count:
            return False
        at = pc.index_in(self.ids, value_set=home["record_id"].combine_chunks())
        homes = pc.fill_null(stands.take(at), -1).to_numpy(zero_copy_only=False).astype(np.int64)
        own = pc.index_in(self.entities, value_set=known).to_numpy().astype(np.int64)
        count = len(self.entities)
        if not (np.bincount(self.of[homes == own[self.of]], minlength=count) > 0).all():
            return False
        low, high = np.full(count, len(known), dtype=np.int64), np.full(count, -1, dtype=np.int64)
        has = homes >= 0
        np.minimum.at(low, self.of[has], homes[has])
        np.maximum.at(high, self.of[has], homes[has])
        return bool((low[self.of[~has]] < high[self.of[~has]]).all())

    def numbered_apart(self, trusted: Mask, number: pa.Table) -> bool:
        """No entity has two residents' numbers (record_id, token) that are believed."""
        at = pc.index_in(number["record_id"].combine_chunks(), value_set=self.ids)
        if at.null_count:
            return False
        records = at.to_numpy().astype(np.int64)
        believed = trusted[records]
        codes = number["token"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)[believed]
        entities, count = self.of[records[believed]], len(self.entities)
        low, high = np.full(count, len(number), dtype=np.int64), np.full(count, -1, dtype=np.int64)
        np.minimum.at(low, entities, codes)
        np.maximum.at(high, entities, codes)
        return not ((high >= 0) & (low != high)).any()


def _once(codes: Codes) -> bool:
    """Each stands there once; most come in order."""
    return bool((np.diff(codes) > 0).all()) or len(np.unique(codes)) == len(codes)
