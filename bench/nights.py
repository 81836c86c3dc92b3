"""Nights made for measuring, closed as account would, on what a release database holds: no source brought them."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tests.small_release import braked
from transforms import bulk, checksum, database, kinds, manifest, store, tables
from transforms.run import Run

Sides = dict[str, tuple[pa.Table, pa.Table]]  # table → rows that end, rows that begin
_SHARE = 0.01


@dataclass(frozen=True)
class Made:
    """The release a night is to be published on.

    Attributes:
        run: the night.
        base: the checksum of the release before.
        number: of the release before.
        source: a home, of which the last night's homes are handed over.
    """

    run: Run
    base: str
    number: int
    source: Path


def small_night(made: Made) -> str:
    """One person in a hundred has another name; returns the checksum that follows."""
    some = _some(made, "fact_person")
    return _close(made, {"fact_person": (some, _other("fact_person", some))})


def wide_night(made: Made) -> str:
    """One record in a hundred is delivered anew, one row in a hundred of all else is another; returns the checksum.

    The version of a record that stood is superseded, as account tells it; a place lies in a neighbour's grid, grids are
    as they were, whatever has a name has another, of the rest the day from which it holds is.
    """
    sides: Sides = {}
    for name in checksum.counted():
        if name in ("identity", "std_grid", "stat_grid"):
            continue
        some = _some(made, name)
        if name == "place_grid":
            some = some.filter(pc.equal(some["cut"], pc.max(some["cut"])))
        sides[name] = (some, _anew(made, some) if name == "record" else _other(name, some))
    return _close(made, sides)


def recut_night(made: Made) -> str:
    """The grids are cut anew, each as it was: places of the cut before go on beside; returns the checksum."""
    sides: Sides = {}
    with database.reading(database.open_databases(made.run.settings).release) as connection:
        for name in ("std_grid", "place_grid", "building_grid", "stat_grid"):
            table = tables.load_all()[name]
            rows = bulk.select(connection, name, table.facts.names, {"known_to": None} if table.history else None)
            if name != "std_grid" and rows.num_rows:
                rows = rows.filter(pc.equal(rows["cut"], pc.max(rows["cut"])))
            anew = _set(rows, "cut", pa.array([made.run.night] * rows.num_rows, pa.string()))
            sides[name] = (rows.slice(0, 0) if name == "place_grid" else rows, anew)
    return _close(made, sides)


def same_night(made: Made) -> str:
    """A night after which everything is as it was; returns the same checksum."""
    return _close(made, {})


def _some(made: Made, name: str) -> pa.Table:
    """One current row in a hundred, by chance; of records only those that stand in an entity."""
    table, chance = tables.load_all()[name], np.random.default_rng([made.number, *name.encode()])
    where = {"known_to": None} if table.history else {"state": "merged"} if name == "record" else None
    with database.reading(database.open_databases(made.run.settings).release) as connection:
        pieces = bulk.pieces(connection, name, table.facts.names, where)
        found = [piece.filter(pa.array(chance.random(piece.num_rows) < _SHARE)) for piece in pieces]
    return _sorted(name, pa.concat_tables([*found, bulk.schema_of(name, table.facts.names).empty_table()]))


def _other(name: str, rows: pa.Table) -> pa.Table:
    """The same keys with something else told of them."""
    if name == "place_grid":
        there = pc.is_valid(rows["grid_id"])
        grids = rows["grid_id"].drop_null().combine_chunks()
        if len(grids):
            neighbours = pa.concat_arrays([grids[1:], grids[:1]])
            rows = _set(
                rows,
                "grid_id",
                pc.replace_with_mask(rows["grid_id"].combine_chunks(), there.combine_chunks(), neighbours),
            )
    elif "name" in rows.column_names:
        rows = _set(rows, "name", pc.binary_join_element_wise(rows["name"], "改", ""))
    later = pc.add(rows["valid_from"].cast(pa.int32()), pa.scalar(1, pa.int32()))
    return _set(rows, "valid_from", later.cast(pa.date32()))


def _anew(made: Made, rows: pa.Table) -> pa.Table:
    """What is told of records when a delivery brings them anew."""
    was = _set(rows, "state", pa.array(["superseded"] * rows.num_rows, pa.string()))
    now = _set(rows, "batch", pc.binary_join_element_wise(rows["batch"], made.run.night, "-"))
    return _sorted("record", pa.concat_tables([was, now]))


def _set(rows: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    at = rows.schema.get_field_index(name)
    return rows.set_column(at, rows.schema.field(at), values)


def _sorted(name: str, rows: pa.Table) -> pa.Table:
    return rows.sort_by([(key, "ascending") for key in tables.load_all()[name].key])


def _close(made: Made, sides: Sides) -> str:
    with database.reading(database.open_databases(made.run.settings).release) as connection:
        asked = sa.text("SELECT counts FROM release ORDER BY release DESC LIMIT 1")
        counts = json.loads(str(connection.scalar(asked)))
    counts |= {name: counts.get(name, 0) + now.num_rows - was.num_rows for name, (was, now) in sides.items()}
    ended, begun = ({name: side[at] for name, side in sides.items()} for at in (0, 1))
    after = checksum.advance(made.base, ended, begun)
    told = {"night": made.run.night, "base_release": made.number, "counts": counts, "checksum": after}
    with store.output(store.night_dir(made.run, "account", "release")) as folder:
        for name, (was, now) in sides.items():
            for part, rows in (("close", was.select(tables.load_all()[name].key)), ("open", now)):
                if rows.num_rows:
                    store.write_table(folder / f"{name}.{part}.parquet", rows)
        if (events := _events(made, sides)).num_rows:
            store.write_table(folder / "change.parquet", events)
        (folder / "release.json").write_text(json.dumps(told), "utf-8")
        shutil.copy(max((made.source / "lake" / "night").glob("*/account/release")) / "home.parquet", folder)
        manifest.write(folder, "account", {})
    braked(made.run)
    return after


def _events(made: Made, sides: Sides) -> pa.Table:
    """An event for each entity whose fact is another."""
    found = [
        pa.schema([(name, pa.string()) for name in ("kind", "entity_id", "event", "fields", "other_id")]).empty_table()
    ]
    for kind, one in sorted(kinds.load_all(made.run.settings.expectations).items()):
        if one.table in sides and tables.load_all()[one.table].history:
            ids = sides[one.table][1][tables.load_all()[one.table].key[0]]
            told = {"kind": kind, "event": "update", "fields": "valid_from", "other_id": None}
            columns = {name: pa.array([value] * len(ids), pa.string()) for name, value in told.items()}
            found.append(pa.table(columns | {"entity_id": ids}).select(found[0].column_names))
    return pa.concat_tables(found)
