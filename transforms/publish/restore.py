"""A deployment that lost its databases and old bytes begins anew from a sealed checkpoint (docs/runbooks/retention.md).

What people decided, homes and identities are put back, and the numbers of the releases: the next release has the number
that stood when the checkpoint was made, and with the drops that were held then it is the same release. History on the
axis of releases and the feed of before are not in a checkpoint: they come back with a backup of the release database.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
from sqlalchemy.engine import Connection

from transforms import bulk, checkpoint, checksum, database, key_marks, store, tables
from transforms.checkpoint import WHAT, Checkpoint
from transforms.errors import GridfactsError
from transforms.publish import state
from transforms.publish.lock import publish_lock
from transforms.publish.schema import ensure_schema
from transforms.run import Settings


def restore(settings: Settings, folder: Path) -> Checkpoint:
    """Put a checkpoint into empty databases and an empty lake.

    Args:
        settings: of the new home, with the keys of the old one.
        folder: the checkpoint.

    Raises:
        StaleInputError: the checkpoint is not as it was sealed, or not under these keys.
        GridfactsError: ``NOT_EMPTY``: something was published here. ``NOTHING_BEFORE``: it was made of a first release.
        DatabaseError: a database refused.
    """
    key_marks.require(settings)
    made = checkpoint.read(settings, folder)
    checkpoint.verify(made)
    if made.release < 2:
        raise GridfactsError("NOTHING_BEFORE", "a checkpoint of the first release: run its nights from their drops")
    dbs = database.open_databases(settings)
    with publish_lock(dbs):
        ensure_schema(dbs)
        if state.of_database(dbs).release or database.read(dbs.control, "reconciled").num_rows:
            raise GridfactsError("NOT_EMPTY", "something was published here: restore into a new home and new databases")
        with store.output(checkpoint.place(settings, made.night, made.digest)) as fresh:
            shutil.copytree(made.folder, fresh, dirs_exist_ok=True)
        with database.writing(dbs.release) as connection:
            released = _number(connection, made)
        with database.writing(dbs.control) as connection:
            _said(connection, made, released)
        state.settle(settings, state.of_database(dbs))
    return made


def _number(connection: Connection, made: Checkpoint) -> pa.Table:
    """Identities and the releases up to the one before; of the last one the checksum of what is there now."""
    counts = dict.fromkeys(checksum.counted(), 0)
    for name in ("identity", "place_grid", "std_grid"):
        bulk.insert(connection, name, _table(made, f"release.{name}"))
    counts |= {name: _table(made, f"release.{name}").num_rows for name in ("identity", "place_grid")}
    rows = [row for row in _table(made, "release.release").to_pylist() if row["release"] < made.release]
    rows[-1] |= {"checksum": checksum.release_checksum(connection), "counts": json.dumps(counts, sort_keys=True)}
    released = pa.Table.from_pylist(rows, bulk.schema_of("release"))
    bulk.insert(connection, "release", released)
    return released


def _said(connection: Connection, made: Checkpoint, released: pa.Table) -> None:
    for name in tables.of("control"):
        if (told := made.table(f"control.{name}")) is not None:
            bulk.insert(connection, name, told)
    bulk.insert(connection, "reconciled", released.select(["release", "checksum"]))
    gone = [{"what": "delivery", "name": one.batch, "rows": one.rows} for one in made.batches.values()]
    gone.append({"what": WHAT, "name": made.night, "rows": len(made.batches), "digest": made.digest})
    rows = [{"night": made.night, **row} for row in gone]
    bulk.insert(connection, "expired", pa.Table.from_pylist(rows, bulk.schema_of("expired")))


def _table(made: Checkpoint, name: str) -> pa.Table:
    found = made.table(name)
    if found is None:
        raise GridfactsError("NOT_FOUND", f"the checkpoint has no table {name}")
    return found
