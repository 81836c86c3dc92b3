"""Survivorship: per entity and property, the one record whose word stands, and everything that follows from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import model
from transforms.contract import Contract
from transforms.engine import Engine

_STEPS = Path(__file__).with_name("survive.sql")
DEFAULT_TRUST = 50  # of a property for which the contract names none
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Golden:
    """The survivors of one kind.

    Attributes:
        live: live records, sorted by record id.
        entities: entity ids, sorted; a table's rows stand in this order.
        entity: per live record, the place of its entity.
        winners: property → per entity the winning record's place, -1 where nobody says anything.
        certainty: per entity number, scored or single.
        gone: per entity, True where it must not stand in the fact table.
    """

    live: pa.Table
    entities: list[str]
    entity: Ints
    winners: dict[str, Ints]
    certainty: list[str]

    def value(self, column: str, by: str | None = None) -> pa.Array:
        """The column's value in the record that won property ``by`` (default: the column's own)."""
        won = self.winners[by or column]
        if column not in self.live.column_names:
            return pa.nulls(len(won), pa.string())
        taken = pa.array(won, mask=won < 0)
        return self.live.column(column).combine_chunks().take(taken)

    def picked(self, values: Sequence[object], by: str) -> list[object]:
        """Per entity the value (parallel to live) of the record that won ``by``, None without one."""
        return [values[r] if r >= 0 else None for r in self.winners[by].tolist()]

    def ending(self) -> dict[str, pa.Array]:
        """The columns every row ends with: valid_from, valid_to, provenance."""
        ids = self.live.column("record_id").to_pylist()
        told: list[dict[str, str]] = [{} for _ in self.entities]
        since = np.zeros(len(self.entities), dtype="datetime64[D]")
        days = np.array(self.live.column("since").to_pylist(), dtype="datetime64[D]")
        for name in sorted(self.winners):
            for place, r in enumerate(self.winners[name].tolist()):
                if r >= 0:
                    told[place][name] = ids[r]
                    since[place] = max(since[place], days[r])
        provenance = [json.dumps(t, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for t in told]
        return {
            "valid_from": pa.array(since, pa.date32()),
            "valid_to": pa.nulls(len(told), pa.date32()),
            "provenance": pa.array(provenance, pa.string()),
        }

    def claims(self) -> pa.Table:
        """claim.parquet: which record won each value."""
        ids, sources = (self.live.column(c).to_pylist() for c in ("record_id", "source"))
        rows = [
            (self.entities[e], name, ids[r], sources[r])
            for name, won in sorted(self.winners.items())
            for e, r in enumerate(won.tolist())
            if r >= 0
        ]
        rows.sort()
        columns = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(model.CLAIM))]
        return pa.table(columns, schema=model.CLAIM)


def survive(
    engine: Engine,
    live: pa.Table,
    cluster: pa.Table,
    properties: Sequence[str],
    contracts: dict[str, Contract],
    *,
    decisive: str | None = None,
) -> Golden:
    """Choose among claims: trust, then recency, then agreement, then completeness, then the smaller record id.

    Args:
        engine: runs survive.sql.
        live: live records of the kind, sorted by record id.
        cluster: resolve's cluster.parquet, sorted by record id.
        properties: clean columns that are claims.
        contracts: trust per property, by source.
        decisive: the column that only a record whose number is believed may claim.
    """
    entities = sorted(set(cluster.column("entity_id").to_pylist()))
    at = {entity: place for place, entity in enumerate(entities)}
    entity = np.array([at[e] for e in cluster.column("entity_id").to_pylist()], dtype=np.int64)
    sources = np.array(live.column("source").to_pylist(), dtype=object)
    believed = np.array(cluster.column("trusted").to_pylist(), dtype=bool)
    said = _said(live, properties, sources, contracts, believed=believed, decisive=decisive)
    since = np.array(live.column("since").to_pylist(), dtype="datetime64[D]").astype(np.int64)
    filled = np.bincount(said["r"].to_numpy(), minlength=live.num_rows) if len(said) else np.zeros(live.num_rows)
    standing = pa.table({"r": np.arange(live.num_rows), "e": entity, "since": since, "filled": filled.astype(np.int64)})
    tables = {"said": pa.Table.from_pandas(said, preserve_index=False), "standing": standing}
    won = engine.run(_STEPS, tables)
    e, p, r = (won.column(c).to_numpy() for c in ("e", "p", "r"))
    winners = {}
    for place, name in enumerate(properties):
        winners[name] = np.full(len(entities), -1, dtype=np.int64)
        winners[name][e[p == place]] = r[p == place]
    return Golden(live, entities, entity, winners, _certainty(cluster, entity, sources, len(entities)))


def _said(
    live: pa.Table,
    properties: Sequence[str],
    sources: npt.NDArray[np.object_],
    contracts: dict[str, Contract],
    *,
    believed: npt.NDArray[np.bool_],
    decisive: str | None,
) -> pd.DataFrame:
    frames = [pd.DataFrame({"r": [], "p": [], "v": [], "trust": []}, dtype="int64")]
    for place, name in enumerate(properties):
        if name not in live.column_names:
            continue
        values = live.column(name).combine_chunks()
        codes = values.dictionary_encode().indices
        r = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
        if name == decisive:
            r = r[believed[r]]
        trust = {s: contracts[s].trust.get(name, DEFAULT_TRUST) if s in contracts else 0 for s in set(sources)}
        code = pc.fill_null(codes, -1).to_numpy(zero_copy_only=False).astype(np.int64)[r]
        frames.append(pd.DataFrame({"r": r, "p": place, "v": code, "trust": [trust[s] for s in sources[r]]}))
    return pd.concat(frames).astype("int64")


def _certainty(cluster: pa.Table, entity: Ints, sources: npt.NDArray[np.object_], size: int) -> list[str]:
    """number: a number or key holds it together; scored: only scores do; single: one source alone tells of it."""
    frame = pd.DataFrame({"e": entity, "how": cluster.column("how").to_pylist(), "source": sources})
    several = frame.groupby("e")["source"].nunique().reindex(range(size), fill_value=0).to_numpy() > 1
    sure = frame["how"].isin(["number", "key"]).groupby(frame["e"]).max().reindex(range(size), fill_value=False)
    return ["single" if not s else "number" if n else "scored" for s, n in zip(several, sure.to_numpy(), strict=True)]
