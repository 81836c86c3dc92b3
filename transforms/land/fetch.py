"""A table of a department's own database, written into its drop box as a file like any other, with control totals."""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from transforms import database
from transforms.contract import Contract, Database
from transforms.dropped import SIDE
from transforms.errors import ConfigError

_AT_ONCE = 10_000  # rows a driver hands over together


@dataclass(frozen=True)
class Fetched:
    """What was written: the file, its rows, and columns of the table that the contract does not load."""

    path: Path
    rows: int
    left: tuple[str, ...]


def fetch(contract: Contract, box: Path, name: str, environ: Mapping[str, str]) -> Fetched:
    """Write the table as JSON lines into a drop box, whole or not at all.

    Only columns that the contract loads leave the database. Rows and their number are read in one transaction.

    Args:
        contract: whose ``arrives.database`` says where.
        box: the source's drop box.
        name: of the file.
        environ: where the URL stands.

    Raises:
        ConfigError: the contract names no database, its variable is not set, or holds no URL.
        DatabaseError: the database refused; the message holds no value.
    """
    told = contract.arrives.database
    if told is None:
        raise ConfigError(f"the contract of {contract.source} names no database to fetch from")
    engine = _engine(told, environ)
    box.mkdir(parents=True, exist_ok=True)
    beside = box / f".{os.getpid()}.{name}"
    try:
        with database.reading(engine) as connection, beside.open("wb") as file:
            has = {str(column["name"]) for column in sa.inspect(connection).get_columns(told.name, told.within)}
            wanted = [heading for heading in contract.landed_headings if heading in has]
            digest, rows = hashlib.sha256(), 0
            for line in _lines(connection, told, wanted, [key for key in contract.key if key in has]):
                file.write(line)
                digest.update(line)
                rows += 1
            counted = connection.scalar(sa.select(sa.func.count()).select_from(_table(told)))
            file.flush()
            os.fsync(file.fileno())
        totals = json.dumps({"rows": int(counted or 0), "sha256": digest.hexdigest()})
        (box / f"{name}{SIDE}").write_text(totals, "utf-8")  # first: a file is there only with its totals
        beside.rename(box / name)
    finally:
        beside.unlink(missing_ok=True)
    return Fetched(box / name, rows, tuple(sorted(has - set(wanted))))


def _engine(told: Database, environ: Mapping[str, str]) -> sa.Engine:
    url = environ.get(told.url_from)
    if not url:
        raise ConfigError(f"{told.url_from} is not set: it holds the URL of the database to fetch from")
    try:
        return sa.create_engine(url, poolclass=NullPool, hide_parameters=True)
    except (sa.exc.ArgumentError, ImportError):
        raise ConfigError(f"{told.url_from} holds no database URL, or of a database without a driver here") from None


def _table(told: Database) -> sa.TableClause:
    return sa.table(told.name, schema=told.within)


def _lines(connection: sa.Connection, told: Database, wanted: list[str], order: list[str]) -> Iterator[bytes]:
    if not wanted:
        return
    columns: list[sa.ColumnClause[object]] = [sa.column(heading) for heading in wanted]
    question = sa.select(*columns).select_from(_table(told)).order_by(*(sa.column(key) for key in order))
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(question):
        said = {heading: _text(value) for heading, value in zip(wanted, row, strict=True)}
        yield (json.dumps(said, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def _text(value: object) -> str | None:
    """A value as land has it from a file: text, whole numbers and decimals as written, days in ISO."""
    told: str | None
    match value:
        case None | str():
            told = value
        case bool():
            told = "TRUE" if value else "FALSE"
        case dt.datetime():
            told = value.isoformat(sep=" ")
        case dt.date() | dt.time():
            told = value.isoformat()
        case decimal.Decimal():
            told = format(value, "f")
        case bytes() | memoryview():
            told = bytes(value).hex()
        case _:
            told = str(value)
    return told
