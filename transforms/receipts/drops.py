"""The drops of a night and how far each has come: read from what land, check and account left."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow.compute as pc

from transforms import contract as contracts
from transforms import decisions, holds, kinds, manifest, receipt_form, store, values
from transforms.contract import Contract
from transforms.errors import GridfactsError
from transforms.kinds import Kind
from transforms.run import Run

_MENDED = re.compile(r"(?P<cells>\d+) cells of (?P<rows>\d+) rows were mended")  # land.returned says so
_UNSAFE = re.compile(r"[^\w.()（）·＊-]")
_HASHED = re.compile(r"_[0-9a-f]{8}$")  # of the receipt that came back
_LONGEST = 60  # characters of a sender's name that a receipt's name keeps
Phase = Literal["received", "night"]
SAME_PERIOD = "SAME_PERIOD"


@dataclass(frozen=True)
class Drop:
    """One dropped file of a night.

    Attributes:
        run, contract: whose.
        told: land's entry in ``deliveries.json``.
    """

    run: Run
    contract: Contract
    told: dict[str, str | int | None]

    @property
    def batch(self) -> str | None:
        """The batch it became, if any."""
        return None if self.told["batch"] is None else str(self.told["batch"])

    @property
    def file(self) -> str:
        """The sender's name of it, with numbers of persons masked: a name is shown, never used as a path."""
        return _masked(str(self.told["file"]))

    @property
    def message(self) -> str:
        """What land says of it: names of the file, of columns and rules."""
        return _masked(str(self.told["message"] or ""))

    @property
    def receipt_name(self) -> str:
        """What its receipt is called, without the ending: a safe name like the sender's and 回执.

        Told apart by the file's hash where the name had to be changed. The receipt of a receipt that came back is the
        second of the file that it is of (回执2), then the third.
        """
        sent = str(self.told["file"])
        back = receipt_form.NAME.fullmatch(sent)
        of, turn = (back["of"], str(int(back["turn"] or 1) + 1)) if back else (sent, "")
        safe = _UNSAFE.sub("_", _masked(of)).lstrip(".-")[:_LONGEST]
        if safe != of or (back and back["added"]):
            told = str(self.told["sha256"] or sha256(sent.encode("utf-8", "surrogatepass")).hexdigest())
            safe = f"{_HASHED.sub('', safe) if back else safe}_{told[:8]}"
        return f"{safe}.回执{turn}"

    @cached_property
    def phase(self) -> Phase:
        """``night`` once the night's books hold the batch, else ``received``."""
        folder = store.night_dir(self.run, "account", "release")
        if self.batch is None or manifest.Manifest.read(folder) is None:
            return "received"
        manifest.require(self.run.settings.lake, folder, "account")
        known = store.read_table(folder / "outcome.parquet", ["batch"])["batch"].unique().to_pylist()
        return "night" if self.batch in known else "received"

    def folder(self, room: str) -> Path:
        """A room's output for the batch, its manifest checked.

        Raises:
            StaleInputError: it is missing, incomplete or stale.
        """
        found = store.batch_dir(self.run.settings, room, str(self.batch))
        manifest.require(self.run.settings.lake, found, room)
        return found

    def facts(self, room: str) -> dict[str, str | int | None]:
        """The facts of a room's manifest for the batch."""
        folder = store.batch_dir(self.run.settings, room, str(self.batch))
        return manifest.require(self.run.settings.lake, folder, room).facts

    @cached_property
    def mended(self) -> tuple[int, int] | None:
        """Of a receipt that came back: how many cells were changed, in how many rows; null of every other file."""
        notes = str(self.facts("land").get("notes") or "") if self.batch else ""
        found = _MENDED.search(notes)
        return (int(found["cells"]), int(found["rows"])) if found else None

    @cached_property
    def hold(self) -> str | None:
        """Why the whole file does not count: land, check or a brake holds it, or its department recalled it."""
        if self.batch is None:
            return str(self.told["code"]) if self.told["state"] == "held" else None
        if self.recalled:
            return decisions.RECALLED.upper()
        held = self.facts("land").get("hold") or self.facts("check").get("hold")
        return str(held) if held else holds.braked(self.run.settings).get(self.batch)

    @cached_property
    def waits(self) -> str | None:
        """Why it does not count: :attr:`hold`, or another file of its period came and nobody said which is right."""
        return self.hold or (SAME_PERIOD if self.phase == "night" and self._rivalled() else None)

    def _rivalled(self) -> bool:
        path = store.night_dir(self.run, "account", "release") / "outcome.parquet"
        told = store.read_table(path, ["batch", "held"])
        return bool(pc.any(pc.and_(pc.equal(told["batch"], self.batch), pc.greater(told["held"], 0))).as_py())

    @cached_property
    def recalled(self) -> bool:
        """Its department took it back."""
        return decisions.recalls(self.run.settings).get(str(self.batch), False)

    @property
    def state(self) -> str:
        """Land's word for the file, or ``recalled``."""
        return decisions.RECALLED if self.recalled else str(self.told["state"])

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """The kinds of which every row tells one record: what becomes of them is what becomes of the row.

        Where rows tell of larger things too (a building, a household) and of no record of their own, every kind counts.
        """
        known = kinds.load_all(self.run.settings.expectations)
        own = [name for name, feed in self.contract.feeds.items() if feed.key == self.contract.key and feed.key]
        return {name: known[name] for name in own or self.contract.feeds if name != "address"}


def _masked(text: str) -> str:
    return str(values.mask_numbers(pd.Series([text]))[0])


def drops(run: Run, source: str | None = None) -> Iterator[Drop]:
    """Every drop of a night, of one source or of all, in the order of sources and names.

    Raises:
        GridfactsError: ``NOT_FOUND``: no such source, or nothing of it was landed in that night.
    """
    known = contracts.load_all(run.settings.expectations)
    if source is not None and source not in known:
        raise GridfactsError("NOT_FOUND", f"no contract for {source}")
    found = False
    for name in sorted(known if source is None else [source]):
        of_night = _of_night(run, known[name], run.night)
        found |= of_night is not None
        yield from of_night or ()
    if source is not None and not found:
        raise GridfactsError("NOT_FOUND", f"nothing of {source} was landed in the night {run.night}")


def earlier(run: Run, batches: Collection[str]) -> Iterator[Drop]:
    """The drops that some batches came as, whenever they came, seen from this night.

    Raises:
        StaleInputError: a room's output is missing, incomplete or stale.
    """
    known = contracts.load_all(run.settings.expectations)
    for batch in sorted(batches):
        folder = store.batch_dir(run.settings, "land", batch)
        night = str(manifest.require(run.settings.lake, folder, "land").facts["first_night"])
        for drop in _of_night(run, known[batch.partition("-")[0]], night) or ():
            if drop.batch == batch:
                yield drop


def _of_night(run: Run, contract: Contract, night: str) -> list[Drop] | None:
    """A source's drops of some night; None where land was not there."""
    folder = run.settings.lake / "night" / night / "land" / contract.source
    if manifest.Manifest.read(folder) is None:
        return None
    manifest.require(run.settings.lake, folder, "land")
    return [Drop(run, contract, told) for told in json.loads((folder / "deliveries.json").read_text("utf-8"))]
