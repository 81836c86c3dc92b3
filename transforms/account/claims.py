"""Claims of a kind by number: who claims what for whom, of a city thirty-five million of them in ten bytes each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.account.pieces import PIECE
from transforms.account.sure import Members

_CODED = ["property", "source"]
_AT_ONCE = 6_000_000  # claims that are looked up at once: for each time every record of the kind is hashed


class Claims:
    """What merge wrote as ``claim.parquet`` (:data:`transforms.model.CLAIM`).

    Attributes:
        members: which live record stands in which entity.
        known: every claim names a live record and the entity it stands in, under the record's own source, and a
            property of an entity is claimed once; else the other attributes say nothing.
    """

    def __init__(self, path: Path, members: Members, sources: pa.Array, at_once: int = _AT_ONCE) -> None:
        """Look every claim up.

        Args:
            path: the file.
            members: which live record stands in which entity.
            sources: of the live records, in their order.
            at_once: claims that are looked up at once.
        """
        self.members, self._names = members, pa.array([], pa.string())
        source = sources.dictionary_encode()
        self._words, self._source = source.dictionary, source.indices.to_numpy(zero_copy_only=False)
        self._entity: list[npt.NDArray[np.int32]] = []
        self._record: list[npt.NDArray[np.int32]] = []
        self._property: list[npt.NDArray[np.int16]] = []
        with pq.ParquetFile(path, read_dictionary=_CODED, page_checksum_verification=True) as file:
            self.known = self._whole(file, at_once) and self._once()

    def _whole(self, file: pq.ParquetFile, at_once: int) -> bool:
        held: list[pa.RecordBatch] = []
        for batch in file.iter_batches(PIECE):
            held.append(batch)
            if sum(map(len, held)) >= at_once:
                if not self._look(pa.Table.from_batches(held)):
                    return False
                held = []
        return not held or self._look(pa.Table.from_batches(held))

    def _look(self, claim: pa.Table) -> bool:
        entity = pc.index_in(claim["entity_id"], value_set=self.members.entities)
        record = pc.index_in(claim["record_id"], value_set=self.members.ids)
        said = pc.index_in(claim["source"].cast(pa.string()), value_set=self._words)
        if entity.null_count or record.null_count or said.null_count or claim["property"].null_count:
            return False
        e, r = entity.to_numpy(), record.to_numpy()
        if (self.members.of[r] != e).any() or (self._source[r] != said.to_numpy()).any():
            return False
        named = claim["property"].cast(pa.string())
        new = pc.unique(named)
        self._names = pc.unique(pa.chunked_array([self._names, new]))
        self._entity.append(e.astype(np.int32))
        self._record.append(r.astype(np.int32))
        self._property.append(pc.index_in(named, value_set=self._names).to_numpy().astype(np.int16))
        return True

    def _once(self) -> bool:
        """A property of an entity is claimed once."""
        each = (self.of(name)[0] for name in self._names.to_pylist())
        return all(not len(entity) or np.bincount(entity).max() == 1 for entity in each)

    def of(self, name: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """(entity, record) of the claims of a property, by number among the members'."""
        code = pc.index_in(pa.scalar(name), value_set=self._names).as_py()
        if code is None:
            return np.zeros(0, np.int32), np.zeros(0, np.int32)
        mine = [of == code for of in self._property]
        entity, record = (
            np.concatenate([part[mask] for part, mask in zip(of, mine, strict=True)])
            for of in (self._entity, self._record)
        )
        return entity, record

    def claimed(self) -> npt.NDArray[np.bool_]:
        """Entity → somebody claims something for it."""
        found = np.zeros(len(self.members.entities), dtype=bool)
        for part in self._entity:
            found[part] = True
        return found
