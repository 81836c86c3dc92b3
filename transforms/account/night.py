"""What the rooms left for a night, read through their manifests: the one way in which account sees their tables."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import pyarrow as pa

from transforms import checkpoint, contract, database, decisions, holds, kinds, manifest, store, subjects
from transforms.account.apply import Landed, fates
from transforms.account.versions import Versions
from transforms.checkpoint import Checkpoint
from transforms.errors import StaleInputError
from transforms.model import Batch
from transforms.run import Run


@dataclass(frozen=True)
class Delivery:
    """A landed batch and what it counts for tonight.

    Attributes:
        batch: which one.
        first_night: the night it was landed.
        rows: records landed.
        hold: the code under which land or check holds it whole, else None.
        fate: ``counts``, ``replaced``, ``held`` or ``recalled``: :func:`transforms.account.apply.fates`.
        position: its place among those that count, from 0, else None.
        last: it is the current delivery of its source.
    """

    batch: Batch
    first_night: str
    rows: int
    hold: str | None
    fate: str
    position: int | None
    last: bool

    @property
    def passed(self) -> bool:
        """Land and check let it through, so that it was standardised, and its department did not take it back."""
        return self.hold is None and self.fate != "recalled"


class Night:
    """One night's tables.

    A manifest that is missing, incomplete or stale raises where ``strict``; else it becomes a line of :attr:`stale`
    and the table is read all the same, so that ``balance`` can say everything that is wrong at once.
    """

    def __init__(self, run: Run, *, strict: bool = True) -> None:
        """Load contracts and kinds; nothing of the lake is read yet."""
        self.run = run
        self.strict = strict
        self.contracts = contract.load_all(run.settings.expectations)
        self.kinds = kinds.load_all(run.settings.expectations)
        self.stale: list[str] = []
        self._found: dict[Path, manifest.Manifest] = {}
        self._whole: Self | None = None

    def apart(self) -> Self:
        """The same night, whose :attr:`inputs` are what is read through it from now on."""
        other = copy.copy(self)
        other._whole, other._found = self, {}
        for name in ("deliveries", "versions"):
            other.__dict__.pop(name, None)
        return other

    @property
    def inputs(self) -> dict[str, str]:
        """Manifest entries of everything read so far, and :attr:`standing`."""
        lake = self.run.settings.lake
        entries = dict(manifest.upstream(lake, folder, found) for folder, found in self._found.copy().items())
        return entries | self.standing

    @property
    def standing(self) -> dict[str, str]:
        """What the night stands on besides tables: the configuration, and what persons decided about deliveries."""
        told = {"recalled": decisions.digest(self.recalls), "braked": decisions.digest(self.braked)}
        told |= {"erased": decisions.digest(sorted(self.erased)), "checkpoint": self.past.digest}
        return told | {"configuration": manifest.configuration(self.run.settings.expectations)}

    @cached_property
    def recalls(self) -> dict[str, bool]:
        """Every batch that a department ever took back → whether that stands tonight."""
        return decisions.recalls(self.run.settings)

    @cached_property
    def braked(self) -> dict[str, str | None]:
        """Every batch that a brake ever held → its code while it waits, None once a person released it."""
        return holds.braked(self.run.settings)

    @cached_property
    def erased(self) -> frozenset[str]:
        """Every record of a subject whose request to erase stands."""
        return subjects.digests(database.open_databases(self.run.settings), "erase")["record"]

    @cached_property
    def past(self) -> Checkpoint:
        """What is left of deliveries that went when their time was over.

        Raises:
            StaleInputError: it is gone or altered, or tables went of deliveries that it does not name.
        """
        found = checkpoint.current(self.run.settings)
        for source in self.contracts:
            if strange := sorted(set(store.expired(self.run.settings, source)) - set(found.batches)):
                remedy = "restore the folders of these batches below lake/ from a backup"
                stored = f"{len(strange)} deliveries of {source} without tables, the first {strange[0]}"
                raise StaleInputError("land", stored, "deliveries that the checkpoint names, or their tables", remedy)
        return found

    @cached_property
    def deliveries(self) -> dict[str, list[Delivery]]:
        """Source → its batches landed by this night, in the order (as_of, correction, sha256)."""
        if self._whole is not None:
            deliveries = self._whole.deliveries
            self._found |= {p: told for p, told in self._whole._found.copy().items() if told.room in ("land", "check")}
            return deliveries
        return {source: self._deliveries(source) for source in self.contracts}

    def _deliveries(self, source: str) -> list[Delivery]:
        told: dict[Batch, tuple[manifest.Manifest, str | None]] = {}
        for name in (one for one in store.landed(self.run, source) if one not in self.past.batches):
            told[Batch.parse(name)] = self.landed(name)
        arrives = self.contracts[source].arrives
        may = [
            Landed(b, str(f.facts["first_night"]), bool(hold or self.braked.get(b.id)), self.recalls.get(b.id, False))
            for b, (f, hold) in told.items()
        ]
        fate = {batch: (what, at) for batch, what, at in fates(arrives.mode, arrives.same_period, may)}
        last = max((at for _, at in fate.values() if at is not None), default=-1)
        return [
            Delivery(b, str(f.facts["first_night"]), int(f.facts["rows"] or 0), hold, *fate[b], fate[b][1] == last)
            for b, (f, hold) in sorted(told.items())
        ]

    def landed(self, batch: str) -> tuple[manifest.Manifest, str | None]:
        """Land's manifest of a batch, and the code under which land or check holds it whole, else None."""
        landed = self.require(store.batch_dir(self.run.settings, "land", batch), "land")
        hold = landed.facts.get("hold")
        if not hold:
            hold = self.require(store.batch_dir(self.run.settings, "check", batch), "check").facts.get("hold")
        return landed, str(hold) if hold else None

    def before(self, delivery: Delivery) -> list[Delivery]:
        """The deliveries that a counting one is compared with: the one before it; of a delta every one before it."""
        source, place = delivery.batch.source, delivery.position
        if place is None:
            return []
        first = 0 if self.contracts[source].arrives.mode == "delta" else place - 1
        return [d for d in self.deliveries[source] if d.position is not None and first <= d.position < place]

    @cached_property
    def versions(self) -> Versions:
        """What account/apply told of every version; nothing before the first."""
        path = self.night_path("account", "versions", "versions")
        return Versions(path) if self._whole is None else self._whole.versions

    def passed(self, kind: str | None = None) -> list[Batch]:
        """Batches that were standardised, of all sources or of those that feed a kind."""
        return [
            delivery.batch
            for source, deliveries in self.deliveries.items()
            for delivery in deliveries
            if delivery.passed and (kind is None or kind in self.contracts[source].feeds)
        ]

    def require(self, folder: Path, room: str) -> manifest.Manifest:
        """The folder's manifest, checked once.

        Raises:
            StaleInputError: it is missing, incomplete or stale (only where ``strict``).
        """
        if self._whole is not None and folder not in self._found:
            self._found[folder] = self._whole.require(folder, room)
        if folder not in self._found:
            try:
                self._found[folder] = manifest.require(self.run.settings.lake, folder, room)
            except StaleInputError as error:
                found = manifest.Manifest.read(folder)
                if self.strict:
                    raise
                self.stale.append(error.detail)
                self._found[folder] = found or manifest.Manifest(room, {}, "", status="missing")
        return self._found[folder]

    def batch_path(self, room: str, batch: Batch, name: str) -> Path:
        """Path of a table of a batch, its manifest checked."""
        folder = store.batch_dir(self.run.settings, room, batch.id)
        self.require(folder, room)
        return folder / f"{name}.parquet"

    def night_path(self, room: str, part: str, name: str) -> Path | None:
        """Path of a table of the night, its manifest checked; None where the room wrote none of that name."""
        folder = store.night_dir(self.run, room, part)
        self.require(folder, room)
        path = folder / f"{name}.parquet"
        return path if path.is_file() else None

    def table_path(self, room: str, batch: Batch, name: str) -> Path:
        """Path of a table of a batch, its manifest checked.

        Raises:
            StaleInputError: the room wrote none of that name.
        """
        path = self.batch_path(room, batch, name)
        if not path.is_file():
            where = str(path.relative_to(self.run.settings.lake))
            raise StaleInputError(where, "nothing", "the table", f"run 'gridfacts room {room}' for this night again")
        return path

    def of_batch(self, room: str, batch: Batch, name: str, columns: list[str] | None = None) -> pa.Table:
        """A table of a batch, or some of its columns.

        Raises:
            StaleInputError: the room wrote none of that name.
        """
        return store.read_table(self.table_path(room, batch, name), columns)

    def of_night(self, room: str, part: str, name: str) -> pa.Table | None:
        """A table of the night, or None."""
        path = self.night_path(room, part, name)
        return None if path is None else store.read_table(path)

    def table(self, room: str, part: str, name: str) -> pa.Table:
        """A table of the night that its room always writes.

        Raises:
            StaleInputError: it is not there.
        """
        found = self.of_night(room, part, name)
        if found is None:
            remedy = f"run 'gridfacts room {room}' for this night again"
            raise StaleInputError(f"{room}/{part}/{name}.parquet", "nothing", "the table", remedy)
        return found

    def names(self, room: str, part: str) -> list[str]:
        """Names of the tables a room wrote in a part of the night, sorted."""
        folder = store.night_dir(self.run, room, part)
        self.require(folder, room)
        return sorted(path.stem for path in folder.glob("*.parquet"))
