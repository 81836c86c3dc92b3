"""Who is one household with whom, against the truth: of residents, for the rows of a household share its key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.account.measures import Measure, Partitions, numbered
from transforms.account.night import Night
from transforms.engine import Engine

FILE = "household_members.parquet"
_STEPS = Path(__file__).with_suffix(".sql")
_LINES = ["source", "file_sha256", "line", "entity"]


@dataclass(frozen=True)
class Members:
    """Residents by published household against residents by true household.

    Attributes:
        resolved: over every resident of the night; one who stands in no household is one of his own.
        without: residents who stand in none: no source with household numbers names them, or none names them at all.
        subgroups: case of the truth, and "in a household" → measure over the pairs that touch it.
    """

    resolved: Measure
    without: int
    subgroups: dict[str, Measure]


def members(night: Night, folder: Path, truth: Path) -> Members | None:
    """Measure membership; None where the truth does not tell who is one household with whom.

    Args:
        night: whose household stage is merged.
        folder: ``account/release`` of the night.
        truth: holds ``person.parquet`` and ``household_members.parquet`` (``night, entity, household, cases``): of that
            the last night up to this one counts.

    Raises:
        StaleInputError: merge of the night is missing, incomplete or stale.
    """
    if not all((truth / name).is_file() for name in (FILE, "person.parquet")):
        return None
    every = pq.read_table(truth / FILE, filters=[("night", "<=", night.run.night)], partitioning=None)
    path = night.night_path("merge", "household", "person_household")
    if not every.num_rows or path is None:
        return None
    resident = every.filter(pc.equal(every["night"], pc.max(every["night"])))
    cases = pc.binary_join(resident["cases"].cast(pa.list_(pa.string())), "|")
    resident = resident.select(["entity", "household"]).append_column("cases", cases)
    tables: dict[str, pa.Table | Path | list[Path]] = {
        "truth": pq.read_table(truth / "person.parquet", columns=_LINES, partitioning=None),
        "resident": resident,
        "record": folder / "record.parquet",
        "person_household": path,
    }
    with Engine(night.run.settings) as engine:
        return counted(engine.run(_STEPS, tables))


def counted(rows: pa.Table) -> Members:
    """Measure rows ``true_household, household_id`` (null: none) and ``cases`` (texts with ``|`` between them)."""
    found = numbered(rows["household_id"])
    against = Partitions(found, numbered(rows["true_household"]))
    cases = rows["cases"].combine_chunks().dictionary_encode()
    sets = [set(text.split("|")) for text in cases.dictionary.to_pylist()]
    code = cases.indices.to_numpy()
    among = {"in a household": found >= 0}
    for name in sorted(set().union(*sets) - {""}):
        among[name] = np.array([name in one for one in sets])[code]
    parts = {name: against.measure(rows) for name, rows in among.items() if rows.any()}
    return Members(against.measure(), int((found < 0).sum()), parts)
