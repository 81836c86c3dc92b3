"""The rows that stand in the release, read while other rooms work: ``close`` compares tonight's tables with them.

Reading a release takes as long as most rooms. What was read ahead is bound to the release by number, night and
checksum, and is a cache like any other: publish counts the checksum on from the release's own, so rows read wrongly
here cannot come to stand there.
"""

from __future__ import annotations

import shutil

import pyarrow as pa

from transforms import database, manifest, store
from transforms.account.books import current_tables
from transforms.account.delta import empty, published
from transforms.run import Run

_ROOM, _PART = "account", "standing"
_BOUND = ["release", "night", "checksum"]


def read_ahead(run: Run) -> None:
    """Keep the release's current rows in ``account/standing/``; nothing before the first release."""
    bound = _bound(run)
    if bound["release"] == "0":
        return
    with store.output(store.night_dir(run, _ROOM, _PART)) as folder:
        for name, table in current_tables(run):
            store.write_table(folder / f"{name}.parquet", table)
        manifest.write(folder, _ROOM, bound)


def standing_tables(run: Run) -> dict[str, pa.Table]:
    """Published table → the rows that stand in the current release, sorted by key; none before the first release."""
    bound = _bound(run)
    if bound["release"] == "0":
        return {name: empty(name) for name in published()}
    folder = store.night_dir(run, _ROOM, _PART)
    if manifest.fresh(folder, _ROOM, bound) is None:
        return dict(current_tables(run))
    return {name: store.read_table(folder / f"{name}.parquet").cast(empty(name).schema) for name in published()}


def forget(run: Run) -> None:
    """Remove what was read ahead: the next release has other rows."""
    shutil.rmtree(store.night_dir(run, _ROOM, _PART), ignore_errors=True)


def _bound(run: Run) -> dict[str, str]:
    stores = database.open_databases(run.settings)
    number = database.current_release(stores)
    if not number:
        return {"release": "0"}
    [row] = database.read(stores.release, "release", _BOUND, {"release": number}).to_pylist()
    return {name: str(value) for name, value in row.items()}
