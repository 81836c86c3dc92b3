"""The books of a night: every table of the release as it will stand, the receipts, and the release as it stands now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import sqlalchemy as sa

from transforms import bulk, database, model
from transforms import tables as catalogue
from transforms.account.crosswalk import crosswalk
from transforms.account.delta import key_of, published
from transforms.account.grids import grids
from transforms.account.ledger import ledger
from transforms.account.merged import empty, merged_tables
from transforms.account.night import Night
from transforms.account.outcome import outcome
from transforms.account.pages import Pages
from transforms.account.pieces import Pieces, in_order, of_files, of_table
from transforms.account.record import record
from transforms.run import Run

_GATHERED = {"identity": (model.IDENTITY, "entity_id"), "home": (model.HOME, "record_id")}


@dataclass(frozen=True)
class Books:
    """What a night comes to.

    Attributes:
        tables: published table → its rows as they will stand, with the catalogue's columns (``record`` has ``ordinal``
            beside them).
        receipts: name → what publish takes beside the delta (outcome, quarantine, delivery, home ...), in pieces and
            each in a total order. They are told once.
    """

    tables: dict[str, Pieces]
    receipts: dict[str, Iterator[pa.Table]]


def release_books(pages: Pages) -> Books:
    """Put a night's tables together.

    Raises:
        StaleInputError: a room's output is missing, incomplete or stale.
    """
    night = pages.night
    told = ledger(pages)
    whole = merged_tables(night)
    std_grid = whole["std_grid"].whole(key_of("std_grid"))
    old = crosswalk(night, std_grid)
    placed = grids(night.run.settings, whole, std_grid)
    shown = empty("stat_grid").schema
    tables = whole | {
        "grid_crosswalk": of_table(old.rows),
        "identity": _every(night, "identity"),
        "record": record(night),
        "stat_grid": of_table(placed.stat_grid.select(shown.names).cast(shown)),
    }
    small = {
        "outcome": outcome(pages),
        "quarantine": told.quarantine,
        "delivery": told.delivery,
        "source_state": told.source_state,
        "stat_grid": placed.stat_grid,
        "old_grid": old.old_grid,
    }
    receipts = {name: iter([table]) for name, table in small.items()}
    receipts |= {name: _gathered(night, name) for name in _GATHERED}
    return Books(tables, receipts | {"fact_grid": placed.fact_grid})


def _every(night: Night, name: str) -> Pieces:
    """A table that resolve writes per kind, of all kinds together, in no order."""
    paths = [night.night_path("resolve", kind, name) for kind in night.kinds]
    return of_files([path for path in paths if path is not None], empty(name).schema)


def _gathered(night: Night, name: str) -> Iterator[pa.Table]:
    """The same, sorted by kind and key."""
    schema, key = _GATHERED[name]
    yield schema.empty_table()
    for kind in sorted(night.kinds):
        path = night.night_path("resolve", kind, name)
        if path is not None:
            yield from in_order(path, schema, key)


def base_of(run: Run) -> tuple[int, str]:
    """The current release and its night; (0, "") before the first."""
    stores = database.open_databases(run.settings)
    number = database.current_release(stores)
    if not number:
        return 0, ""
    found = database.read(stores.release, "release", ["night"], {"release": number})
    return number, str(found["night"][0])


def current_tables(run: Run) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """The current rows of every published table, with the catalogue's columns, in pieces and in no order.

    All of one moment: each is read before the next is asked for.
    """
    stores = database.open_databases(run.settings)
    with database.reading(stores.release) as connection:
        there = set(sa.inspect(connection).get_table_names())
        for name in (name for name in published() if name in there):
            history = catalogue.load_all()[name].history
            where = {"known_to": None} if history else None
            yield name, bulk.pieces(connection, name, empty(name).schema.names, where)
