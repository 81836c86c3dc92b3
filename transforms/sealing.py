"""Makes a checkpoint (:mod:`transforms.checkpoint`), lets the ledger name it, and takes erased subjects out of it."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms import bulk, checkpoint, database, store
from transforms.checkpoint import Checkpoint, Expired
from transforms.database import Databases
from transforms.run import Settings


def write(
    settings: Settings,
    night: str,
    release: int,
    through: Mapping[str, str],
    batches: Mapping[str, Expired],
    tables: Mapping[str, pa.Table],
) -> Checkpoint:
    """Write and seal a checkpoint; it stands when the ledger names it (:func:`stand`).

    Args:
        settings: where the lake is, and whose keys seal it.
        night: of the release.
        release: its number.
        through: source → last ``as_of`` that goes.
        batches: what went, of before too.
        tables: file name without its ending → table.
    """
    root = settings.lake / checkpoint.ROOT
    root.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".", dir=root))
    try:
        for name, table in tables.items():
            store.write_table(fresh / f"{name}.parquet", table)
        files = {path.name: store.file_sha256(path) for path in sorted(fresh.glob("*.parquet"))}
        said = {
            "night": night, "release": release, "through": dict(through), "files": files,
            "batches": [asdict(batches[name]) for name in sorted(batches)],
        }  # fmt: skip
        text = checkpoint.canonical({"told": said, "mac": checkpoint.mac_of(settings, said)}).encode()
        (fresh / checkpoint.SEAL).write_bytes(text)
        target = checkpoint.place(settings, night, hashlib.sha256(text).hexdigest())
        if not target.exists():  # else the same was sealed before
            store.lasting(fresh)
            fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return checkpoint.read(settings, target)


def stand(stores: Databases, made: Checkpoint) -> None:
    """Name a checkpoint in the ledger: from now on its deliveries are what it says of them, whatever is still held.

    Raises:
        DatabaseError: control cannot be written.
    """
    row = {"what": checkpoint.WHAT, "name": made.night, "night": made.night, "digest": made.digest}
    rows = pa.Table.from_pylist([row | {"rows": len(made.batches)}], bulk.schema_of("expired"))
    with database.writing(stores.control) as connection:
        bulk.upsert(connection, "expired", ["what", "name"], rows)


def forget(settings: Settings, stores: Databases, records: Collection[str]) -> bool:
    """Seal the checkpoint anew without these records; whether it held any.

    Raises:
        StaleInputError: the checkpoint is not as it was sealed.
        DatabaseError: control cannot be written.
    """
    found, gone = checkpoint.current(settings), pa.array(sorted(records), pa.string())
    tables, changed = {}, False
    for file in found.files:
        name = file.removesuffix(".parquet")
        table = found.table(name)
        if table is None:
            continue
        if "record_id" in table.column_names and not name.startswith("control."):  # there ids alone, as in control
            kept = table.filter(pc.invert(pc.is_in(table["record_id"], value_set=gone)))
            changed |= kept.num_rows < table.num_rows
            table = kept
        tables[name] = table
    if changed:
        made = write(settings, found.night, found.release, found.through, found.batches, tables)
        stand(stores, made)
        shutil.rmtree(found.folder)
    return changed
