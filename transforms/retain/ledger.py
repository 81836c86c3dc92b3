"""Control is told what went: the ledger says *expired*, and names the checkpoint of what was kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk, database, tables
from transforms.checkpoint import Checkpoint
from transforms.database import Databases
from transforms.model import RowState


@dataclass(frozen=True)
class Gone:
    """Something whose time is over: its class, its name, and how many rows or files it has."""

    what: str
    name: str
    rows: int
    digest: str | None = None


def tell(stores: Databases, night: str, gone: Iterable[Gone]) -> None:
    """Write down what went.

    Raises:
        DatabaseError: control cannot be written.
    """
    with database.writing(stores.control) as connection:
        _tell(connection, night, gone)


def tell_deliveries(stores: Databases, made: Checkpoint, outcome: pa.Table) -> None:
    """Say *expired* of deliveries and of their rows that stand nowhere.

    Args:
        stores: the databases.
        made: the checkpoint.
        outcome: the ledger's rows of its deliveries (table ``outcome``).

    Raises:
        DatabaseError: control cannot be written.
    """
    with database.writing(stores.control) as connection:
        known = {row["name"] for row in bulk.select(connection, "expired", ["name"], {"what": "delivery"}).to_pylist()}
        fresh = [one for name, one in sorted(made.batches.items()) if name not in known]
        _tell(connection, made.night, [Gone("delivery", one.batch, one.rows) for one in fresh])
        bulk.upsert(connection, "outcome", tables.load_all()["outcome"].key, outcome)
        state = sa.text("UPDATE delivery SET state = :state WHERE batch = :batch")
        for one in fresh:
            connection.execute(state, {"state": RowState.EXPIRED.value, "batch": one.batch})


def forget_quarantine(stores: Databases, made: Checkpoint, before: str, *, dry: bool) -> list[Gone]:
    """Rows in quarantine of deliveries that went, told by ``before``: per batch how many.

    Raises:
        DatabaseError: control cannot be read or written.
    """
    columns = ["batch", "since"]
    rows = database.read(stores.control, "quarantine", columns).to_pylist()
    mine = [row["batch"] for row in rows if row["batch"] in made.batches and str(row["since"]) <= before]
    found = [Gone("quarantine", batch, mine.count(batch)) for batch in sorted(set(mine))]
    if found and not dry:
        with database.writing(stores.control) as connection:
            text = sa.text("DELETE FROM quarantine WHERE batch = :batch AND since <= :before")
            for one in found:
                connection.execute(text, {"batch": one.name, "before": before})
            _tell(connection, made.night, found)
    return found


def _tell(connection: Connection, night: str, gone: Iterable[Gone]) -> None:
    rows = [{"what": o.what, "name": o.name, "night": night, "rows": o.rows, "digest": o.digest} for o in gone]
    if rows:
        bulk.upsert(connection, "expired", ["what", "name"], pa.Table.from_pylist(rows, bulk.schema_of("expired")))
