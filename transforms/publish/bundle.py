"""What account left for publish: ``night/<night>/account/release/``."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from transforms import manifest, store, tables
from transforms.errors import GridfactsError, StaleInputError
from transforms.manifest import Manifest
from transforms.run import Settings

_ACCOUNT = "account"
_TOLD = "release.json"
_RECEIPTS = ("change", "source_state", "home", "outcome", "quarantine", "delivery")
ROWS = 200_000  # rows of a piece: a city's largest table has tens of millions


@dataclass(frozen=True)
class Bundle:
    """One night's release as account computed it.

    Attributes:
        base: the release number the delta was computed against.
        checksum: the release checksum the database must have afterwards.
        counts: table → its current rows afterwards.
        rows: file name → rows, as the manifest tells.
        sha256: file name → hash, as the manifest tells and as it was found.
        other_code: it was closed by another version of account than this one.
    """

    folder: Path
    night: str
    base: int
    checksum: str
    counts: dict[str, int]
    rows: dict[str, int]
    sha256: dict[str, str]
    other_code: bool = False

    def closed(self, table: str) -> pa.Table | None:
        """Keys of the current rows that end, or None where none does."""
        keys = tables.load_all()[table].key
        return self._table(f"{table}.close", tables.load_all()[table], keys)

    def opened(self, table: str) -> pa.Table | None:
        """Whole rows that begin, without ``known_*``, or None where none does."""
        found = tables.load_all()[table]
        return self._table(f"{table}.open", found, found.facts.names)

    def opening(self, table: str) -> Iterator[pa.Table]:
        """The rows of :meth:`opened` in their order, so many at a time."""
        found = tables.load_all()[table]
        yield from self.pieces(f"{table}.open", found, found.facts.names)

    def receipt(self, table: str, *without: str) -> pa.Table | None:
        """Rows of a table that has no delta, less the columns publish fills itself, or None where there are none."""
        found = tables.load_all()[table]
        return self._table(table, found, [name for name in found.schema.names if name not in without])

    @property
    def changes(self) -> int:
        """How many rows end or begin."""
        return sum(rows for name, rows in self.rows.items() if name.endswith((".close.parquet", ".open.parquet")))

    def pieces(self, stem: str, table: tables.Table, names: Sequence[str]) -> Iterator[pa.Table]:
        """A file of the bundle as columns of a table, so many rows at a time; nothing where it has no rows.

        Raises:
            StaleInputError: a column is missing or of another type: other code closed the night.
        """
        name = f"{stem}.parquet"
        if not self.rows.get(name):
            return
        schema = pa.schema([table.schema.field(column) for column in names])
        for piece in store.read_pieces(self.folder / name, ROWS):
            if missing := [column for column in names if column not in piece.column_names]:
                raise self._of_other_code(f"{name} without {', '.join(missing)}", table)
            try:
                yield piece.select(list(names)).cast(schema)
            except pa.ArrowInvalid:
                raise self._of_other_code(f"{name} with a column of another type", table) from None

    def _table(self, stem: str, table: tables.Table, names: Sequence[str]) -> pa.Table | None:
        found = list(self.pieces(stem, table, names))
        return pa.concat_tables(found).combine_chunks() if found else None

    @property
    def remedy(self) -> str:
        """What to do where it does not lead to the release that account computed; empty: it is a defect."""
        return f"; remedy: other code closed this night: {_anew(self.night)}" if self.other_code else ""

    def _of_other_code(self, stored: str, table: tables.Table) -> StaleInputError:
        return _stale(self.night, stored, f"the columns of table {table.table} as this code has them")


def _stale(night: str, stored: str, required: str) -> StaleInputError:
    """What an engineer sees after an upgrade between close and publish."""
    return StaleInputError(
        f"account/release of night {night}", f"closed by other code: {stored}", required, _anew(night)
    )


def _anew(night: str) -> str:
    return f"close it anew ('gridfacts run --night {night}', or 'gridfacts room' close, brakes, publish)"


def rollback_folder(settings: Settings, release: int) -> Path:
    """Where a rollback that became a release keeps its bundle."""
    return settings.lake / "rollback" / f"{release:06d}"


@contextlib.contextmanager
def reading(settings: Settings, night: str) -> Iterator[tuple[Bundle, Callable[[], None]]]:
    """The release that account closed for a night; whether its files are whole is found while the block reads them.

    Gives the bundle and what waits for the answer: the block commits nothing before. Only what publish reads is asked.

    Args:
        settings: where the lake is.
        night: its date.

    Raises:
        StaleInputError: account has not closed the night, or what it wrote is incomplete, damaged or stale.
        GridfactsError: ``DELTA``: release.json is of another night.
    """
    folder = _folder(settings, night)
    with manifest.meanwhile(settings.lake, folder, _ACCOUNT, settings.threads, _files()) as (found, whole):
        yield _bundle(folder, night, found, _ACCOUNT), whole


def released(settings: Settings, night: str, number: int) -> Bundle:
    """What became a release: as account closed the night then, or as a rollback made it.

    What was left must be whole, but what it was made from may have been made anew since (by newer code, say).

    Args:
        settings: where the lake is.
        night: its date.
        number: of the release.

    Raises:
        StaleInputError: what was left is gone, incomplete or damaged.
        GridfactsError: ``DELTA``: release.json is of another night.
    """
    folder, room = _folder(settings, night), _ACCOUNT
    if (again := rollback_folder(settings, number)).is_dir():
        folder, room = again, "publish"
    return _bundle(folder, night, _whole(folder, room, settings.threads), room)


def _folder(settings: Settings, night: str) -> Path:
    return settings.lake / "night" / night / _ACCOUNT / "release"


def _files() -> set[str]:
    """The files of a bundle that publish reads."""
    begun = {f"{name}.{part}.parquet" for name in tables.of("release") for part in ("close", "open")}
    return begun | {f"{name}.parquet" for name in _RECEIPTS} | {_TOLD}


def _bundle(folder: Path, night: str, found: Manifest, room: str) -> Bundle:
    try:
        told = json.loads((folder / _TOLD).read_text("utf-8"))
        counts = {str(name): int(rows) for name, rows in told["counts"].items()}
        bundle = Bundle(
            folder, str(told["night"]), int(told["base_release"]), str(told["checksum"]), counts,
            {name: int(file["rows"] or 0) for name, file in found.files.items()},
            {name: str(file["sha256"]) for name, file in found.files.items()}, found.code != manifest.code_of(room),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise _stale(night, "release.json as it is", "night, base_release, checksum and counts in it") from None
    if bundle.night != night:
        raise GridfactsError("DELTA", f"release.json in the folder of night {night} is of another night")
    return bundle


def _whole(folder: Path, room: str, threads: int) -> Manifest:
    found = Manifest.read(folder)
    if found is None or (found.room, found.status) != (room, "complete"):
        stored = f"no complete manifest of room {room}"
    elif wrong := manifest.damaged(folder, found, threads=threads):
        stored = f"{wrong} not as its manifest says"
    else:
        return found
    raise StaleInputError(str(folder), stored, "what was released", "run that night again, or restore the lake")
