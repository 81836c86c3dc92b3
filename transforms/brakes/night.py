"""What the rooms left of a night that its brakes look at: the closed books, and which deliveries are new in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms import contract, database, decisions, holds, kinds, manifest, store
from transforms.contract import Contract
from transforms.database import Databases
from transforms.kinds import Kind
from transforms.run import Run

_OUTCOME = ["batch", "kind", "source", "landed", "quarantined", "merged", "held"]
_DELIVERY = ["batch", "state"]


@dataclass(frozen=True)
class Closed:
    """A night whose books account has closed.

    Attributes:
        run: the night.
        stores: both databases, control brought up to the current release.
        folder: ``account/release`` of the night, its manifest checked.
        base: the release that the delta was computed against, 0 before the first.
        counts: published table → rows as they will stand.
    """

    run: Run
    stores: Databases
    folder: Path
    base: int
    counts: dict[str, int]

    @classmethod
    def of(cls, run: Run, stores: Databases) -> Closed:
        """Read what account left.

        Raises:
            StaleInputError: account has not closed the night.
        """
        folder = store.night_dir(run, "account", "release")
        manifest.require(run.settings.lake, folder, "account")
        told = json.loads((folder / "release.json").read_text("utf-8"))
        return cls(run, stores, folder, int(told["base_release"]), dict(told["counts"]))

    @cached_property
    def contracts(self) -> dict[str, Contract]:
        """Source → its contract."""
        return contract.load_all(self.run.settings.expectations)

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """The kinds whose records are rows of their own: what rows only mention changes with whoever mentions it."""
        told = kinds.load_all(self.run.settings.expectations)
        return {n: k for n, k in told.items() if not any(p.key and p.type == "address" for p in k.properties.values())}

    @cached_property
    def outcome(self) -> pa.Table:
        """Tonight's ledger, of every batch and kind."""
        return store.read_table(self.folder / "outcome.parquet", _OUTCOME)

    @cached_property
    def fresh(self) -> dict[str, str]:
        """Batch → source, of the deliveries that count tonight and did not in the release before."""
        control = self.stores.control
        counted = _counting(database.read(control, "outcome", _OUTCOME), database.read(control, "delivery", _DELIVERY))
        tonight = _counting(self.outcome, self.table("delivery", _DELIVERY))
        return {batch: source for batch, source in tonight.items() if batch not in counted}

    @cached_property
    def excused(self) -> set[str]:
        """Sources of which a named person released every delivery that is new."""
        told = holds.braked(self.run.settings)
        released = {batch for batch, code in told.items() if code is None}
        return set(self.fresh.values()) - {source for batch, source in self.fresh.items() if batch not in released}

    def table(self, name: str, columns: list[str]) -> pa.Table:
        """A table of ``account/release``; no rows where account left none of the name."""
        path = self.folder / f"{name}.parquet"
        if path.is_file():
            return store.read_table(path, columns)
        return pa.table({column: pa.array([], pa.string()) for column in columns})

    def room(self, room: str, part: str) -> Path:
        """A room's folder of the night, its manifest checked.

        Raises:
            StaleInputError: it is missing, incomplete or stale.
        """
        folder = store.night_dir(self.run, room, part)
        manifest.require(self.run.settings.lake, folder, room)
        return folder

    def current(self) -> dict[str, str]:
        """Source → the delivery that counted last in the release before."""
        rows = database.read(self.stores.release, "source_state", ["source", "batch"], {"release": self.base})
        return {row["source"]: row["batch"] for row in rows.to_pylist() if row["batch"]}


def _counting(outcome: pa.Table, delivery: pa.Table) -> dict[str, str]:
    """Batch → source, of those with rows, neither held nor recalled; of an empty file the ledger cannot say whether."""
    recalled = delivery["batch"].filter(pc.equal(delivery["state"], decisions.RECALLED)).combine_chunks()
    free = outcome.filter(pc.and_(pc.equal(outcome["held"], 0), pc.greater(outcome["landed"], 0)))
    free = free.filter(pc.invert(pc.is_in(free["batch"], recalled)))
    return dict(zip(free["batch"].to_pylist(), free["source"].to_pylist(), strict=True))
