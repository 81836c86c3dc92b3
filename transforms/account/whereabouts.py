"""Where an entity stands: its standard addresses in words, its division, and its grid with the grids above."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import divisions
from transforms.account.night import Night

_ADDRESSES = ("registered_address_id", "actual_address_id", "address_id")


@dataclass(frozen=True)
class Place:
    """Where an entity stands.

    Attributes:
        addresses: column → (address id, its full text; None where the library has no such node).
        division: names from the city down to the village.
        grid: (level, code, name) from its own grid upward; none: ``reason``.
        grid_id: its own grid, or None.
        method: how the grid was found. reason: why there is none.
    """

    addresses: Mapping[str, tuple[str, str | None]]
    division: tuple[str, ...]
    grid: tuple[tuple[str, str, str], ...]
    grid_id: str | None
    method: str | None
    reason: str | None


def place_of(night: Night, folder: Path, entity: str, row: Mapping[str, Any]) -> Place:
    """Where a published entity stands.

    Args:
        night: closed.
        folder: what close wrote.
        entity: its id.
        row: its published row.
    """
    placed = _rows(folder / "fact_grid.parquet", "id", [entity])
    told = placed[0] if placed else {"grid_id": None, "method": None, "reason": None}
    ids = {name: str(row[name]) for name in _ADDRESSES if row.get(name)}
    path = night.night_path("merge", "address", "std_address") if ids else None
    texts = {one["address_id"]: one["full_text"] for one in _rows(path, "address_id", list(ids.values()))}
    return Place(
        addresses={name: (node, texts.get(node)) for name, node in ids.items()},
        division=_division(night, row.get("division_code")),
        grid=_upward(night, told["grid_id"]),
        grid_id=told["grid_id"],
        method=told["method"],
        reason=told["reason"] or row.get("place_reason"),
    )


def _rows(path: Path | None, by: str, wanted: list[str]) -> list[dict[str, Any]]:
    if path is None or not path.is_file():
        return []
    where = pc.field(by).isin(pa.array(wanted, pa.string()))
    found: list[dict[str, Any]] = pq.read_table(path, filters=where, page_checksum_verification=True).to_pylist()
    return found


def _division(night: Night, code: str | None) -> tuple[str, ...]:
    """Names of a division and those above it, the widest first; of one the night's table does not know its code."""
    if not code:
        return ()
    expectations, day = night.run.settings.expectations, night.run.night
    names, known = divisions.names(expectations, day), divisions.divisions(expectations, day)
    chain = known[known["code"] == code][list(reversed(divisions.LEVELS))].to_numpy().tolist()
    return tuple(names[one] for one in chain[0] if one) if chain else (code,)


def _upward(night: Night, grid: str | None) -> tuple[tuple[str, str, str], ...]:
    table = night.of_night("merge", "grid", "std_grid") if grid else None
    if table is None:
        return ()
    told = {row["grid_id"]: row for row in table.drop_columns(["polygon"]).to_pylist()}
    found: list[tuple[str, str, str]] = []
    at: str | None = grid
    while at in told and len(found) < len(told):
        row = told[at]
        found.append((row["level"], row["code"], row["name"]))
        at = row["parent_id"]
    return tuple(found)
