"""The doors of the release: published = tonight's tables, the feed replays to the tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from transforms import checksum, database
from transforms.account.books import Books, base_of, current_tables
from transforms.account.changes import entity_tables
from transforms.account.cuts import beside_the_cut_before
from transforms.account.delta import key_of
from transforms.account.doors_source import differ
from transforms.account.night import Night
from transforms.account.outcome import OUTCOME
from transforms.engine import Engine

_HERE = Path(__file__).parent


def release_doors(night: Night, engine: Engine, books: Books) -> Iterator[str]:
    """Findings on the release database: its tables against tonight's, its checksum, its ledger, its feed."""
    number, published_night = base_of(night.run)
    if not number:
        return
    current = dict(current_tables(night.run))
    if published_night == night.run.night:
        yield from _published(night, engine, books, current)
    yield from _feed(night, engine, current)
    stores = database.open_databases(night.run.settings)
    told = database.read(stores.release, "release", ["checksum"], {"release": number})["checksum"][0].as_py()
    with database.reading(stores.release) as connection:
        if checksum.release_checksum(connection) != told:
            yield f"publish release {number}: its rows do not give the checksum it was published with"


def _published(night: Night, engine: Engine, books: Books, current: dict[str, pa.Table]) -> Iterator[str]:
    for name, table in beside_the_cut_before(books.tables, current).items():
        for source, lost, strange in _by_source(engine, table, current[name]):
            if lost or strange:
                yield f"publish {source or name}: table {name} lacks {lost} rows of tonight and holds {strange} others"
    stores = database.open_databases(night.run.settings)
    ledger = database.read(stores.control, "outcome", OUTCOME.names)
    for source, lost, strange in _by_source(engine, books.receipts["outcome"], ledger):
        if lost or strange:
            yield f"publish {source}: the ledger lacks {lost} outcomes of tonight and holds {strange} others"


def _by_source(engine: Engine, expected: pa.Table, actual: pa.Table) -> Iterator[tuple[str, int, int]]:
    """(source or "", missing, extra): by source where the rows name one."""
    if "source" not in expected.column_names:
        yield "", *differ(engine, expected, actual)
        return
    if differ(engine, expected, actual) == (0, 0):
        return
    lost, strange = engine.table("missing")["source"].to_pylist(), engine.table("extra")["source"].to_pylist()
    for source in sorted({*lost, *strange}):
        yield source, lost.count(source), strange.count(source)


def _feed(night: Night, engine: Engine, current: dict[str, pa.Table]) -> Iterator[str]:
    """The feed's numbers have no gap, and replayed from the first release it gives the current keys."""
    stores = database.open_databases(night.run.settings)
    change = database.read(stores.release, "change", ["seq", "kind", "entity_id", "event"])
    schema = pa.schema([("kind", pa.string()), ("entity_id", pa.string())])
    keys = [schema.empty_table()]
    for kind, name in entity_tables(night, current):
        ids = current[name][key_of(name)[0]]
        keys.append(pa.table({"kind": pa.array([kind] * len(ids), pa.string()), "entity_id": ids}).cast(schema))
    tables = {"change": change, "current_key": pa.concat_tables(keys)}
    for row in engine.run(_HERE / "door_feed.sql", tables).to_pylist():
        yield f"publish {row['source'] or 'change'}: {row['n']} {row['what']}"
