"""How a source has done from release to release, from the databases alone: timely, drifting, in quarantine, placed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import database
from transforms.contract import Contract
from transforms.database import Databases
from transforms.kinds import Kind

MOST_RELEASES = 60


@dataclass(frozen=True)
class Point:
    """A source at one release.

    Attributes:
        release, night: which one. state: fresh, stale, held or never.
        age: days from the data's day to the night, null before the first delivery.
        rows: rows of its counting delivery. quarantined: of these, in quarantine.
        placed, known: entities that its current records stand in, known at the release, and how many of them had a
            standard address.
    """

    release: int
    night: str
    state: str
    age: int | None
    rows: int | None
    quarantined: int
    placed: int
    known: int

    @property
    def quarantine_share(self) -> float | None:
        """Of its rows, in percent."""
        return 100 * self.quarantined / self.rows if self.rows else None

    @property
    def placed_share(self) -> float | None:
        """Of its entities, in percent."""
        return 100 * self.placed / self.known if self.known else None


def history(dbs: Databases, kinds: Mapping[str, Kind], sources: Mapping[str, Contract]) -> dict[str, list[Point]]:
    """Source → its last releases, the oldest first; none before the first release.

    Raises:
        DatabaseError: a database cannot be read.
    """
    releases = database.read(dbs.release, "release", ["release", "night"]).to_pandas().tail(MOST_RELEASES)
    states = database.read(dbs.release, "source_state").to_pandas().set_index(["release", "source"])
    waiting = database.read(dbs.control, "quarantine", ["batch", "ordinal"]).to_pandas()["batch"].value_counts()
    facts = {name: _fact(dbs, kind) for name, kind in kinds.items()}
    found = {}
    for source, contract in sources.items():
        spells = _spells(dbs, contract, facts)
        found[source] = [
            _point(number, night, states.loc[(number, source)], waiting, spells)
            for number, night in releases.itertuples(index=False)
            if (number, source) in states.index
        ]
    return found


def _fact(dbs: Databases, kind: Kind) -> pa.Table | None:
    """``id placed known_from known_to`` of every version of a kind's facts, where they have an address."""
    if not kind.table.startswith("fact_"):
        return None
    key = kind.table.replace("fact_", "") + "_id"
    table = database.read(dbs.release, kind.table, [key, "address_id", "known_from", "known_to"])
    return pa.table(
        {"id": table[key], "placed": pc.is_valid(table["address_id"]), "known_from": table["known_from"],
         "known_to": table["known_to"]}
    )  # fmt: skip


def _spells(dbs: Databases, contract: Contract, facts: Mapping[str, pa.Table | None]) -> pd.DataFrame:
    """``known_from known_to known placed``: how many entities of the source each span of releases has."""
    record = database.read(dbs.release, "record", ["source", "kind", "entity_id"], {"source": contract.source})
    parts = []
    for kind in contract.feeds:
        table = facts.get(kind)
        if table is not None:
            mine = record.filter(pc.equal(record["kind"], kind))["entity_id"].unique()
            parts.append(table.filter(pc.is_in(table["id"], value_set=mine)).to_pandas())
    whole = pd.concat(parts) if parts else pd.DataFrame(columns=["id", "placed", "known_from", "known_to"])
    counted = whole.groupby(["known_from", "known_to"], dropna=False)["placed"].agg(["size", "sum"]).reset_index()
    return counted.rename(columns={"size": "known", "sum": "placed"})


def _point(number: int, night: str, state: pd.Series, waiting: pd.Series, spells: pd.DataFrame) -> Point:
    there = spells[(spells["known_from"] <= number) & (spells["known_to"].isna() | (spells["known_to"] > number))]
    told = isinstance(state["as_of"], str)
    return Point(
        release=int(number),
        night=night,
        state=str(state["state"]),
        age=(dt.date.fromisoformat(night) - dt.date.fromisoformat(state["as_of"])).days if told else None,
        rows=None if pd.isna(state["rows"]) else int(state["rows"]),
        quarantined=int(waiting.get(state["batch"], 0)),
        placed=int(there["placed"].sum()),
        known=int(there["known"].sum()),
    )
