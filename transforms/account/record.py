"""The crosswalk of a night: every version (unchanged repeats are none) and the entity its record stands in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.account.night import Night
from transforms.account.pieces import PIECE, Pieces

_TEXT, _LONG = pa.string(), pa.int64()
RECORD = pa.schema(
    [("source", _TEXT), ("batch", _TEXT), ("line", _LONG), ("ordinal", _LONG), ("kind", _TEXT), ("record_id", _TEXT),
     ("entity_id", _TEXT), ("state", _TEXT)]
)  # fmt: skip
_ENTITY = "entity_id"
_AT_ONCE = 2_000_000  # versions that are looked up at once: for each time every record of a kind is hashed


def record(night: Night, at_once: int = _AT_ONCE) -> Pieces:
    """Every version of the night (:data:`RECORD`), in no order.

    Args:
        night: resolved.
        at_once: versions that are looked up at once.

    Raises:
        StaleInputError: versions or clusters are missing, incomplete or stale.
    """
    versions = night.versions

    def told(columns: list[str]) -> Iterator[pa.Table]:
        names = [name for name in columns if name != _ENTITY]
        schema = pa.schema([RECORD.field(name) for name in columns])
        if _ENTITY not in columns:
            yield from (part.cast(schema) for part in versions.coded(PIECE, names))
            return
        stands = {kind: found for kind in night.kinds if (found := _Stands.of(night, kind)) is not None}
        asked = sorted({*names, "kind", "record_id"})
        for slab in versions.coded(at_once, asked):
            entities = _entities(slab, stands)
            whole = slab.append_column(_ENTITY, entities).select(columns)
            yield from (whole.slice(at, PIECE).cast(schema) for at in range(0, whole.num_rows, PIECE))

    return Pieces(RECORD, versions.rows, told)


class _Stands:
    """The entity of each record of a kind; of one in two clusters, which a door refuses, the smallest."""

    def __init__(self, records: pa.ChunkedArray, entities: pa.DictionaryArray) -> None:
        self._records, self._codes, self.names = records, entities.indices, entities.dictionary

    @classmethod
    def of(cls, night: Night, kind: str) -> _Stands | None:
        path = night.night_path("resolve", kind, "cluster")
        if path is None:
            return None
        with pq.ParquetFile(path, read_dictionary=[_ENTITY], page_checksum_verification=True) as file:
            found = file.read(["record_id", _ENTITY]).unify_dictionaries()
        if not found.num_rows:
            return None
        return cls(found["record_id"], found[_ENTITY].combine_chunks())

    def codes(self, records: pa.ChunkedArray) -> npt.NDArray[np.int64]:
        """The number of each record's entity among the names, -1 where it stands in none."""
        at = pc.index_in(records, value_set=self._records)
        return np.asarray(pc.fill_null(self._codes.take(at), -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def _entities(slab: pa.Table, stands: dict[str, _Stands]) -> pa.ChunkedArray:
    """The entity of each version's record; null where it stands in none."""
    found, base = np.full(slab.num_rows, -1, dtype=np.int64), 0
    for kind, of in stands.items():
        mine = np.flatnonzero(pc.equal(slab["kind"], kind).to_numpy())
        if len(mine):
            codes = of.codes(slab["record_id"].take(pa.array(mine)))
            found[mine] = np.where(codes < 0, -1, codes + base)
        base += len(of.names)
    names = pa.concat_arrays([pa.array([], _TEXT), *(of.names.cast(_TEXT) for of in stands.values())])
    parts = [found[at : at + PIECE] for at in range(0, len(found), PIECE)]
    return pa.chunked_array([names.take(pa.array(part, mask=part < 0)) for part in parts], _TEXT)
