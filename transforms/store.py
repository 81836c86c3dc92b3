"""Where things lie in the lake, and how a table is written: whole, checksummed, atomically, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.run import Run, Settings

EXPIRED = "expired"  # beside the manifest of a delivery whose tables went (transforms.checkpoint)
_FEW_ROWS = 20_000  # a table as small is read and written before threads and compressors have begun
_MANY_WORDS = 1 << 16  # a column of more distinct texts is one group of rows, which has them once
_WORDS_BYTES = 1 << 30  # texts that a group of rows may hold as words: Parquet gives up on them at a megabyte
_LISTED_ROWS = 1 << 20  # read at once where there are lists: Arrow gives up where those of a table hold 2 GiB of text
_WRITTEN = {"write_page_checksum": True, "coerce_timestamps": "us", "store_schema": True}
_AT_ONCE = 8  # files that are on their way to the disk: a journal takes them in one commit, not in one each
PIECE = 100_000  # rows of a batch that a room holds at once: a register of a city has millions
_FORGOTTEN = 86_400  # seconds; no room works as long on a piece
_SETTLED = 1_000_000_000  # nanoseconds: many times the grain of a file's times


def raw_path(settings: Settings, sha256: str) -> Path:
    """Raw bytes lie under their own hash."""
    return settings.lake / "raw" / sha256[:2] / sha256


def held_raw(settings: Settings, sha256: str) -> Path:
    """Raw bytes as they are held now: those received, or the generation in which rows of erased subjects are blank."""
    received = raw_path(settings, sha256)
    note = received.with_name(f"{sha256}.redacted.json")
    return raw_path(settings, json.loads(note.read_text("utf-8"))["generation"]) if note.exists() else received


def mends(settings: Settings, batch: str) -> str | None:
    """The batch whose rows a returned receipt mends; None of a batch that is a file of its own."""
    note = _mends(settings, batch)
    found = str(json.loads(note.read_text("utf-8"))) if note.exists() else None
    return found if found is not None and found.partition("-")[0] == batch.partition("-")[0] else None


def note_mends(settings: Settings, batch: str, mended: str) -> None:
    """Write down which batch a returned receipt mends, beside its raw bytes, which say so themselves."""
    note = _mends(settings, batch)
    fresh = note.with_suffix(".new")
    fresh.write_text(json.dumps(mended), "utf-8")
    fresh.rename(note)


def _mends(settings: Settings, batch: str) -> Path:
    sha256 = batch.rpartition("-")[2]
    return raw_path(settings, sha256).with_name(f"{sha256}.mends.json")


def forget_raw(settings: Settings, sha256: str) -> int:
    """Remove raw bytes, or what stands in their place, unless a delivery that is held came as the same bytes.

    Returns:
        How many files went.
    """
    if any(not (path / EXPIRED).exists() for path in settings.lake.glob(f"land/*/*-{sha256}")):
        return 0
    received = raw_path(settings, sha256)
    notes = {received.with_name(f"{sha256}.{what}.json") for what in ("redacted", "mends")}
    paths = {held_raw(settings, sha256), received, *notes}
    there = [path for path in paths if path.exists()]
    for path in there:
        path.unlink()
    return len(there)


def batch_dir(settings: Settings, room: str, batch: str) -> Path:
    """A room's output for one batch (land, check, standardise)."""
    return settings.lake / room / batch.split("-", 1)[0] / batch


def night_dir(run: Run, room: str, part: str = "") -> Path:
    """A room's output for a whole night (account, locate, link, resolve, merge, publish)."""
    return run.settings.lake / "night" / run.night / room / part


def landed(run: Run, source: str) -> list[str]:
    """Ids of the batches of a source that were landed by this night and are held, in a total order without meaning."""
    folder = run.settings.lake / "land" / source
    if not folder.is_dir():
        return []
    found = []
    for path in sorted(p for p in folder.iterdir() if not p.name.startswith(".") and not (p / EXPIRED).exists()):
        with contextlib.suppress(OSError, ValueError):
            facts = json.loads((path / "manifest.json").read_text("utf-8"))["facts"]
            if facts["first_night"] <= run.night:
                found.append(path.name)
    return found


def expired(settings: Settings, source: str) -> list[str]:
    """Ids of the batches of a source whose tables went, sorted; the checkpoint says the same, or something is wrong."""
    return sorted(path.parent.name for path in (settings.lake / "land" / source).glob(f"*/{EXPIRED}"))


def write_table(path: Path, table: pa.Table) -> None:
    """Write Parquet with page checksums and microsecond times; it outlasts a power cut once :func:`lasting` saw it.

    Bit rot in a Parquet file without page checksums is silent 86 % of the time (faults.md, finding 4).
    """
    write_pieces(path, [table])


def write_pieces(path: Path, pieces: Iterable[pa.Table], ends: Sequence[str] | None = None) -> None:
    """As :func:`write_table`, a table that comes in pieces of one schema, each held no longer than it is written.

    ``ends``: as for :func:`writing`.

    Raises:
        ValueError: there is no piece: nobody says the columns.
    """
    each = iter(pieces)
    first = next(each, None)
    if first is None:
        raise ValueError(f"{path.name}: no piece to write")
    with writing(path, first.schema, ends) as write:
        write(first)
        del first
        for piece in each:
            write(piece)


