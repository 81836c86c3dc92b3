"""The rows that stand in the release, read while other rooms work: ``close`` compares tonight's tables with them.

Reading a release takes as long as most rooms. What was read ahead is bound to the release by number, night and
checksum, and is a cache like any other: publish counts the checksum on from the release's own, so rows read wrongly
here cannot come to stand there.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from transforms import database, manifest, store
from transforms.account.books import current_tables
from transforms.account.delta import published
from transforms.account.merged import empty
from transforms.account.pieces import Pieces, kept, of_files, of_table
from transforms.run import Run

_ROOM, _PART = "account", "standing"
_BOUND = ["release", "night", "checksum"]


def read_ahead(run: Run) -> None:
    """Keep the release's current rows in ``account/standing/``; nothing before the first release."""
    bound = _bound(run)
    if bound["release"] == "0":
        return
    with store.output(store.night_dir(run, _ROOM, _PART)) as folder:
        for name, told in current_tables(run):
            store.write_pieces(folder / f"{name}.parquet", itertools.chain([empty(name)], told))
        manifest.write(folder, _ROOM, bound)


@contextlib.contextmanager
def standing_tables(run: Run, *, ahead: bool = True) -> Iterator[dict[str, Pieces]]:
    """Published table → the rows that stand in the current release, in no order; none before the first release.

    Args:
        run: the night.
        ahead: what was read ahead of the same release will do.
    """
    bound = _bound(run)
    tables = {name: of_table(empty(name)) for name in published()}
    if bound["release"] == "0":
        yield tables
        return
    folder = store.night_dir(run, _ROOM, _PART)
    if ahead and manifest.fresh(folder, _ROOM, bound) is not None:
        paths = {name: folder / f"{name}.parquet" for name in published()}
        yield tables | {name: of_files([path], empty(name).schema) for name, path in paths.items() if path.is_file()}
        return
    spill = run.settings.home / "tmp"
    spill.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="standing.", dir=spill) as place:
        for name, told in current_tables(run):
            tables[name] = kept(empty(name).schema, told, Path(place) / name)
        yield tables


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
