"""The doors of the release: published = tonight's tables, the feed replays to the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from transforms import checksum, database
from transforms.account.books import Books, base_of
from transforms.account.delta import key_of
from transforms.account.doors_source import differ
from transforms.account.night import Night
from transforms.account.outcome import OUTCOME
from transforms.account.pieces import Pieces
from transforms.account.settle import compared
from transforms.account.standing import standing_tables
from transforms.engine import Engine

_HERE = Path(__file__).parent
_KEY = pa.schema([("kind", pa.string()), ("entity_id", pa.string())])


def release_doors(night: Night, engine: Engine, books: Books) -> Iterator[str]:
    """Findings on the release database: its tables against tonight's, its checksum, its ledger, its feed."""
    number, published_night = base_of(night.run)
    if not number:
        return
    with standing_tables(night.run, ahead=False) as current:
        if published_night == night.run.night:
            yield from _published(night, engine, books, current)
        yield from _feed(night, engine, current)
        stores = database.open_databases(night.run.settings)
        told = database.read(stores.release, "release", ["checksum"], {"release": number})["checksum"][0].as_py()
        if _checksum(current) != told:
            yield f"publish release {number}: its rows do not give the checksum it was published with"


def _checksum(current: Mapping[str, Pieces]) -> str:
    total = checksum.EMPTY
    for name, rows in current.items():
        for piece in rows.each():
            total = checksum.advance(total, {}, {name: piece})
    return total


def _published(night: Night, engine: Engine, books: Books, current: Mapping[str, Pieces]) -> Iterator[str]:
    for name, tonight in sorted(books.tables.items()):
        for source, (lost, strange) in sorted(_by_source(night, name, tonight, current[name]).items()):
            yield f"publish {source or name}: table {name} lacks {lost} rows of tonight and holds {strange} others"
    stores = database.open_databases(night.run.settings)
    ledger = database.read(stores.control, "outcome", OUTCOME.names)
    [outcome] = books.receipts["outcome"]
    if differ(engine, outcome, ledger) != (0, 0):
        missing, extra = (Counter(engine.table(name)["source"].to_pylist()) for name in ("missing", "extra"))
        for source in sorted({*missing, *extra}):
            told = f"lacks {missing[source]} outcomes of tonight and holds {extra[source]} others"
            yield f"publish {source}: the ledger {told}"


def _by_source(night: Night, name: str, tonight: Pieces, current: Pieces) -> dict[str, tuple[int, int]]:
    """Source (or "" where rows name none) → (missing, extra) rows of a published table; empty where all are there."""
    lost: Counter[str] = Counter()
    strange: Counter[str] = Counter()
    for _, delta in compared(night, name, current, tonight):
        for count, rows in ((lost, delta.begun), (strange, delta.ended)):
            sources = rows["source"].to_pylist() if "source" in rows.column_names else [""] * rows.num_rows
            count.update(sources)
    return {source: (lost[source], strange[source]) for source in {*lost, *strange}}


def _feed(night: Night, engine: Engine, current: Mapping[str, Pieces]) -> Iterator[str]:
    """The feed's numbers have no gap, and replayed from the first release it gives the current keys."""
    stores = database.open_databases(night.run.settings)
    change = database.read(stores.release, "change", ["seq", "kind", "entity_id", "event"])
    keys = [_KEY.empty_table()]
    for kind, name in ((kind, told.table) for kind, told in night.kinds.items() if told.table in current):
        for piece in current[name].each(key_of(name)[:1]):
            keys.append(pa.table([pa.repeat(pa.scalar(kind), piece.num_rows), piece.column(0)], schema=_KEY))
    tables = {"change": change, "current_key": pa.concat_tables(keys)}
    for row in engine.run(_HERE / "door_feed.sql", tables).to_pylist():
        yield f"publish {row['source'] or 'change'}: {row['n']} {row['what']}"
