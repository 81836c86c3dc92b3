"""The rows of one kind that an earlier delivery left, found by their content without holding them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import store

Places = npt.NDArray[np.int64]
_GROUPS = 3  # groups of rows of the earlier table that a piece may draw on: rows of a register keep their neighbours
_HASH, _WORDS = 32, 2  # characters of a content hash, and the numbers it makes
_PAIR = pa.schema([("before", pa.string()), ("record_id", pa.string())])


@dataclass(frozen=True)
class Taken:
    """Rows taken over: a mask of the piece's rows, and the earlier rows in their order."""

    repeated: npt.NDArray[np.bool_]
    rows: pa.Table

    def order(self) -> pa.Array:
        """Where each row of the piece stands in the rows read now followed by the rows taken over."""
        order = np.empty(len(self.repeated), np.int64)
        fresh = int((~self.repeated).sum())
        order[~self.repeated] = np.arange(fresh)
        order[self.repeated] = fresh + np.arange(len(self.repeated) - fresh)
        return pa.array(order)


class Earlier:
    """Rows that may be taken over, one a content: nothing struck, and no other row sealed values for its record."""

    def __init__(self, folder: Path, kind: str, struck: pa.Array) -> None:
        """Read what tells the rows apart.

        Args:
            folder: of the delivery's tables.
            kind: the kind.
            struck: ordinals of rows of which check struck a value.
        """
        self._path = folder / f"{kind}.parquet"
        self._kept: dict[int, pa.Table] = {}
        self._taken: list[pa.Table] = []
        with pq.ParquetFile(self._path) as file:
            sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
        self._starts = np.cumsum([0, *sizes])
        told = store.read_table(self._path, ["ordinal", "record_id", "content_hash"])
        good = pc.invert(pc.is_in(told["ordinal"], value_set=struck)).to_numpy()
        good &= ~_shared(told["record_id"], folder / "vault.parquet", kind)
        numbers = numbers_of(told["content_hash"])[good]
        order = np.lexsort((np.flatnonzero(good), numbers[:, 1], numbers[:, 0])) if len(numbers) else np.zeros(0, int)
        self._numbers, self._places = numbers[order], np.flatnonzero(good)[order]

    def find(self, contents: pa.Array) -> Places:
        """For each row's content the place among the earlier rows where it stands, or -1.

        Of a piece whose rows lie scattered only those of a few groups are found: the others are read again.
        """
        found = np.full(len(contents), -1, dtype=np.int64)
        told = numbers_of(contents)
        if len(self._numbers) and len(told):
            at = np.searchsorted(self._numbers[:, 0], told[:, 0])
            at[at == len(self._numbers)] = 0
            same = (self._numbers[at] == told).all(axis=1)
            found[same] = self._places[at[same]]
            group = self._groups(found)
            times = np.bincount(group[same], minlength=1)
            near = np.argsort(-times, kind="stable")[:_GROUPS]
            found[~np.isin(group, near)] = -1
        return found

    def _groups(self, places: Places) -> Places:
        return np.searchsorted(self._starts, places, side="right") - 1

    def take(self, repeated: npt.NDArray[np.bool_], places: Places, record_ids: pa.Array) -> Taken:
        """The rows at these places; ``record_ids`` are of the rows that they stand for now."""
        groups = self._groups(places)
        wanted = np.unique(groups)
        self._kept = {at: self._kept.get(at, None) or self._read(at) for at in wanted.tolist()}
        offset = dict(zip(wanted.tolist(), np.cumsum([0, *(self._kept[at].num_rows for at in wanted)]), strict=False))
        shift = np.array([offset[at] - self._starts[at] for at in wanted], dtype=np.int64)
        whole = pa.concat_tables([self._kept[at] for at in wanted.tolist()]) if len(wanted) else self._read(None)
        rows = whole.take(pa.array(places + shift[np.searchsorted(wanted, groups)] if len(wanted) else places))
        self._taken.append(pa.table([rows["record_id"], record_ids], schema=_PAIR))
        return Taken(repeated, rows)

    def _read(self, group: int | None) -> pa.Table:
        with pq.ParquetFile(self._path, page_checksum_verification=True) as file:
            return file.schema_arrow.empty_table() if group is None else file.read_row_group(group)

    def taken(self) -> pa.Table:
        """(before, record_id): the record of every row taken over, then and now."""
        return pa.concat_tables([_PAIR.empty_table(), *self._taken])


def _shared(records: pa.ChunkedArray, vault: Path, kind: str) -> npt.NDArray[np.bool_]:
    """Rows of records that several rows tell of and that sealed something."""
    coded = records.combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy()
    many = np.bincount(codes, minlength=len(coded.dictionary)) > 1
    if many.any():
        sealed = pa.array(np.zeros(len(many), dtype=bool))
        for piece in store.read_pieces(vault, store.PIECE, ["record_id", "kind"]):
            mine = piece.filter(pc.equal(piece["kind"], kind))["record_id"]
            sealed = pc.or_(sealed, pc.is_in(coded.dictionary, value_set=pc.unique(mine)))
        many &= sealed.to_numpy(zero_copy_only=False)
    return np.asarray(many[codes], dtype=np.bool_)


def numbers_of(hashes: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """Hexadecimal content hashes as two numbers each."""
    text = b"".join(hashes.cast(pa.binary()).to_pylist())
    data = np.frombuffer(text, np.uint8).reshape(-1, _HASH)
    nibbles = (data & 15) + 9 * (data >> 6)
    return ((nibbles[:, ::2] << 4) | nibbles[:, 1::2]).view(np.uint64).reshape(-1, _WORDS)
