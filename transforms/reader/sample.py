"""A release to develop against: the database, every consumer's export and copy, what it all means; nothing secret.

Made of a made-up city only (``gridfacts demo release``), under keys that are thrown away: what is read here opens
nothing anywhere else.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import sqlite3
from pathlib import Path

from transforms import database, store, tables
from transforms.errors import GridfactsError
from transforms.reader import dictionary, export, follow
from transforms.reader.package import Package
from transforms.reader.replica import Replica
from transforms.run import Settings

_README = """# A gridfacts release to develop against

Made up: every person, number, address and organization in it is synthetic (county 449991, phones 154...), made by
`gridfacts demo release`. Names, types and events are as in production; ids and tokens were made under keys that are
gone.

| file | what it is |
|---|---|
| `release.db` | SQLite, {releases} releases; read the views: `sqlite3 -readonly release.db "SELECT * FROM v1_source"` |
| `promise.yml` | what `v1` promises: every column, its type, the day on which a deprecated one may go |
| `dictionary.html` | what every table and column means |
| `<consumer>/export/` | what a rights package gives as files, with its own dictionary |
| `<consumer>/copy.db` | a copy that follows the consumer's feed (`gridfacts feed pull --consumer`), at the end |

`release.db` is what an operator sees. A consumer gets an export or a copy, with tokens where ids of persons stand:
build on those. The vault of document numbers is empty here.
"""


def write(settings: Settings, packages: dict[str, Package], out: Path, who: str, today: dt.date) -> list[str]:
    """Write the sample below ``out``, whole or not at all.

    Args:
        settings: a home of a made-up city on SQLite, with its releases.
        packages: whose exports and copies; rights that have ended are left out.
        out: a folder that does not exist yet.
        who: stands in the audit of that home.
        today: the day on which the rights must still hold.

    Returns:
        The files written, sorted.

    Raises:
        ValueError: the databases are not on SQLite.
        GridfactsError: ``NO_RELEASE``; ``EXISTS``.
    """
    dbs = database.open_databases(settings)
    if dbs.release_file is None:
        raise ValueError("a sample is made of a home on SQLite")
    if out.exists():
        raise GridfactsError("EXISTS", f"{out} is there already; a sample is written once")
    with store.output(out) as folder:
        _copied(dbs.release_file, folder / "release.db")
        shutil.copyfile(tables.SQL / "promise.yml", folder / "promise.yml")
        (folder / "dictionary.html").write_text(dictionary.render(settings.expectations), "utf-8")
        for name, package in packages.items():
            if package.expires >= today:
                export.export(settings, package, folder / name / "export", ("parquet", "csv"), who, today)
                with database.reading(dbs.release) as connection:
                    source = follow.source(connection, settings, package, lambda _rows: None, today)
                    copy = Replica(folder / name / "copy.db", source.shapes)
                    copy.pull(source)
                    copy.close()
        told = _README.format(releases=database.current_release(dbs))
        (folder / "README.md").write_text(told, "utf-8")
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


def _copied(release: Path, path: Path) -> None:
    """The release database as one file, its vault empty in every page."""
    with contextlib.closing(sqlite3.connect(f"file:{release.resolve()}?mode=ro", uri=True)) as connection:
        connection.execute("VACUUM INTO ?", (str(path),))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM vault_identifier")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("VACUUM")
