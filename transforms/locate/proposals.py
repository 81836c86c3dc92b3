"""Doors that several departments name and no register knows: listed for a person to look at.

A register makes a door valid by naming it; until one does, the door stays proposed, or until a person says that it is
one (``gridfacts address judge``). Nothing is decided here: which of them are nodes, :mod:`transforms.proposed` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from transforms import contract as contracts
from transforms import kinds, store
from transforms.proposed import KIND, named, unregistered
from transforms.run import Run

LEAST = 2  # departments that must name a door before anybody is asked, where the kind says no number


@dataclass(frozen=True)
class Proposal:
    """A door nobody registered.

    Attributes:
        path: its canonical path (docs/rooms.md); never finer than the building.
        address_id: its node of the library; None where too few name it, or nobody knows what it stands in.
        stands_in: full text of the nearest registered node above it; None where there is none.
        departments: who names it, sorted.
        records: how many live records do.
    """

    path: str
    address_id: str | None
    stands_in: str | None
    departments: tuple[str, ...]
    records: int

    @property
    def door(self) -> str:
        """What a person calls it by: its node, else its path."""
        return self.address_id or self.path


def proposals(run: Run, least: int | None = None) -> list[Proposal]:
    """What a night's records propose, those that most departments name first.

    Args:
        run: a night whose records are live.
        least: departments that must name a door; default: as many as make it a node.
    """
    known, of_kind = contracts.load_all(run.settings.expectations), kinds.load_all(run.settings.expectations)
    least = least or (of_kind[KIND].proposed_by if KIND in of_kind else None) or LEAST
    live = store.night_dir(run, "account", "live")
    told = named(live, known, of_kind)
    told = told[told.groupby("path")["path"].transform("size") >= least]
    told = told[told["path"].isin(unregistered(live, known, set(told["path"])))]
    node, full_text = nodes_by_path(run), _registered_above(run, told["path"])
    found = [
        Proposal(path, node.get(path), full_text[path], tuple(sorted(of["department"])), int(of["records"].sum()))
        for path, of in ((str(path), of) for path, of in told.groupby("path", sort=True))
    ]
    return sorted(found, key=lambda p: (-len(p.departments), -p.records, p.path))


def nodes_by_path(run: Run) -> dict[str, str]:
    """Path → node of the library that stands in a village, once stage place is located."""
    path = store.night_dir(run, "locate", "place") / "library.parquet"
    if not path.is_file():
        return {}
    nodes = store.read_table(path, ["path", "address_id", "village"]).to_pandas().dropna()
    return dict(zip(nodes["path"], nodes["address_id"], strict=True))


def _registered_above(run: Run, paths: pd.Series) -> dict[str, str | None]:
    """Path → full text of the nearest node above it that a register names."""
    known = contracts.load_all(run.settings.expectations)
    registers = [s for s, c in known.items() if "text" in c.registers.authority_for]
    path = store.night_dir(run, "account", "live") / f"{KIND}.parquet"
    told: dict[str, str] = {}
    if path.is_file():
        rows = store.read_table(path, ["source", "path", "full_text"]).to_pandas()
        rows = rows[rows["source"].isin(registers)].sort_values(["path", "full_text"]).drop_duplicates("path")
        told = dict(zip(rows["path"], rows["full_text"], strict=True))
    return {one: next((told[at] for at in _above(one) if at in told), None) for one in paths.unique()}


def _above(path: str) -> Iterator[str]:
    while "|" in path:
        path = path.rpartition("|")[0]
        yield path
