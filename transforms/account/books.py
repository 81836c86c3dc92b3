"""The books of a night: every table of the release as it will stand, the receipts, and the release as it stands now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from transforms import database, model
from transforms import tables as catalogue
from transforms.account.crosswalk import crosswalk
from transforms.account.delta import merged_tables, published, shaped
from transforms.account.grids import grids
from transforms.account.ledger import ledger
from transforms.account.night import Night
from transforms.account.outcome import outcome
from transforms.account.pages import Pages
from transforms.run import Run


@dataclass(frozen=True)
class Books:
    """What a night comes to.

    Attributes:
        tables: published table → its rows as they will stand, with the catalogue's columns, sorted by key.
        receipts: name → what publish takes beside the delta (outcome, quarantine, delivery, home ...).
    """

    tables: dict[str, pa.Table]
    receipts: dict[str, pa.Table]


def release_books(pages: Pages) -> Books:
    """Put a night's tables together.

    Raises:
        StaleInputError: a room's output is missing, incomplete or stale.
    """
    night = pages.night
    told = ledger(pages)
    whole = merged_tables(night)
    placed = grids(night.run.settings, whole)
    old = crosswalk(night, whole["std_grid"])
    identity = _gathered(night, "identity", model.IDENTITY, "entity_id")
    tables = whole | {
        "grid_crosswalk": shaped("grid_crosswalk", old.rows),
        "identity": shaped("identity", identity),
        "record": shaped("record", told.record),
        "stat_grid": shaped("stat_grid", placed.stat_grid),
    }
    receipts = {
        "record": told.record,
        "outcome": outcome(pages),
        "quarantine": told.quarantine,
        "delivery": told.delivery,
        "source_state": told.source_state,
        "identity": identity,
        "stat_grid": placed.stat_grid,
        "fact_grid": placed.fact_grid,
        "old_grid": old.old_grid,
        "home": _gathered(night, "home", model.HOME, "record_id"),
    }
    return Books(tables, receipts)


def _gathered(night: Night, name: str, schema: pa.Schema, key: str) -> pa.Table:
    """A table that resolve writes per kind, of all kinds together."""
    found = [night.of_night("resolve", kind, name) for kind in night.kinds]
    parts = [table.select(schema.names).cast(schema) for table in found if table is not None]
    whole = pa.concat_tables([schema.empty_table(), *parts])
    return whole.sort_by([("kind", "ascending"), (key, "ascending")]).combine_chunks()


def base_of(run: Run) -> tuple[int, str]:
    """The current release and its night; (0, "") before the first."""
    stores = database.open_databases(run.settings)
    number = database.current_release(stores)
    if not number:
        return 0, ""
    found = database.read(stores.release, "release", ["night"], {"release": number})
    return number, str(found["night"][0])


def current_tables(run: Run) -> Iterator[tuple[str, pa.Table]]:
    """The current rows of every published table, with the catalogue's columns, sorted by key; table by table."""
    stores = database.open_databases(run.settings)
    for name in published():
        history = catalogue.load_all()[name].history
        yield name, shaped(name, database.read(stores.release, name, where={"known_to": None} if history else None))
