"""The tables of the two databases as the catalogue tells them: sql/tables/<table>/table.yml.

Structure is made by the migrations alone; a drift test holds the catalogue equal to what they make.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from transforms import yaml_text
from transforms.errors import ConfigError
from transforms.run import REPOSITORY

SQL = REPOSITORY / "sql"
KNOWN = ("known_from", "known_to")

Type = Literal["text", "integer", "number", "day", "boolean", "binary"]
ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "day": pa.date32(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """One column: its type, whether it must be filled, and whether the release checksum counts it."""

    type: Type
    required: bool = False
    checksum: bool = True
    label: str
    description: str


class Table(_Strict):
    """One table of the release or the control database.

    Attributes:
        key: the natural key; with ``history`` the primary key is this and ``known_from``.
        history: rows have versions; a version holds in releases ``known_from <= r < known_to``.
        checksum: the release checksum counts the table.
        person: a row tells of one natural person: exports tokenise its key, keep children out, hide who is restricted.
        decided: people's words reach it between releases too, so that no release and no HEAD counts its rows.
        current: of a table without history, column → the value it has in rows that stand: the others are history too.
    """

    table: str = Field(pattern=r"^[a-z][a-z0-9_]{2,40}$")
    database: Literal["release", "control"]
    label: str
    grain: str = Field(pattern=r"^Each row is .+\.$")
    key: tuple[str, ...] = Field(min_length=1)
    history: bool = False
    checksum: bool = False
    person: bool = False
    decided: bool = False
    current: dict[str, str] = {}
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _coherent(self) -> Table:
        if missing := [name for name in self.key if name not in self.columns]:
            raise ValueError(f"key columns that do not exist: {missing}")
        if missing := [name for name in self.current if name not in self.columns]:
            raise ValueError(f"current names columns that do not exist: {missing}")
        if self.history != all(name in self.columns for name in KNOWN):
            raise ValueError("history and the columns known_from, known_to go together")
        if self.person and "birth_date" not in self.columns:
            raise ValueError("person needs a column birth_date: who is a child is asked of it")
        return self

    @property
    def schema(self) -> pa.Schema:
        """Every column of the table in the database, in its order."""
        return pa.schema([pa.field(name, ARROW[c.type]) for name, c in self.columns.items()])

    @property
    def facts(self) -> pa.Schema:
        """The columns a room hands over: all but ``known_from`` and ``known_to``."""
        return pa.schema([f for f in self.schema if not (self.history and f.name in KNOWN)])

    @property
    def counted(self) -> tuple[str, ...]:
        """The columns that enter the release checksum, in the table's order."""
        return tuple(n for n, c in self.columns.items() if c.checksum and not (self.history and n in KNOWN))


def load(path: Path) -> Table:
    """Read one table.yml.

    Raises:
        ConfigError: naming the file, the field and what is wrong with it.
    """
    try:
        table = Table.model_validate(yaml_text.load(path.read_text("utf-8")))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'table'}: {e['msg']}" for e in error.errors()]
        raise ConfigError(f"{path}: " + "; ".join(lines)) from None
    if table.table != path.parent.name:
        raise ConfigError(f"{path}: table is {table.table!r} but its folder is {path.parent.name!r}")
    return table


@lru_cache(maxsize=1)
def load_all() -> dict[str, Table]:
    """Every table by name, in alphabetical order.

    Raises:
        ConfigError: the folder holds none, or one of them is wrong.
    """
    paths = sorted((SQL / "tables").glob("*/table.yml"))
    if not paths:
        raise ConfigError(f"{SQL / 'tables'} holds no table.yml")
    return {path.parent.name: load(path) for path in paths}


def of(database: str) -> dict[str, Table]:
    """The tables of one database (``release`` or ``control``), in alphabetical order."""
    return {name: table for name, table in load_all().items() if table.database == database}
