"""Who is one household with whom, night by night: every resident, whichever departments know of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from demo.draw import opaque_array
from demo.extract import name_lists
from demo.world import State

SCHEMA = pa.schema(
    [("night", pa.string()), ("entity", pa.string()), ("household", pa.string()), ("cases", pa.list_(pa.string()))]
)


def of_night(state: State) -> pa.Table:
    """A row for every resident: who was born, and neither died nor left, by the night."""
    persons, night = state.persons, state.night
    went = persons[["dead_night", "left_night"]].to_numpy()
    here = (persons["born_night"].to_numpy() <= night) & ((went == 0) | (went > night)).all(axis=1)
    ids = np.flatnonzero(here).astype(np.int64)
    frame = persons.iloc[ids]
    cases = {
        "migrant": frame["migrant"].to_numpy(),
        "lives_elsewhere": frame["house"].to_numpy() != frame["registered_house"].to_numpy(),
    }
    columns = [
        pa.repeat(pa.scalar(state.day.isoformat()), len(ids)),
        opaque_array(state.world.seed, "person", ids),
        opaque_array(state.world.seed, "household", frame["household"].to_numpy().astype(np.int64)),
        name_lists(cases, len(ids)),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


class MemberBook:
    """``truth/household_members.parquet``, written night by night."""

    def __init__(self, folder: Path) -> None:
        """Open the file."""
        target = folder / "household_members.parquet"
        self._writer = pq.ParquetWriter(target, SCHEMA, compression="zstd", write_page_checksum=True)

    def add(self, state: State) -> None:
        """Append the residents of a night."""
        self._writer.write_table(of_night(state))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()