@contextlib.contextmanager
def writing(path: Path, schema: pa.Schema, ends: Sequence[str] | None = None) -> Iterator[Callable[[pa.Table], None]]:
    """As :func:`write_pieces`, for whoever writes several tables side by side: gives what writes a piece.

    A small table is not compressed: its pieces wait until they are many, or all. Without a piece it is empty.
    Where texts come as codes (Arrow dictionaries) they are texts in the file, each word once in a group of rows, and no
    other column tries a dictionary. Who reads such a column as codes has those that were written.

    Args:
        path: the file.
        schema: of its pieces.
        ends: columns of which each group of rows says the least and the greatest value; None: all.
    """
    waiting: list[pa.Table] = []
    coded = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    asked = {"store_schema": False, "use_dictionary": coded, "dictionary_pagesize_limit": _WORDS_BYTES}
    how = _WRITTEN | (asked if coded else {}) | {"write_statistics": True if ends is None else list(ends)}
    with pa.OSFile(str(path), "wb") as file, contextlib.ExitStack() as stack:
        writer: pq.ParquetWriter | None = None

        def begin(compression: str) -> pq.ParquetWriter:
            opened = stack.enter_context(pq.ParquetWriter(file, schema, compression=compression, **how))
            for piece in waiting or [schema.empty_table()]:
                opened.write_table(piece, _at_once(piece, coded))
            waiting.clear()
            return opened

        def write(piece: pa.Table) -> None:
            nonlocal writer
            if writer is not None:
                writer.write_table(piece, _at_once(piece, coded))
                return
            waiting.append(piece)
            if sum(map(len, waiting)) > _FEW_ROWS:
                writer = begin("zstd")

        yield write
        if writer is None:
            begin("none")


def _at_once(piece: pa.Table, coded: Iterable[str]) -> int | None:
    """How many rows of a piece are one group; None: as many as the library thinks right."""
    words = (len(chunk.dictionary) for name in coded for chunk in piece[name].chunks)
    return piece.num_rows if max(words, default=0) > _MANY_WORDS else None


def read_table(path: Path, columns: list[str] | None = None, coded: list[str] | None = None) -> pa.Table:
    """Read Parquet and verify its page checksums; ``coded`` columns come as dictionaries.

    Raises:
        OSError: the file is damaged.
    """
    # pq.read_table looks for a dataset first
    with pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=coded) as file:
        if file.metadata.num_rows > _LISTED_ROWS and any(pa.types.is_list(field.type) for field in file.schema_arrow):
            return pa.Table.from_batches(file.iter_batches(_LISTED_ROWS, columns=columns))
        return file.read(columns, use_threads=file.metadata.num_rows > _FEW_ROWS)


def read_pieces(
    path: Path, rows: int, columns: list[str] | None = None, coded: list[str] | None = None
) -> Iterator[pa.Table]:
    """As :func:`read_table`, so many rows at a time; ``coded`` columns, of few distinct words, come as dictionaries.

    Raises:
        OSError: the file is damaged.
    """
    with pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=coded) as file:
        for piece in file.iter_batches(rows, columns=columns):
            yield pa.Table.from_batches([piece])


def rows_of(path: Path) -> int:
    """How many rows a table has, by its footer."""
    return int(pq.read_metadata(path).num_rows)


def read_group(path: Path, at: int) -> pa.Table:
    """One group of rows, as it was written as a piece.

    Raises:
        OSError: the file is damaged.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read_row_group(at)


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def settled(path: Path) -> tuple[int, ...] | None:
    """What tells a file from what lay there before: inode, size and times, equal only while nobody touched it.

    None while it was touched so lately that its times would not tell if it were touched again.
    """
    seen = path.stat()
    if time.time_ns() - seen.st_ctime_ns < _SETTLED:
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


@contextlib.contextmanager
def output(target: Path) -> Iterator[Path]:
    """A fresh folder that becomes ``target`` when the block ends well; nothing of it is seen before.

    Two writers at once are right: each has its own folder, the last rename wins, and both wrote the same.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}.", dir=target.parent))
    try:
        yield fresh
        _replace(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def sweep(settings: Settings) -> None:
    """Remove from the scratch folder what killed processes left there, which may be personal: untouched for a day."""
    for path in (settings.home / "tmp").glob("*"):
        with contextlib.suppress(FileNotFoundError):  # whoever made it is just done
            if time.time() - path.lstat().st_mtime < _FORGOTTEN:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def lasting(folder: Path) -> None:
    """Return when a folder and all that lies in it are on the disk."""
    within = [path for path in sorted(folder.rglob("*")) if not path.is_symlink()]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(_sync, [path for path in within if path.is_file() or path.is_dir()]))
    _sync(folder)


def _replace(fresh: Path, target: Path) -> None:
    lasting(fresh)
    while True:
        old = Path(tempfile.mkdtemp(prefix=".old.", dir=target.parent))
        with contextlib.suppress(FileNotFoundError):
            target.rename(old)
        try:
            fresh.rename(target)
            break
        except OSError:  # another writer put its own folder there between the two renames
            continue
        finally:
            shutil.rmtree(old, ignore_errors=True)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
