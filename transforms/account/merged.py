"""Tonight's tables as merge wrote them, told in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms import model, store
from transforms import tables as catalogue
from transforms.account import sealed
from transforms.account.delta import published
from transforms.account.night import Night
from transforms.account.pieces import Pieces, of_files, of_table

_NO_TABLE = {"claim"}  # what merge leaves beside the tables
_MEMBERS, _PERSONS = "person_household", "fact_person"


def merged_tables(night: Night) -> dict[str, Pieces]:
    """Published table → tonight's rows with the catalogue's columns, in no order; those of several kinds put together.

    Raises:
        StaleInputError: a merge output is missing, incomplete or stale.
    """
    paths: dict[str, list[Path]] = {}
    for kind in night.kinds:
        for name in night.names("merge", kind):
            path = night.night_path("merge", kind, name) if name not in _NO_TABLE else None
            if path is not None:
                paths.setdefault(name, []).append(path)
    members = paths.pop(_MEMBERS, [])
    tables = {name: of_table(empty(name)) for name in published()}
    tables |= {name: of_files(found, empty(name).schema) for name, found in paths.items() if name in tables}
    if members and paths.get(_PERSONS):
        tables[_PERSONS] = _with_household(tables[_PERSONS], paths[_PERSONS], members[0])
    return tables


def _with_household(person: Pieces, paths: list[Path], members: Path) -> Pieces:
    """``fact_person`` with the households that the household stage found: docs/rooms.md, ``person_household``."""

    def told(columns: list[str]) -> Iterator[pa.Table]:
        if "household_id" not in columns:
            yield from person.each(columns)
            return
        start, found = 0, _households(paths, members)
        for piece in person.each(columns):
            part = found.slice(start, piece.num_rows)
            yield piece.set_column(piece.schema.get_field_index("household_id"), "household_id", part)
            start += piece.num_rows

    return Pieces(person.schema, person.rows, told)


def _households(paths: list[Path], members: Path) -> pa.ChunkedArray:
    """The household of each person of these files, in their order."""
    ids = [store.read_table(path, ["person_id"])["person_id"] for path in paths]
    told = store.read_table(members, ["person_id", "household_id"])
    at = pc.index_in(pa.chunked_array([c for one in ids for c in one.chunks], pa.string()), told["person_id"])
    return told["household_id"].take(at).cast(pa.string())


def empty(name: str) -> pa.Table:
    """A published table without rows, and without what is sealed: no two rows are compared by it."""
    facts = catalogue.load_all()[name].facts.empty_table()
    return facts.drop_columns(model.SEALED) if name == sealed.TABLE else facts
