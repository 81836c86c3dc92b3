"""Tonight's tables as they will stand in the release, and by how much they differ from those that stand there now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from transforms import tables as catalogue
from transforms.account.night import Night
from transforms.engine import Engine

_DELTA = Path(__file__).with_name("delta.sql")
_MEMBERSHIP = Path(__file__).with_name("membership.sql")

_NO_TABLE = {"claim"}  # what merge leaves beside the tables


@dataclass(frozen=True)
class Delta:
    """What ends and what begins in one table.

    Attributes:
        closed: key columns of current rows that end, sorted.
        opened: whole rows that begin, sorted by key.
    """

    closed: pa.Table
    opened: pa.Table


def merged_tables(night: Night) -> dict[str, pa.Table]:
    """Published table → tonight's rows as merge wrote them, parts of several kinds put together, sorted by key.

    Raises:
        StaleInputError: a merge output is missing, incomplete or stale.
    """
    parts: dict[str, list[pa.Table]] = {}
    household = None
    for kind in night.kinds:
        for name in night.names("merge", kind):
            table = night.of_night("merge", kind, name) if name not in _NO_TABLE else None
            if name == "person_household":
                household = table
            elif table is not None:
                parts.setdefault(name, []).append(table)
    tables = {name: empty(name) for name in published()}
    for name, found in parts.items():
        tables[name] = shaped(name, pa.concat_tables(found, promote_options="permissive"))
    if household is not None:
        tables["fact_person"] = _with_household(night, tables["fact_person"], household)
    return tables


def _with_household(night: Night, person: pa.Table, household: pa.Table) -> pa.Table:
    """``fact_person`` with the households that the household stage found: docs/rooms.md, ``person_household``."""
    with Engine(night.run.settings) as engine:
        joined = engine.run(_MEMBERSHIP, {"person": person.select(["person_id"]), "person_household": household})
    at = person.schema.get_field_index("household_id")
    return person.set_column(at, "household_id", joined["household_id"].cast(pa.string()))


def published() -> list[str]:
    """The tables that account computes a delta for: those the release checksum counts, alphabetically."""
    return [name for name, table in catalogue.of("release").items() if table.checksum]


def key_of(name: str) -> tuple[str, ...]:
    """The columns that tell two current rows of a table apart."""
    return catalogue.load_all()[name].key


def sort(name: str, table: pa.Table) -> pa.Table:
    """Rows in the order of the table's key, in one chunk."""
    return table.sort_by([(key, "ascending") for key in key_of(name)]).combine_chunks()


def shaped(name: str, table: pa.Table) -> pa.Table:
    """Rows with the columns and types of the catalogue, versions that have ended left out, sorted by key.

    Raises:
        KeyError: a column of the catalogue is missing.
        pyarrow.ArrowInvalid: a value is not of the column's type.
    """
    if "known_to" in table.column_names:
        table = table.filter(table["known_to"].is_null())
    schema = catalogue.load_all()[name].facts
    return sort(name, table.select(schema.names).cast(schema))


def empty(name: str) -> pa.Table:
    """A published table without rows."""
    return catalogue.load_all()[name].facts.empty_table()


def deltas(night: Night, before: Mapping[str, pa.Table], now: Mapping[str, pa.Table]) -> dict[str, Delta]:
    """Table → what ends and what begins; a row equal in every column is in neither.

    Args:
        night: whose engine settings count.
        before: current rows of the release, as :func:`shaped` leaves them.
        now: tonight's rows, likewise.
    """
    result = {}
    with Engine(night.run.settings) as engine:
        for name, table in sorted(now.items()):
            standing, key = before[name], list(key_of(name))
            if not standing.num_rows:
                result[name] = Delta(standing.select(key), table)
            elif table.equals(standing):
                result[name] = Delta(standing.slice(0, 0).select(key), standing.slice(0, 0))
            else:
                opened = engine.run(_DELTA, {"now_row": table, "before_row": standing})
                closed = engine.table("closed").select(key)
                result[name] = Delta(sort(name, closed), sort(name, opened.cast(table.schema)))
    return result
