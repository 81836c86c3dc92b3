"""Contracts: the promise of one source, strict. A department is data (a YAML file), never code."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from transforms import yaml_text
from transforms.errors import ConfigError


class Strict(BaseModel):
    """Unknown keys are errors; values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Targets = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class Owner(Strict):
    """Who answers for the source, and how fast."""

    department: str
    contact: str
    answers_within_days: int = Field(ge=1, le=60)


class Rows(Strict):
    """Row-count bounds of a healthy delivery; outside them the drop is held."""

    min: int = Field(ge=0)
    max: int = Field(ge=1)


class Database(Strict):
    """A table of the department's own database, which ``gridfacts drop fetch`` writes into the drop box as a file.

    Attributes:
        url_from: the variable of the environment that holds the SQLAlchemy URL; the URL itself, which has a password in
            it, stands in no contract.
        name: the table or view. within: its schema, where that is not the user's own.
    """

    url_from: str = Field(pattern=r"^[A-Z][A-Z0-9_]{2,60}$")
    name: str = Field(min_length=1)
    within: str | None = None


WORKBOOKS = ("xlsx", "xls")


class Operation(Strict):
    """The column of a delta that says insert, update or delete, in the source's own words."""

    heading: str
    upsert: tuple[str, ...]
    delete: tuple[str, ...]


class Arrival(Strict):
    """How the file comes: format, encoding, header, coordinates, name, cadence, snapshot or delta.

    Attributes:
        encoding: of text files, dBase tables and a Shapefile's attributes (there null means: its ``.cpg`` says it).
        sheet: the sheet of a workbook; the layer of a GeoPackage (null: it has only one).
        header_row: csv and workbooks: the row of the headings, from 1; what stands above is the sheet's title.
        comment_prefix: csv and workbooks: a row whose first filled cell starts with it is a remark, no record.
        footer_marks: csv and workbooks: a row whose first filled cell starts with one of these (合计, 填表说明 ...) is
            the file's own total or note, no record; the batch's notes tell how many there were.
        merged: workbooks: headings whose merged cells mean that every row of the merge says it; elsewhere a merged cell
            sets its rows aside.
    """

    format: Literal["csv", "xlsx", "xls", "jsonl", "parquet", "geojson", "shapefile", "gpkg", "dbf"]
    file_pattern: str
    encoding: Literal["utf-8", "utf-8-sig", "gb18030"] | None = None
    delimiter: str = ","
    header_row: int = Field(default=1, ge=1)
    comment_prefix: str | None = Field(default=None, min_length=1)
    footer_marks: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    sheet: str | None = None
    merged: tuple[str, ...] = ()
    crs: Literal["cgcs2000", "wgs84", "gcj02", "bd09"] | None = None
    cadence: Literal["daily", "weekly", "monthly", "yearly"]
    mode: Literal["snapshot", "delta"]
    operation: Operation | None = None
    same_period: Literal["supersede", "hold"]
    rows: Rows
    database: Database | None = None
    null_marks: tuple[str, ...] = ("", "无", "暂无", "-", "—", "/", "不详", "null", "NULL")

    @model_validator(mode="after")
    def _coherent(self) -> Arrival:
        if self.format in ("csv", "jsonl", "geojson", "dbf") and self.encoding is None:
            raise ValueError(f"format {self.format} needs an encoding: it is declared, never guessed")
        if self.format in WORKBOOKS and self.sheet is None:
            raise ValueError(f"format {self.format} needs the name of its sheet")
        if self.format in ("shapefile", "gpkg") and self.crs is None:
            raise ValueError(f"format {self.format} needs its crs: what the file says of itself is not enough")
        if self.database and (self.format, self.encoding) != ("jsonl", "utf-8"):
            raise ValueError("what is fetched from a database comes as format jsonl in utf-8")
        if self.merged and self.format not in WORKBOOKS:
            raise ValueError("only a workbook has merged cells")
        if self.format not in ("csv", *WORKBOOKS) and (
            self.comment_prefix or self.footer_marks or self.header_row != 1
        ):
            raise ValueError("header_row, comment_prefix and footer_marks belong to tables of rows: csv, xlsx, xls")
        if (self.mode == "delta") != (self.operation is not None):
            raise ValueError("mode delta needs an operation column, and only a delta has one")
        if "as_of" not in re.compile(self.file_pattern).groupindex:
            raise ValueError("file_pattern needs a group (?P<as_of>...)")
        return self


class Column(Strict):
    """One heading of the file and the property (or properties) it feeds.

    Attributes:
        aliases: other headings under which the department sends the same column; a renamed column is accepted only
            if it is written down here, and the batch's notes tell it.
        optional: the department may leave the column out of a file; its values are null then, and the notes tell it.
    """

    heading: str
    aliases: tuple[str, ...] = ()
    to: Targets
    purpose: str
    required: bool = False
    optional: bool = False
    codes: dict[str, str] | None = None
    formats: tuple[str, ...] | None = None
    document_kind: str | None = None


class Ignored(Strict):
    """A heading that is known and not loaded, with the reason."""

    heading: str
    reason: str


class Feed(Strict):
    """A kind this source tells of, and the natural key of its record (empty: keyed by content)."""

    key: tuple[str, ...] = ()


class Registers(Strict):
    """Register facts: what is true of every live row of this source (negative evidence for resolution)."""

    authority_for: tuple[str, ...] = ()
    one_live_row_per: str | None = None
    number_is_unique: bool = False


