"""The release checksum (docs/rooms.md, "Release checksum"): one canonicaliser, for Arrow tables and for a database.

"The same release" means the same checksum. It is the sum of the sha256 of every row, so that the checksum of the next
release follows from the one before and the rows that end and begin (docs/decisions/0004). It finds every accident; it
is no seal against a person who may choose rows: HEAD and the audit chain are. Left out are ``known_from`` and
``known_to``, the tables release, source_state and change, what the catalogue marks ``checksum: false`` (batches, lines,
ciphertext, key ids and release numbers), and history: rows that ended, and identities that retired.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk, tables
from transforms.tables import Table

_FIELD, _TABLE = "\x1f", "\x1d"
_MARK = {"text": "t:", "integer": "i:", "day": "d:", "number": "f:", "boolean": "b:"}
_LANES = 4  # of 64 bits, big-endian, each summed modulo 2**64
_PIECE = 50_000  # rows whose texts are held at once: a city has tens of millions
EMPTY = "0" * 64


def tables_checksum(found: Mapping[str, pa.Table]) -> str:
    """The checksum of a release given as Arrow tables.

    Args:
        found: table name → its current rows with at least the counted columns; an absent table counts as empty, rows
            whose ``known_to`` is set and tables the checksum leaves out are ignored.

    Returns:
        64 hex digits.

    Raises:
        KeyError: a table lacks a counted column.
    """
    return advance(
        EMPTY, {}, {name: _current(table, found[name]) for name, table in counted().items() if name in found}
    )


def release_checksum(connection: Connection) -> str:
    """The same over every row of a release database, within the caller's transaction and in pieces.

    A table that an older structure lacks has no rows there.

    Raises:
        DatabaseError: the database cannot be read.
    """
    total, there = _lanes(EMPTY), set(sa.inspect(connection).get_table_names())
    for name, table in ((name, table) for name, table in counted().items() if name in there):
        where = {"known_to": None} if table.history else None
        for piece in bulk.pieces(connection, name, table.counted, where):
            total = total + _sum(table, piece)
    return _hex(total)


def advance(before: str, ended: Mapping[str, pa.Table], begun: Mapping[str, pa.Table]) -> str:
    """The checksum after some rows ended and others began.

    Args:
        before: the checksum they end and begin on; :data:`EMPTY` for nothing.
        ended: table name → the rows that ended, with at least the counted columns.
        begun: the same of the rows that began.

    Raises:
        KeyError: a table lacks a counted column.
    """
    total = _lanes(before)
    for name, table in counted().items():
        if name in ended:
            total = total - _sum(table, ended[name])
        if name in begun:
            total = total + _sum(table, begun[name])
    return _hex(total)


def together(one: str, other: str) -> str:
    """The checksum of the rows of both."""
    return _hex(_lanes(one) + _lanes(other))


def counted() -> dict[str, Table]:
    """The tables that the checksum counts, in alphabetical order."""
    return {name: table for name, table in tables.of("release").items() if table.checksum}


def canonical(table: Table, rows: pa.Table) -> pa.ChunkedArray:
    """Every row as one text: the table's name, U+001D, and its counted columns joined by U+001F."""
    columns = [_text(table.columns[name].type, rows[name]) for name in table.counted]
    first = pc.binary_join_element_wise(pa.scalar(table.table, pa.large_string()), columns[0], _scalar(_TABLE))
    return pc.binary_join_element_wise(first, *columns[1:], _scalar(_FIELD))


def _current(table: Table, rows: pa.Table) -> pa.Table:
    if table.history and "known_to" in rows.column_names:
        return rows.filter(pc.is_null(rows["known_to"]))
    return rows


def _sum(table: Table, rows: pa.Table) -> np.ndarray:
    """The digests of all rows that stand, lane by lane."""
    for name, value in table.current.items():
        rows = rows.filter(pc.equal(rows[name], value))
    if not rows.num_rows:
        return _lanes(EMPTY)
    sha256, lanes = hashlib.sha256, _lanes(EMPTY)
    for start in range(0, rows.num_rows, _PIECE):
        texts = canonical(table, rows.slice(start, _PIECE)).cast(pa.large_binary()).to_pylist()
        digests = b"".join([sha256(text).digest() for text in texts])
        lanes = lanes + np.frombuffer(digests, ">u8").reshape(-1, _LANES).sum(axis=0, dtype=np.uint64)
    return lanes


def _lanes(checksum: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(checksum), ">u8").astype(np.uint64)


def _hex(lanes: np.ndarray) -> str:
    return lanes.astype(">u8").tobytes().hex()


def _scalar(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _text(kind: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Typed canonical text of one column."""
    if kind == "number":
        texts = [None if v is None else format(v + 0.0, ".7f") for v in values.cast(pa.float64()).to_pylist()]
        plain = pa.chunked_array([pa.array(texts, pa.large_string())])
        plain = pc.if_else(pc.equal(plain, "-0.0000000"), "0.0000000", plain)
    else:
        plain = values.cast(tables.ARROW[kind]).cast(pa.large_string())
    marked = pc.binary_join_element_wise(_scalar(_MARK[kind]), plain, _scalar(""))
    return pc.fill_null(marked, "n:")
