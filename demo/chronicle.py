"""What happened on every night, as the truth's own table: events of the city and of the files."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from demo.draw import Ints, Texts, opaque
from demo.events import FOREVER
from demo.press import Written
from demo.world import FIRST_NIGHT, State, World

SCHEMA = pa.schema([(name, pa.string()) for name in ("night", "event", "kind", "entity", "detail")])
MISSING = {"xiaofang_sheshi": 2}  # sources that should have sent on a night and did not
_PERSON = {"birth": "born_night", "death": "dead_night", "left": "left_night", "move": "move_night",
           "marriage": "marry_night"}  # fmt: skip
_ORGANIZATION = {"founded": "from_night", "renamed": "rename_night", "closed": "close_night",
                 "moved": "move_night"}  # fmt: skip


def day(night: int) -> str:
    """The calendar day of a night."""
    return (FIRST_NIGHT + timedelta(days=night - 1)).isoformat()


def _rows(world: World, event: str, kind: str, nights: Ints, last: int, detail: Texts | None = None) -> pd.DataFrame:
    """An event of every entity of a kind whose night is one of the later ones."""
    at = np.flatnonzero((nights > 1) & (nights <= last)).astype(np.int64)
    return pd.DataFrame({
        "night": [day(n) for n in nights[at].tolist()], "event": event, "kind": kind,
        "entity": opaque(world.seed, kind, at), "detail": "" if detail is None else detail[at],
    })  # fmt: skip


def of_world(world: World, nights: int) -> pd.DataFrame:
    """Events of persons, buildings, roads, organizations and grids after the first night."""
    persons, organizations, buildings = world.people.persons, world.organizations, world.places.buildings
    parts = [_rows(world, event, "person", persons[name].to_numpy(), nights) for event, name in _PERSON.items()]
    parts += [
        _rows(world, e, "organization", organizations[name].to_numpy(), nights) for e, name in _ORGANIZATION.items()
    ]
    into = organizations["merged_into"].to_numpy()
    merged = np.where(into >= 0, organizations["close_night"].to_numpy(), 0)
    successor = opaque(world.seed, "organization", np.maximum(into, 0).astype(np.int64))
    parts.append(_rows(world, "merged", "organization", merged, nights, successor))
    parts.append(_rows(world, "built", "building", buildings["from_night"].to_numpy(), nights))
    until = np.where(buildings["until_night"] < FOREVER, buildings["until_night"], 0)
    parts.append(_rows(world, "demolished", "building", until, nights))
    names = (buildings["road"] + " → " + buildings["new_road"]).to_numpy(dtype=object)
    parts.append(_rows(world, "road_renamed", "building", buildings["road_night"].to_numpy(), nights, names))
    grids = world.grids.table
    codes = grids["code"].to_numpy(dtype=object)
    parts.append(_rows(world, "grid_cut", "grid", grids["from_night"].to_numpy(), nights, codes))
    ended = np.where(grids["until_night"] < FOREVER, grids["until_night"], 0)
    parts.append(_rows(world, "grid_ended", "grid", ended, nights, codes))
    return pd.concat(parts, ignore_index=True)


class FileWatch:
    """Notices what is unusual about the files of a night beside those before."""

    def __init__(self) -> None:
        """Nothing has been delivered yet."""
        self._latest: dict[str, str] = {}
        self._headings: dict[str, list[str]] = {}
        self.rows: list[tuple[str, str, str, str, str]] = []

    def see(self, state: State, file: Written) -> None:
        """Note a file: broken, corrected, late, out of order, or with other columns than the one before."""
        if file.fault:
            self._note(state, "file_broken", file.source, f"{file.fault} {file.file}")
            return
        before = self._latest.get(file.source, "")
        if file.correction:
            self._note(state, "file_corrected", file.source, file.file)
        elif file.as_of < state.day.strftime("%Y%m%d"):
            self._note(state, "file_late", file.source, file.file)
        if file.as_of < before and not file.correction:
            self._note(state, "file_out_of_order", file.source, file.file)
        known = self._headings.get(file.source, file.headings)
        if changed := sorted(set(known) ^ set(file.headings)):
            self._note(state, "columns_changed", file.source, " ".join(changed))
        elif known != file.headings:
            self._note(state, "columns_reordered", file.source, file.file)
        self._headings[file.source] = file.headings
        self._latest[file.source] = max(file.as_of, before)

    def close_night(self, state: State) -> None:
        """Note the sources that should have sent and did not."""
        for source in sorted(name for name, night in MISSING.items() if night == state.night):
            self._note(state, "file_missing", source, "")

    def _note(self, state: State, event: str, source: str, detail: str) -> None:
        self.rows.append((state.day.isoformat(), event, "source", source, detail))


def table(world: World, nights: int, watch: FileWatch) -> pa.Table:
    """All events in a fixed order."""
    files = pd.DataFrame(watch.rows, columns=SCHEMA.names)
    every = pd.concat([of_world(world, nights), files], ignore_index=True).sort_values(SCHEMA.names, ignore_index=True)
    return pa.Table.from_pandas(every, schema=SCHEMA, preserve_index=False).replace_schema_metadata(None)
