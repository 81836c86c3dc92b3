"""Doors that several departments name and no register knows: proposed for the address library, for a person to look at.

A register (a source whose contract says ``authority_for: [text]``) makes a door valid by naming it; until one does, the
door stays proposed, or until a person says that it is one (``gridfacts address judge``). Nothing is decided here, and
nothing found here feeds the library by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import pyarrow.parquet as pq

from transforms import contract as contracts
from transforms import kinds, store
from transforms.run import Run

LEAST = 2  # departments that must name a door before anybody is asked
_INSIDE = ("unit", "floor", "room")
_DOORS = ("door", "building")
_REGISTERED = "text"


@dataclass(frozen=True)
class Proposal:
    """A door nobody registered.

    Attributes:
        path: its canonical path (docs/rooms.md); never finer than the building.
        address_id: its node of the library; None where the records that name it feed no addresses.
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


def proposals(run: Run, least: int = LEAST) -> list[Proposal]:
    """What a night's records propose, those that most departments name first.

    Args:
        run: a night whose records are live.
        least: departments that must name a door.
    """
    known = contracts.load_all(run.settings.expectations)
    registers = [s for s, c in known.items() if _REGISTERED in c.registers.authority_for]
    named = pd.concat([*_named(run), _NOTHING], ignore_index=True)
    path = store.night_dir(run, "account", "live") / "address.parquet"
    texts = store.read_table(path, ["source", "path", "full_text"]).to_pandas() if path.is_file() else _NOTHING
    valid = texts[texts["source"].isin(registers)].sort_values(["path", "full_text"]).drop_duplicates("path")
    full_text = dict(zip(valid["path"], valid["full_text"], strict=True))
    named = named[~named["path"].isin({*valid["path"], *map(_roadless, valid["path"])})]
    named = named.assign(department=named["source"].map({s: c.owner.department for s, c in known.items()}))
    node = nodes_by_path(run)
    found = [
        Proposal(
            str(at), node.get(str(at)), _above(str(at), full_text), tuple(sorted(of["department"].unique())), len(of)
        )
        for at, of in named.groupby("path", sort=True)
        if of["department"].nunique() >= least
    ]
    return sorted(found, key=lambda p: (-len(p.departments), -p.records, p.path))


_NOTHING = pd.DataFrame({"source": [], "path": [], "full_text": []}, dtype=object)


def nodes_by_path(run: Run) -> dict[str, str]:
    """Path → node of the library that stands in a village, once stage place is located."""
    path = store.night_dir(run, "locate", "place") / "library.parquet"
    if not path.is_file():
        return {}
    nodes = store.read_table(path, ["path", "address_id", "village"]).to_pandas().dropna()
    return dict(zip(nodes["path"], nodes["address_id"], strict=True))


def _named(run: Run) -> Iterator[pd.DataFrame]:
    """``source path`` of the doors that live records name, one row per record and address whose village is known."""
    for name, kind in kinds.load_all(run.settings.expectations).items():
        live = store.night_dir(run, "account", "live") / f"{name}.parquet"
        if not live.is_file():
            continue
        said = [""] if name == "address" else [f"{prop}_" for prop in kind.typed("address")]
        for prefix in (p for p in said if f"{p}path" in pq.read_schema(live).names):
            rows = store.read_table(live, ["source", f"{prefix}path", f"{prefix}village"]).to_pandas().dropna()
            rows = rows.set_axis(["source", "path", "village"], axis=1)[["source", "path"]]
            doors = {path: _door(path) for path in rows["path"].unique()}
            yield rows.assign(path=rows["path"].map(doors)).dropna()


def _door(path: str) -> str | None:
    """The path cut at its door or building; None where it names neither."""
    steps = [step for step in path.split("|") if step.partition(":")[0] not in _INSIDE]
    return "|".join(steps) if steps[-1].partition(":")[0] in _DOORS else None


def _roadless(path: str) -> str:
    """The path without the road and door of its estate, as people write it."""
    village, _, _ = path.partition("|")
    return village + path[path.index("|estate:") :] if "|estate:" in path else path


def _above(path: str, full_text: dict[str, str]) -> str | None:
    while "|" in path:
        path = path.rpartition("|")[0]
        if path in full_text:
            return full_text[path]
    return None
