"""What account left for publish: ``night/<night>/account/release/``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from transforms import manifest, store, tables
from transforms.errors import GridfactsError, StaleInputError
from transforms.manifest import Manifest
from transforms.run import Settings

_ACCOUNT = "account"


@dataclass(frozen=True)
class Bundle:
    """One night's release as account computed it.

    Attributes:
        base: the release number the delta was computed against.
        checksum: the release checksum the database must have afterwards.
        counts: table → its current rows afterwards.
        rows: file name → rows, as the manifest tells.
    """

    folder: Path
    night: str
    base: int
    checksum: str
    counts: dict[str, int]
    rows: dict[str, int]

    def closed(self, table: str) -> pa.Table | None:
        """Keys of the current rows that end, or None where none does."""
        keys = tables.load_all()[table].key
        return self._table(f"{table}.close", tables.load_all()[table], keys)

    def opened(self, table: str) -> pa.Table | None:
        """Whole rows that begin, without ``known_*``, or None where none does."""
        found = tables.load_all()[table]
        return self._table(f"{table}.open", found, found.facts.names)

    def receipt(self, table: str, *without: str) -> pa.Table | None:
        """Rows of a table that has no delta, less the columns publish fills itself, or None where there are none."""
        found = tables.load_all()[table]
        return self._table(table, found, [name for name in found.schema.names if name not in without])

    @property
    def changes(self) -> int:
        """How many rows end or begin."""
        return sum(rows for name, rows in self.rows.items() if name.endswith((".close.parquet", ".open.parquet")))

    def _table(self, stem: str, table: tables.Table, names: list[str] | tuple[str, ...]) -> pa.Table | None:
        name = f"{stem}.parquet"
        if not self.rows.get(name):
            return None
        found = store.read_table(self.folder / name)
        if missing := [column for column in names if column not in found.column_names]:
            raise GridfactsError("DELTA", f"{name}: columns {', '.join(missing)} of table {table.table} are missing")
        try:
            return found.select(names).cast(pa.schema([table.schema.field(column) for column in names]))
        except pa.ArrowInvalid:
            raise GridfactsError("DELTA", f"{name}: a column is not of its type in table {table.table}") from None


def read(settings: Settings, night: str, *, released: bool = False) -> Bundle:
    """The release that account closed for a night.

    Args:
        settings: where the lake is.
        night: its date.
        released: the night is in the release database already: what account left must be whole, but what it was made
            from may have been made anew since (by newer code, say).

    Raises:
        StaleInputError: account has not closed the night, or what it wrote is incomplete, damaged or stale.
        GridfactsError: ``DELTA``: release.json is not as docs/rooms.md says.
    """
    folder = settings.lake / "night" / night / _ACCOUNT / "release"
    found = _whole(folder) if released else manifest.require(settings.lake, folder, _ACCOUNT)
    try:
        told = json.loads((folder / "release.json").read_text("utf-8"))
        counts = {str(name): int(rows) for name, rows in told["counts"].items()}
        bundle = Bundle(
            folder, str(told["night"]), int(told["base_release"]), str(told["checksum"]), counts,
            {name: int(file["rows"] or 0) for name, file in found.files.items()},
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise GridfactsError(
            "DELTA", f"release.json of night {night} lacks night, base_release, checksum or counts"
        ) from None
    if bundle.night != night:
        raise GridfactsError("DELTA", f"release.json in the folder of night {night} is of another night")
    return bundle


def _whole(folder: Path) -> Manifest:
    found = Manifest.read(folder)
    if found is None or (found.room, found.status) != (_ACCOUNT, "complete"):
        stored = "no complete manifest of room account"
    else:
        wrong = [n for n, f in found.files.items() if not _same(folder / n, f["sha256"])]
        if not wrong:
            return found
        stored = f"{wrong[0]} not as its manifest says"
    raise StaleInputError(str(folder), stored, "what was released", "run that night again, or restore the lake")


def _same(path: Path, sha256: object) -> bool:
    return path.is_file() and store.file_sha256(path) == sha256
