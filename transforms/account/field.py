"""Figures of the field: how much of each kind is governed, on the map and in a grid (domain.md section 1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from transforms import store
from transforms.account.grids import FACTS
from transforms.account.night import Night

_FINE = ("small", "micro")  # a record that stands in its village's medium grid is not yet in a grid
_NAMING = ("exact", "normalised")  # match classes that say which node a text names
_ON_MAP = ("polygon", "building", "address")  # methods that know where in the village


@dataclass(frozen=True)
class Field:
    """One kind.

    Attributes:
        records: live records of departments (治理前); entities: what they are published as (治理后).
        on_map: entities whose place is known finer than the village (上图).
        in_grid: entities in a small or micro grid (进网入格).
        reasons: reason → entities without any grid.
    """

    kind: str
    records: int
    entities: int
    on_map: int
    in_grid: int
    reasons: dict[str, int]

    @property
    def governed(self) -> float:
        """治理率: entities of records."""
        return self.entities / self.records if self.records else 0.0

    @property
    def mapped(self) -> float:
        """上图率: entities on the map of all entities."""
        return self.on_map / self.entities if self.entities else 0.0

    @property
    def gridded(self) -> float:
        """进网入格率: entities in a small or micro grid of all entities."""
        return self.in_grid / self.entities if self.entities else 0.0


@dataclass(frozen=True)
class Texts:
    """Distinct address texts that name a node of the library, and the distinct nodes they name."""

    texts: int
    nodes: int

    @property
    def rate(self) -> float:
        """Texts per node: how often one address is written differently (Jinan: 3.4)."""
        return self.texts / self.nodes if self.nodes else 0.0


def figures(night: Night, folder: Path) -> tuple[Field, ...]:
    """Figures of every kind that stands in grids.

    Args:
        night: the closed night.
        folder: its ``account/release``.
    """
    placed = pd.read_parquet(folder / "fact_grid.parquet")
    records = pd.read_parquet(folder / "record.parquet", columns=["kind", "state"])
    live = records[records["state"].isin(["merged", "duplicate"])].groupby("kind").size()
    grids = night.of_night("merge", "grid", "std_grid") if "grid" in night.kinds else None
    fine = set() if grids is None else {row["grid_id"] for row in grids.to_pylist() if row["level"] in _FINE}
    found = []
    for kind in FACTS:
        mine = placed[placed["what"] == kind]
        reasons = mine[mine["grid_id"].isna()]["reason"].fillna("not said").value_counts().sort_index()
        found.append(
            Field(
                kind, int(live.get(kind, 0)), len(mine), int(mine["method"].isin(_ON_MAP).sum()),
                int(mine["grid_id"].isin(fine).sum()), {str(k): int(v) for k, v in reasons.items()},
            )
        )  # fmt: skip
    return tuple(found)


def straddlers(night: Night) -> int:
    """How many buildings lie in several small grids of tonight's cut."""
    path = night.night_path("locate", "place", "straddle")
    return 0 if path is None else len(store.read_table(path, ["building_id"])["building_id"].unique())


def texts(night: Night) -> Texts:
    """How many ways of writing the addresses of tonight's records have."""
    said = []
    for name, kind in night.kinds.items():
        live, located = night.night_path("account", "live", name), night.night_path("locate", kind.stage, name)
        if live is None or located is None or name == "address":
            continue
        best = store.read_table(located, ["record_id", "property", "rank", "match_class", "address_id"]).to_pandas()
        best = best[best["rank"].eq(1) & best["match_class"].isin(_NAMING)]
        said_of = [prop for prop in kind.typed("address") if prop in pq.read_schema(live).names]
        told = store.read_table(live, ["record_id", *said_of]).to_pandas()
        for prop in said_of:
            here = told[["record_id", prop]].merge(best[best["property"] == prop], on="record_id")
            said.append(here[[prop, "address_id"]].rename(columns={prop: "text"}))
    every = pd.concat(said, ignore_index=True) if said else pd.DataFrame(columns=["text", "address_id"])
    return Texts(int(every["text"].nunique()), int(every["address_id"].nunique()))
