"""Back to the release before: a bundle of the opposite rows, which publish then makes a release like any other.

Tables with history hold what ended; of the others publish keeps the rows it removes (``lake/undo``), for the last
release only. Nothing is computed anew: what comes back are the rows that were there.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk, checksum, database, kinds, manifest, store, tables
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.publish import bundle as bundles
from transforms.publish.bundle import Bundle
from transforms.publish.state import State
from transforms.run import Settings
from transforms.tables import Table

_REMEDY = "remedy: go on from here: 'gridfacts drop recall' what was wrong, then run the night again"
Sides = dict[str, tuple[pa.Table, pa.Table]]  # table → rows that end, rows that begin


def keep(settings: Settings, release: int, gone: dict[str, pa.Table]) -> None:
    """Keep what a release removed from tables without history, before it is committed."""
    with store.output(_folder(settings, release)) as folder:
        for name, rows in gone.items():
            store.write_table(folder / f"{name}.parquet", rows)
        manifest.write(folder, "publish", {})
    for old in _folder(settings, 0).parent.iterdir():
        if old.name < f"{release - 1:06d}":
            shutil.rmtree(old, ignore_errors=True)


def bundle(settings: Settings, dbs: Databases, now: State) -> Bundle:
    """Write the bundle that leads from the last release to the content of the one before.

    Raises:
        GridfactsError: ``NOTHING_BEFORE``: there is no release before; ``ROLLED_BACK``: the last release is a rollback
            itself; ``UNDO_LOST``: the lake no longer holds what the last release removed.
    """
    if now.release < 2:
        raise GridfactsError("NOTHING_BEFORE", f"release {now.release} has none before it to go back to")
    if bundles.rollback_folder(settings, now.release).is_dir():
        raise GridfactsError("ROLLED_BACK", f"release {now.release} is a rollback itself: run the right night instead")
    if manifest.Manifest.read(_folder(settings, now.release)) is None:
        told = f"the lake does not hold what release {now.release} removed: it erased somebody, or the lake lost it"
        raise GridfactsError("UNDO_LOST", f"{told}; {_REMEDY}")
    with database.reading(dbs.release) as connection:
        sides = {name: _sides(settings, connection, table, now.release) for name, table in checksum.counted().items()}
        text = sa.text("SELECT night FROM release WHERE release = :number")
        night = str(connection.scalar(text, {"number": now.release - 1}))
        sources = bulk.select(connection, "source_state", where={"release": now.release - 1})
    with store.output(bundles.rollback_folder(settings, now.release + 1)) as folder:
        for name, (ended, begun) in sides.items():
            table = tables.load_all()[name]
            store.write_table(folder / f"{name}.close.parquet", ended.select(table.key))
            store.write_table(folder / f"{name}.open.parquet", begun.select(table.facts.names))
        store.write_table(folder / "change.parquet", _events(settings, sides))
        store.write_table(folder / "source_state.parquet", sources.drop_columns(["release"]))
        (folder / "release.json").write_text(_told(night, now, sides), "utf-8")
        manifest.write(folder, "publish", {})
    return bundles.released(settings, night, now.release + 1)


def _folder(settings: Settings, release: int) -> Path:
    return settings.lake / "undo" / f"{release:06d}"


def _told(night: str, now: State, sides: Sides) -> str:
    ended = {name: rows for name, (rows, _) in sides.items()}
    begun = {name: rows for name, (_, rows) in sides.items()}
    told = {
        "night": night, "base_release": now.release, "checksum": checksum.advance(now.checksum, ended, begun),
        "counts": {name: now.counts[name] - len(ended[name]) + len(begun[name]) for name in sides},
    }  # fmt: skip
    return json.dumps(told, sort_keys=True)


def _sides(settings: Settings, connection: Connection, table: Table, release: int) -> tuple[pa.Table, pa.Table]:
    """The rows of one table that end and begin."""
    if table.history:
        ended = bulk.select(connection, table.table, where={"known_from": release, "known_to": None})
        return ended, bulk.select(connection, table.table, where={"known_to": release})
    path = _folder(settings, release) / f"{table.table}.parquet"
    gone = store.read_table(path) if path.exists() else table.schema.empty_table()
    opened = bundles.released(settings, _night(connection, release), release).opened(table.table)
    ended = _standing(connection, table, opened.select(table.key)) if opened is not None else table.schema.empty_table()
    if table.table != "identity":
        return ended, gone
    minted = _retired(ended.filter(pc.equal(ended["minted_release"], release)), release + 1)
    return ended, pa.concat_tables([gone, minted]).sort_by("entity_id")


def _standing(connection: Connection, table: Table, keys: pa.Table) -> pa.Table:
    """The rows that stand under these keys, sorted by key: a city's table is not read for the few that came."""
    bulk.stage(connection, "begun_rows", table.table, keys)
    same = " AND ".join(f'one."{key}" = begun."{key}"' for key in table.key)
    listed = bulk.listed(table.schema.names, "one")
    text = f'SELECT {listed} FROM begun_rows AS begun INNER JOIN "{table.table}" AS one ON {same}'  # noqa: S608
    found = list(bulk.query(connection, text, table.schema))
    return pa.concat_tables([table.schema.empty_table(), *found]).sort_by([(key, "ascending") for key in table.key])


def _night(connection: Connection, release: int) -> str:
    return str(connection.scalar(sa.text("SELECT night FROM release WHERE release = :r"), {"r": release}))


def _retired(minted: pa.Table, release: int) -> pa.Table:
    """Every identity ever minted stays known: these retire, pointing nowhere."""
    rows = [row | {"state": "retired", "retired_release": release, "signpost": None} for row in minted.to_pylist()]
    return pa.Table.from_pylist(rows, minted.schema)


def _events(settings: Settings, sides: Sides) -> pa.Table:
    """What is told to those who follow: an entity comes back, goes, or has other fields."""
    found: list[dict[str, str | None]] = []
    for kind, one in sorted(kinds.load_all(settings.expectations).items()):
        if one.table not in sides or not tables.load_all()[one.table].history:
            continue
        key = tables.load_all()[one.table].key[0]
        ended, begun = ({row[key]: row for row in side.to_pylist()} for side in sides[one.table])
        for entity in sorted({*ended, *begun}):
            event = "return" if entity not in ended else "retire" if entity not in begun else "update"
            differ = [
                n
                for n in tables.load_all()[one.table].facts.names
                if ended.get(entity, {}).get(n) != begun.get(entity, {}).get(n)
            ]
            fields = "|".join(differ) if event == "update" else None
            found.append({"kind": kind, "entity_id": entity, "event": event, "fields": fields, "other_id": None})
    names = [name for name in tables.load_all()["change"].schema.names if name not in ("seq", "release")]
    return pa.Table.from_pylist(found, pa.schema([(name, pa.string()) for name in names]))
