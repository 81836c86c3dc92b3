"""The release checksum (docs/rooms.md, "Release checksum"): one canonicaliser, for Arrow tables and for a database.

"The same release" means the same checksum. Left out are ``known_from`` and ``known_to``, the tables release,
source_state and change, and what the catalogue marks ``checksum: false``: batches, lines, ciphertext, key ids and
release numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.engine import Connection

from transforms import bulk, tables
from transforms.tables import Table

_FIELD, _ROW, _TABLE = "\x1f", "\x1e", "\x1d"
_PIECE = 65_536
_MARK = {"text": "t:", "integer": "i:", "day": "d:", "number": "f:", "boolean": "b:"}


def tables_checksum(found: Mapping[str, pa.Table]) -> str:
    """The checksum of a release given as Arrow tables.

    Args:
        found: table name → its current rows with at least the counted columns; an absent table counts as empty, rows
            whose ``known_to`` is set and tables the checksum leaves out are ignored.

    Returns:
        sha256 in hex.

    Raises:
        KeyError: a table lacks a counted column.
    """
    digest = hashlib.sha256()
    for name, table in _counted().items():
        _add(digest, table, found.get(name))
    return digest.hexdigest()


def release_checksum(connection: Connection) -> str:
    """The same over a release database, table by table, within the caller's transaction.

    Raises:
        DatabaseError: the database cannot be read.
    """
    digest = hashlib.sha256()
    for name, table in _counted().items():
        where = {"known_to": None} if table.history else None
        _add(digest, table, bulk.select(connection, name, table.counted, where))
    return digest.hexdigest()


def _counted() -> dict[str, Table]:
    return {name: table for name, table in tables.of("release").items() if table.checksum}


def _add(digest: Any, table: Table, rows: pa.Table | None) -> None:  # noqa: ANN401 - hashlib names no type
    """Feed one table: its name, then its rows sorted; every table ends with U+001D."""
    digest.update((table.table + _TABLE).encode())
    if rows is not None and table.history and "known_to" in rows.column_names:
        rows = rows.filter(pc.is_null(rows["known_to"]))
    if rows is not None and rows.num_rows:
        texts = canonical(table, rows)
        for start in range(0, len(texts), _PIECE):
            piece = texts.slice(start, _PIECE).to_pylist()
            digest.update((_ROW if start else "").encode() + _ROW.join(piece).encode())
    digest.update(_TABLE.encode())


def canonical(table: Table, rows: pa.Table) -> pa.LargeStringArray:
    """Every row as one text of its counted columns, sorted by code point: the key stands first, so by key.

    (Where part of the key does not count, as in ``record``, equal texts may stand several times, and count as often.)
    """
    columns = [_text(table.columns[name].type, rows[name].combine_chunks()) for name in table.counted]
    joined = pc.binary_join_element_wise(*columns, pa.scalar(_FIELD, pa.large_string()))
    return joined.take(pc.sort_indices(joined))


def _text(kind: str, values: pa.Array) -> pa.Array:
    """Typed canonical text of one column."""
    if kind == "number":
        plain = pa.array(
            [None if v is None else format(v + 0.0, ".7f") for v in values.cast(pa.float64()).to_pylist()],
            pa.large_string(),
        )
        plain = pc.if_else(pc.equal(plain, "-0.0000000"), "0.0000000", plain)
    else:
        plain = values.cast(tables.ARROW[kind]).cast(pa.large_string())
    empty = pa.scalar("", pa.large_string())
    marked = pc.binary_join_element_wise(pa.scalar(_MARK[kind], pa.large_string()), plain, empty)
    return pc.fill_null(marked, "n:")
