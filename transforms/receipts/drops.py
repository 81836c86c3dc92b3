"""The drops of a night and how far each has come: read from what land, check and account left."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pandas as pd

from transforms import contract as contracts
from transforms import kinds, manifest, store, values
from transforms.contract import Contract
from transforms.errors import GridfactsError
from transforms.kinds import Kind
from transforms.run import Run

_UNSAFE = re.compile(r"[^\w.()（）·＊-]")
_LONGEST = 60  # characters of a sender's name that a receipt's name keeps
Phase = Literal["received", "night"]


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
    def stem(self) -> str:
        """A safe name like the sender's, told apart by the file's hash where it had to be changed."""
        safe = _UNSAFE.sub("_", self.file).lstrip(".-")[:_LONGEST]
        if safe == str(self.told["file"]):
            return safe
        told = str(self.told["sha256"] or sha256(str(self.told["file"]).encode("utf-8", "surrogatepass")).hexdigest())
        return f"{safe}_{told[:8]}"

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
    def hold(self) -> str | None:
        """Why land or check holds the whole file, if one does."""
        if self.batch is None:
            return str(self.told["code"]) if self.told["state"] == "held" else None
        held = self.facts("land").get("hold") or self.facts("check").get("hold")
        return str(held) if held else None

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
        folder = store.night_dir(run, "land", name)
        if manifest.Manifest.read(folder) is None:
            continue
        manifest.require(run.settings.lake, folder, "land")
        found = True
        for told in json.loads((folder / "deliveries.json").read_text("utf-8")):
            yield Drop(run, known[name], told)
    if source is not None and not found:
        raise GridfactsError("NOT_FOUND", f"nothing of {source} was landed in the night {run.night}")