DEFAULT_TRUST = 50  # of a property for which a contract names none
Drift = Literal["note", "quarantine", "stop"]


class Contract(Strict):
    """The promise of one source (design.md section 4).

    Four attributes say what follows when a file is not what it was; a renamed column is a missing and a new one, unless
    its new name is an alias.

    Attributes:
        on_new_column: a heading that stands nowhere in the contract. note: its name is told, its values stay in the raw
            bytes; quarantine: the file is held; stop: it is refused.
        on_missing_column: a loaded column is not there (one that is ``optional`` may be, whatever this says; a key, the
            operation and a required column never may). note: its values are null; quarantine: the file is held; stop:
            it is refused.
        on_new_code: a word that no code map knows. note: the value is struck, the row goes on; quarantine: the row
            waits; stop: the file is held at the first one. Many of them hold the file in any case.
        on_type_change: a value that cannot be read as its type. note: it is struck; quarantine: the row waits; stop: it
            is struck, and a file in which most values of a column are so is held.
    """

    source: str = Field(pattern=r"^[a-z][a-z0-9_]{2,30}$")
    label: str
    owner: Owner
    arrives: Arrival
    key: tuple[str, ...] = ()
    feeds: dict[str, Feed]
    columns: tuple[Column, ...]
    ignored: tuple[Ignored, ...] = ()
    constants: dict[str, str] = {}
    trust: dict[str, int] = {}
    registers: Registers = Registers()
    on_new_column: Drift = "note"
    on_missing_column: Drift = "stop"
    on_new_code: Drift = "note"
    on_type_change: Drift = "stop"

    @model_validator(mode="after")
    def _coherent(self) -> Contract:
        headings = (*self.headings, *(alias for column in self.columns for alias in column.aliases))
        if len(set(headings)) != len(headings):
            raise ValueError("a heading stands twice in columns, their aliases and ignored")
        if unknown := sorted(set(self.arrives.merged) - set(self.landed_headings)):
            raise ValueError(f"merged names headings that are no column: {unknown}")
        needed = {*self.key, *(h for f in self.feeds.values() for h in f.key)}
        if self.arrives.operation:
            needed.add(self.arrives.operation.heading)
        if missing := sorted(needed - set(self.headings)):
            raise ValueError(f"key or operation headings that are no column: {missing}")
        if lacking := [c.heading for c in self.columns if c.optional and (c.required or c.heading in needed)]:
            raise ValueError(f"optional columns that are required, a key or the operation: {lacking}")
        for column in self.columns:
            for target in column.to:
                if target.partition(".")[0] not in self.feeds:
                    raise ValueError(f"column {column.heading} feeds {target}, but feeds does not name that kind")
        return self

    @property
    def headings(self) -> tuple[str, ...]:
        """Every heading the file is known to have, loaded or ignored, in the contract's order."""
        return (*(c.heading for c in self.columns), *(i.heading for i in self.ignored))

    @property
    def landed_headings(self) -> tuple[str, ...]:
        """The headings whose values leave the raw bytes: loaded columns, keys and the operation."""
        extra = {*self.key, *(h for f in self.feeds.values() for h in f.key)}
        if self.arrives.operation:
            extra.add(self.arrives.operation.heading)
        loaded = {c.heading for c in self.columns}
        return tuple(h for h in self.headings if h in loaded or h in extra)

    @property
    def may_be_missing(self) -> tuple[str, ...]:
        """The landed headings without which a file is read, in the contract's order."""
        needed = {*self.key, *(h for f in self.feeds.values() for h in f.key)}
        if self.arrives.operation:
            needed.add(self.arrives.operation.heading)
        free = self.on_missing_column != "stop"
        told = {c.heading: c.optional or (free and not c.required) for c in self.columns if c.heading not in needed}
        return tuple(heading for heading in self.landed_headings if told.get(heading))

    def columns_of(self, kind: str) -> dict[str, Column]:
        """Property name → column, for one kind this source feeds."""
        found: dict[str, Column] = {}
        for column in self.columns:
            for target in column.to:
                of_kind, _, name = target.partition(".")
                if of_kind == kind:
                    found[name] = column
        return found


def load(path: Path) -> Contract:
    """Read one contract of a deployment, whose file is called like its source.

    Raises:
        ConfigError: naming the file, the field and what is wrong with it.
    """
    contract = read(path)
    if contract.source != path.stem:
        raise ConfigError(f"{path}: source is {contract.source!r} but the file's stem is {path.stem!r}")
    return contract


def read(path: Path) -> Contract:
    """Read a contract from a file of any name: a draft, or an older version.

    Raises:
        ConfigError: naming the file, the field and what is wrong with it.
    """
    try:
        contract = Contract.model_validate(yaml_text.load(path.read_text("utf-8")))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'contract'}: {e['msg']}" for e in error.errors()]
        raise ConfigError(f"{path}: " + "; ".join(lines)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not readable as YAML in UTF-8: {error}") from None
    return contract


@lru_cache(maxsize=4)
def load_all(expectations: Path) -> dict[str, Contract]:
    """Every contract of a deployment by source code, in alphabetical order.

    Raises:
        ConfigError: the folder holds none, or one of them is wrong.
    """
    paths = sorted((expectations / "contracts").glob("*.yml"))
    if not paths:
        raise ConfigError(f"{expectations / 'contracts'} holds no contract")
    return {path.stem: load(path) for path in paths}
