"""What merge reads of a night, each input through its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import contract, database, kinds, manifest, model, store
from transforms.coded import whole
from transforms.contract import Contract
from transforms.kinds import Kind
from transforms.live import Live
from transforms.located import NOTHING, Best, files
from transforms.merge.golden import Ints
from transforms.merge.pieces import Order
from transforms.run import Run

ROOM = "merge"
# Beside its own: whose clusters and golden rows a kind's tables lean on.
_CLUSTERS = {"address": ("building",), "building": ("address",), "house": ("address", "building"),
             "organization": ("premises",), "household": ("person",)}  # fmt: skip
_MERGED = {"household": ("person",)}
_PLACE = ("place_grid.parquet", "straddle.parquet", "library.parquet")  # what locate tells of places
_Needed = tuple[Path, str, Sequence[str]]  # a folder, the room that wrote it, the files that are read of it
_LOCATED = {"facility": ("place",), "household": ("place",)}


def _confirmed(run: Run) -> tuple[str, ...]:
    where: dict[str, str | int | None] = {"kind": model.DOOR, "decision": "same", "retired_at": None}
    told = database.read(database.open_databases(run.settings).control, "judgement", ["left_record"], where)
    return tuple(sorted(set(told["left_record"].to_pylist())))


@dataclass(frozen=True)
class Found:
    """A column that records have of what another kind says.

    Attributes:
        name: of the column.
        column: whose values are looked for.
        kind: among whose records.
        decisive: in which column of theirs.
        one: a value that several entities say stands for none of them; else for that of the first record.
    """

    name: str
    column: str
    kind: str
    decisive: str
    one: bool


@dataclass(frozen=True)
class Stage:
    """What the kinds of a stage ask for more than once.

    Attributes:
        orders: kind → its entities and their records.
        codes: (kind, column) → its values.
    """

    orders: dict[str, Order] = field(default_factory=dict)
    codes: dict[tuple[str, str], pa.DictionaryArray] = field(default_factory=dict)


class Inputs:
    """One kind's inputs of one night; every folder is required before it is read.

    Attributes:
        sealed: the kind has values that lie in the vault.
        confirmed: of addresses, the paths of doors that a person found to be such though no register names them.
    """

    def __init__(self, run: Run, kind: Kind, stage: Stage) -> None:
        """Check the manifests of everything the kind's tables are made of.

        Raises:
            StaleInputError: one of them is missing, incomplete or stale.
        """
        self.run, self.kind, self._stage = run, kind, stage
        self.kinds = kinds.load_all(run.settings.expectations)
        self.contracts: dict[str, Contract] = contract.load_all(run.settings.expectations)
        self.entries = {"configuration": manifest.configuration(run.settings.expectations)}
        self._live = store.night_dir(run, "account", "live")
        self._require(self._needed())
        self.confirmed = _confirmed(run) if kind.kind == "address" else ()
        if self.confirmed:
            self.entries["doors"] = hashlib.sha256("\n".join(self.confirmed).encode()).hexdigest()
        self.sealed = any(p.vault for p in kind.properties.values())

    def _needed(self) -> list[_Needed]:
        """What every kind reads: live records, clusters, where they stand, what was merged before."""
        run, name = self.run, self.kind.kind
        whose = (name, *_CLUSTERS.get(name, ()))
        stages = dict.fromkeys((self.kind.stage, *_LOCATED.get(name, ())))
        return [
            (self._live, "account", []),
            *((store.night_dir(run, "resolve", one), "resolve", ["cluster.parquet"]) for one in whose),
            *((store.night_dir(run, "locate", stage), "locate", [*files(name), *_PLACE]) for stage in stages),
            *((store.night_dir(run, ROOM, one), ROOM, ["fact_person.parquet"]) for one in _MERGED.get(name, ())),
        ]

    def _require(self, needed: Sequence[_Needed]) -> None:
        """Check the manifests of folders, and of each the files that are read, side by side."""
        lake = self.run.settings.lake
        with ThreadPoolExecutor(self.run.settings.threads) as pool:
            for (folder, _, _), found in zip(
                needed, pool.map(lambda one: manifest.require(lake, *one), needed), strict=True
            ):
                name, digest = manifest.upstream(lake, folder, found)
                self.entries[name] = digest

    def live(self, kind: str | None = None) -> Live:
        """Live records of a kind."""
        return Live(self.live_path(kind))

    def live_path(self, kind: str | None = None) -> Path:
        """Where they lie."""
        return self._live / f"{kind or self.kind.kind}.parquet"

    def cluster(self, kind: str | None = None) -> pa.Table:
        """cluster.parquet of a kind, a row per live record in the order of their ids, which are left out."""
        path = store.night_dir(self.run, "resolve", kind or self.kind.kind) / "cluster.parquet"
        return store.read_table(path, ["entity_id", "how", "trusted"], ["entity_id", "how"])

    def located(self) -> Best:
        """Where the records of the kind stand."""
        return Best.read(store.night_dir(self.run, "locate", self.kind.stage), self.kind.kind) or NOTHING

    def place_grid(self) -> pa.Table:
        """Grids of divisions, addresses and buildings, as locate found them."""
        path = store.night_dir(self.run, "locate", "place") / "place_grid.parquet"
        coded = ["node_kind", "cut", "method", "reason"]
        return store.read_table(path, None, coded) if path.is_file() else model.PLACE_GRID.empty_table()

    def straddlers(self) -> pa.Table:
        """Buildings in several small grids, as locate found them."""
        path = store.night_dir(self.run, "locate", "place") / "straddle.parquet"
        return store.read_table(path) if path.is_file() else model.STRADDLE.empty_table()

    def library(self) -> pa.Table:
        """Every node of the address library: what it stands below, and the building and house it is."""
        names = ["address_id", "parent_id", "level", "village", "building_id", "house_id"]
        return store.read_table(store.night_dir(self.run, "locate", "place") / "library.parquet", names)

    def merged(self, kind: str, name: str, names: list[str]) -> pa.Table:
        """Columns of a table that merge wrote for an earlier kind."""
        return store.read_table(store.night_dir(self.run, ROOM, kind) / f"{name}.parquet", names)

    def order(self, kind: str, cluster: pa.Table | None = None) -> Order:
        """The entities of a kind and their records; ``cluster``: its clusters, where they were read already."""
        if kind not in self._stage.orders:
            told = self.cluster(kind) if cluster is None else cluster
            self._stage.orders[kind] = Order(whole(told.column("entity_id")))
        return self._stage.orders[kind]

    def found(self, told: Found) -> pa.DictionaryArray:
        """Per record the entity of another kind that one of its values stands for; null where there is none."""
        live, other = self.live(), self.live(told.kind)
        order = self.order(told.kind)
        if told.column not in live.column_names or told.decisive not in other.column_names:
            return pa.DictionaryArray.from_arrays(pa.nulls(live.num_rows, pa.int32()), order.ids)
        key = (told.kind, told.decisive)
        if key not in self._stage.codes:
            self._stage.codes[key] = other.codes(told.decisive)
        said, own = self._stage.codes[key], live.codes(told.column)
        meant = np.append(_meant(said, order, told.one), -1)
        word = meant[pc.fill_null(pc.index_in(own.dictionary, said.dictionary, skip_nulls=True), -1).to_numpy()]
        number = np.append(word, -1)[pc.fill_null(own.indices, -1).to_numpy()].astype(np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(number, mask=number < 0), order.ids)


def _meant(said: pa.DictionaryArray, order: Order, one: bool) -> Ints:
    """Per distinct value the entity whose records say it, -1 for none; of several the first record's, or none."""
    record = np.flatnonzero(said.indices.is_valid().to_numpy(zero_copy_only=False))
    value = pc.fill_null(said.indices, -1).to_numpy()[record]
    entity = np.empty(len(said), dtype=np.int64)
    entity[order.record] = order.entity
    entity = entity[record]
    first = np.full(len(said.dictionary), -1, dtype=np.int64)
    first[value[::-1]] = entity[::-1]
    if one:
        first[value[entity != first[value]]] = -1
    return first
