"""The coordinate vote of every source that sends points, as tables beside the library of a night."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pyarrow as pa
import shapely

from transforms import contract as contracts
from transforms import kinds, store
from transforms.locate.points import HYPOTHESES, Vote, examine
from transforms.run import Run

VOTES = pa.schema([
    ("source", pa.string()), ("kind", pa.string()), ("declared", pa.string()), ("points", pa.int64()),
    *((name, pa.int64()) for name in HYPOTHESES), ("suggestion", pa.string()),
])  # fmt: skip
POINTS = pa.schema([(name, pa.string()) for name in ("source", "kind", "record_id", "fault", "suggestion")])
_MENTIONS = "address"  # its points are those of the buildings


def vote(run: Run, grids: pd.DataFrame) -> tuple[pa.Table, pa.Table]:
    """Votes (:data:`VOTES`) and points that look wrong (:data:`POINTS`) of all sources, kind by kind.

    Args:
        run: the night; live rows are applied.
        grids: grids in force: a village is where its medium grid is.
    """
    villages = _villages(grids)
    votes, wrong = [], []
    for kind in kinds.load_all(run.settings.expectations).values():
        path = store.night_dir(run, "account", "live") / f"{kind.kind}.parquet"
        if kind.kind == _MENTIONS or not kind.typed("lon") or not path.is_file():
            continue
        rows = _rows(path, kind)
        for source, of_source in rows.groupby("source", sort=True):
            crs = contracts.load_all(run.settings.expectations)[str(source)].arrives.crs
            found, points = examine(of_source.reset_index(drop=True), crs, villages)
            votes.append({"source": source, "kind": kind.kind} | _flat(found))
            wrong.append(points.assign(source=source, kind=kind.kind))
    every = pd.concat(wrong, ignore_index=True) if wrong else pd.DataFrame(columns=POINTS.names)
    ordered = every.sort_values(["source", "kind", "record_id"])
    return pa.Table.from_pylist(votes, VOTES), pa.Table.from_pandas(ordered[POINTS.names], POINTS, preserve_index=False)


def _villages(grids: pd.DataFrame) -> pd.Series:
    medium = grids[grids["level"].eq("medium") & grids["type"].ne("exclusive") & grids["polygon"].notna()]
    medium = medium.drop_duplicates("code")
    shapes = shapely.from_wkb(medium["polygon"].to_numpy(dtype=object))
    shapely.prepare(shapes)
    return pd.Series(shapes, index=pd.Index(medium["code"], dtype=object), dtype=object)


def _rows(path: Path, kind: kinds.Kind) -> pd.DataFrame:
    """Raw points of a kind and what its first address says; a kind without an address cannot vote."""
    lon, lat = kind.typed("lon")[0], kind.typed("lat")[0]
    named = {f"raw_{lon}": "raw_lon", f"raw_{lat}": "raw_lat"}
    address = next(iter(kind.typed("address")), None)
    named |= {f"{address}_village": "village", f"{address}_path": "path"} if address else {}
    rows = store.read_table(path, ["record_id", "source", *named]).to_pandas().rename(columns=named)
    return rows if address else rows.assign(village=None, path=None)


def _flat(found: Vote) -> dict[str, object]:
    told: dict[str, object] = {k: v for k, v in asdict(found).items() if k not in ("inside", "faults")}
    return told | found.inside
