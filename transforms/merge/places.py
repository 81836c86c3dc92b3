"""Where a fact is: the best located candidate of the record that won its address, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from transforms.merge.golden import Golden

REASONS = ("no_address", "village_only", "outside", "unresolved")


@dataclass(frozen=True)
class Place:
    """One record's place by one address property."""

    address_id: str | None = None
    building_id: str | None = None
    house_id: str | None = None
    division_code: str | None = None
    reason: str | None = None


class Located:
    """The best candidate of every (record, property) of a located table."""

    def __init__(self, live: pa.Table, located: pa.Table | None) -> None:
        """Index rank 1.

        Args:
            live: live records of the kind.
            located: model.LOCATED, or None where locate has nothing of the kind.
        """
        self._live = live
        self._best: dict[tuple[str, str], dict[str, object]] = {}
        for row in located.to_pylist() if located is not None else []:
            if row["rank"] == 1:
                self._best[(row["record_id"], row["property"])] = row

    def of(self, golden: Golden, name: str) -> list[Place | None]:
        """Per entity, the place the winner of address property ``name`` gives; None where nobody names one."""
        ids = self._live.column("record_id").to_pylist()
        divisions = {c: self._column(f"{name}_{c}") for c in ("village", "town", "county")}
        found: list[Place | None] = []
        for r in golden.winners[name].tolist():
            if r < 0:
                found.append(None)
                continue
            told = [divisions[c][r] for c in ("village", "town", "county")]
            found.append(_place(self._best.get((ids[r], name), {}), told))
        return found

    def grid(self, record_id: str) -> dict[str, object] | None:
        """The row that puts a record's own point into a grid."""
        named = (self._best.get((record_id, name)) for name in ("point", "lon", "address"))
        return next((row for row in named if row and (row["grid_id"] or row["method"] == "polygon")), None)

    def _column(self, name: str) -> list[object]:
        if name not in self._live.column_names:
            return [None] * self._live.num_rows
        return list(self._live.column(name).to_pylist())


def _place(row: dict[str, object], told: list[object]) -> Place:
    village = row.get("village") or told[0]
    division = next((str(d) for d in (village, *told) if d), None)
    ids = {c: str(row[c]) if row.get(c) else None for c in ("address_id", "building_id", "house_id")}
    if ids["address_id"]:
        return Place(**ids, division_code=division)
    reason = str(row.get("reason"))
    if reason not in REASONS:
        reason = "village_only" if village else "unresolved"
    return Place(**ids, division_code=division, reason=reason)


NOWHERE = Place(reason="no_address")


def first(*options: list[Place | None]) -> list[Place]:
    """Per entity the first place that somebody names, else nowhere, for want of an address."""
    return [next((place for place in places if place is not None), NOWHERE) for places in zip(*options, strict=True)]


def columns(places: list[Place]) -> dict[str, pa.Array]:
    """address_id, building_id, house_id, division_code and place_reason of facts."""
    return {
        "address_id": pa.array([p.address_id for p in places], pa.string()),
        "building_id": pa.array([p.building_id for p in places], pa.string()),
        "house_id": pa.array([p.house_id for p in places], pa.string()),
        "division_code": pa.array([p.division_code for p in places], pa.string()),
        "place_reason": pa.array([p.reason for p in places], pa.string()),
    }


def address_ids(places: list[Place | None]) -> pa.Array:
    """The address of one property alone."""
    return pa.array([p.address_id if p else None for p in places], pa.string())
