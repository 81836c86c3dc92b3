"""Does a home still hold a value? Every file below it and every row of both databases is searched, packed or not.

The values come from whoever knows them and are compared in memory: they are not stored, not shown and not sent to a
database server, whose log might keep them. A value that several people share, a name say, is found with the others.
"""

from __future__ import annotations

import json
import mmap
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from transforms import database, documents, keys
from transforms.database import Databases
from transforms.run import Settings

_ENCODINGS = ("utf-8", "gb18030", "utf-16-le")
_ROWS = 10_000
_SHORTEST = 2  # characters; one alone stands everywhere


@dataclass(frozen=True)
class Hit:
    """A value that was found: its place among those asked for, from 1, and the file or table that holds it."""

    value: int
    where: str


@dataclass(frozen=True)
class Proof:
    """What was searched and found; ``files`` and ``rows`` are how many."""

    files: int
    rows: int
    hits: tuple[Hit, ...]


def prove(settings: Settings, values: Sequence[str]) -> Proof:
    """Search the whole home and both databases.

    Args:
        settings: whose home.
        values: clear values of a subject, each of two characters at least. Of a number its ciphertext is looked
            for too.

    Raises:
        ValueError: a value is too short to mean anybody.
        OSError: a file cannot be read.
        DatabaseError: a database cannot be read.
    """
    if any(len(value) < _SHORTEST for value in values):
        raise ValueError(f"a value has at least {_SHORTEST} characters")
    wanted = [_forms(settings, value) for value in values]
    paths = sorted(path for path in settings.home.rglob("*") if path.is_file() and not path.is_symlink())
    hits = {Hit(value, str(path.relative_to(settings.home))) for path in paths for value in _in_file(path, wanted)}
    rows = 0
    for where, count, found in _tables(database.open_databases(settings), wanted):
        rows += count
        hits |= {Hit(value, where) for value in found}
    return Proof(len(paths), rows, tuple(sorted(hits, key=lambda hit: (hit.value, hit.where))))


def _forms(settings: Settings, value: str) -> tuple[bytes, ...]:
    """How a value may stand somewhere: in every encoding, escaped and enciphered."""
    known = keys.load(settings)
    one = pd.Series([value], dtype=object)
    told = {value.encode(name) for name in _ENCODINGS} | {json.dumps(value)[1:-1].encode()}
    if any(character.isdigit() for character in value):  # earlier nights sealed with the vault keys of their time
        ever = [replace(known, vault=key) for key in (known.vault, *known.vault_before)]
        texts = (value, str(documents.resident(one)["number"][0] or value))
        told |= {then.seal(text) for then in ever for text in texts}
    return tuple(sorted(told))


Wanted = Sequence[tuple[bytes, ...]]


def _in_file(path: Path, wanted: Wanted) -> set[int]:
    if path.stat().st_size == 0:
        return set()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = data[:4]
        found = _in(data, wanted)
    if start == b"PAR1":
        found |= {value for piece in _columns(path) for value in _in(piece, wanted)}
    elif start == b"PK\x03\x04":
        with zipfile.ZipFile(path) as archive:
            found |= {value for entry in archive.infolist() for value in _in(archive.read(entry), wanted)}
    return found


def _in(data: bytes | mmap.mmap, wanted: Wanted) -> set[int]:
    return {at for at, forms in enumerate(wanted, 1) if any(data.find(form) >= 0 for form in forms)}


def _columns(path: Path) -> Iterator[bytes]:
    """The distinct words of every column of a Parquet file, unpacked."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS * 10):
            for column in batch.columns:
                yield from _words(column)


def _words(column: pa.Array) -> Iterator[bytes]:
    while pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        column = column.flatten()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = column.cast(pa.binary())
    elif not pa.types.is_binary(column.type):
        column = column.cast(pa.string()).cast(pa.binary()) if not pa.types.is_nested(column.type) else column
    yield b"\0".join(word for word in column.unique().to_pylist() if isinstance(word, bytes))


def _tables(stores: Databases, wanted: Wanted) -> Iterator[tuple[str, int, set[int]]]:
    """Every table: its name, how many rows, which values stand in it."""
    for name, engine in (("release", stores.release), ("control", stores.control)):
        if not database.exists(engine):
            continue
        with database.reading(engine) as connection:
            for table in sorted(sa.inspect(connection).get_table_names()):
                result = connection.execution_options(yield_per=_ROWS).exec_driver_sql(f'SELECT * FROM "{table}"')  # noqa: S608
                count, found = 0, set[int]()
                for rows in result.partitions():
                    count += len(rows)
                    found |= _in(b"\0".join(_cells(rows)), wanted)
                yield f"{name} table {table}", count, found


def _cells(rows: Iterable[sa.Row[tuple[object, ...]]]) -> Iterator[bytes]:
    for row in rows:
        for cell in row:
            if cell is not None:
                yield bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()
