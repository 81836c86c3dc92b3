"""What deliveries that went said last (:mod:`transforms.checkpoint`), as the fold and its doors take it up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import checkpoint
from transforms.checkpoint import Checkpoint

LATEST, EARLIER = -1, -2  # positions before 0, that of the first delivery which is held
_TEXTS = ("source", "batch", "kind", "record_id", "content_hash", "operation", "mode", "as_of")
_LONGS = ("ordinal", "line", "position", "last_position", "preference", "settled")
RANKED = pa.schema([(name, pa.string()) for name in _TEXTS] + [(name, pa.int64()) for name in _LONGS])


def ranked(
    past: Checkpoint, modes: Mapping[str, str], last: Mapping[str, int | None], erased: Collection[str]
) -> pa.Table:
    """The table ``tail`` of ``apply.sql`` (:data:`RANKED`).

    Args:
        past: the checkpoint.
        modes: source → snapshot or delta; of other sources nothing is taken up.
        last: source → position of its current delivery, where one is held.
        erased: records that are not taken up: their subjects are to be erased.
    """
    found = [RANKED.empty_table()]
    for source, whole in past.every("tail", modes).items():
        told = without(whole, erased)
        newest = last.get(source)
        columns = {name: told[name] for name in told.column_names if name not in ("latest", "outvoted")} | {
            "mode": pa.repeat(modes[source], told.num_rows),
            "position": positions(told),
            "last_position": pa.array(np.full(told.num_rows, LATEST if newest is None else newest)),
            "preference": pc.if_else(told["outvoted"], 2, 1),
            "settled": told["outvoted"].cast(pa.int64()),
        }
        found.append(pa.table({name: columns[name] for name in RANKED.names}).cast(RANKED))
    return pa.concat_tables(found)


def without(told: pa.Table, records: Collection[str]) -> pa.Table:
    """The rows that are not of these records."""
    return told.filter(pc.invert(pc.is_in(told["record_id"], value_set=pa.array(sorted(records), pa.string()))))


def positions(told: pa.Table) -> pa.ChunkedArray:
    """The place of each row of a tail among the deliveries."""
    return pc.if_else(told["latest"], LATEST, EARLIER).cast(pa.int64())


def files(past: Checkpoint, kind: str, sources: Collection[str]) -> list[Path]:
    """Files of the checkpoint with rows of a kind that still speak, of these sources.

    Raises:
        StaleInputError: one is not as it was sealed.
    """
    names = [f"{source}.{kind}" for source in sorted(sources)]
    return [path for name in names if (path := past.path(name)) is not None]


def in_checkpoint(path: Path) -> bool:
    """Whether a file is of a checkpoint and not of one delivery."""
    return (path.parent / checkpoint.SEAL).is_file()
