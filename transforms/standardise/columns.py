"""The clean columns of one kind from a batch's landed values, by property type (docs/rooms.md, "Clean columns")."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from transforms import coordinates, documents, values
from transforms.contract import Column, Contract
from transforms.keys import Keys
from transforms.kinds import FREE_TEXT, Kind, Property
from transforms.model import BOOL, DAY, LONG, TEXT
from transforms.standardise import identifiers, names
from transforms.standardise.address import parser

DOUBLE, WORDS, BYTES = pa.float64(), pa.list_(pa.string()), pa.binary()
NUMBERS = pa.list_(pa.uint64())
_ADDRESS = ("", *(f"_{name}" for name in parser.COLUMNS))
_TYPES: dict[str, dict[str, pa.DataType]] = {
    "text": {"": TEXT}, "code": {"": TEXT}, "facility_class": {"": TEXT}, "old_grid": {"": TEXT},
    "key": {"": TEXT},
    "name": {"": TEXT, "_key": TEXT, "_pinyin": TEXT, "_surname": TEXT},
    "organization_name": {"": TEXT, "_key": TEXT, "_trade": TEXT},
    "document": {"_kind": TEXT, "_valid": BOOL, "_token": TEXT, "_near": NUMBERS, "_birth": DAY, "_sex": TEXT},
    "document_kind": {},
    "credit_code": {"": TEXT, "_valid": BOOL}, "number": {"_token": TEXT, "_valid": BOOL},
    "phone": {"_tokens": WORDS},
    "date": {"": DAY, "_precision": TEXT}, "birth_date": {"": DAY, "_precision": TEXT},
    "integer": {"": LONG}, "decimal": {"": DOUBLE}, "lon": {"": DOUBLE}, "lat": {"": DOUBLE},
    "geometry": {"": BYTES},
    "address": dict.fromkeys(_ADDRESS, TEXT),
}  # fmt: skip
_NO_RAW = ("document", "phone", "key", "credit_code", "number")  # a sole trader's code may be the owner's number
_ABOVE_UNIT = ("unit", "floor", "room")


@dataclass
class Batch:
    """The accepted rows of one batch as the converters see them.

    Attributes:
        landed: heading → landed text, null marks and all; a plain 0..n-1 index.
        struck: heading → rows whose value check struck.
        unkept: heading → rows of whose value nothing is kept, not what was landed either (:data:`model.UNKEPT`).
        sealed: what the converters leave for the vault, filled on the way.
    """

    contract: Contract
    keys: Keys
    lookups: names.Lookups
    addresses: parser.Reader
    landed: pd.DataFrame
    struck: dict[str, pd.Series]
    unkept: dict[str, pd.Series]
    sealed: list[identifiers.Sealed] = field(default_factory=list)
    _told: dict[str, pd.Series] = field(default_factory=dict)

    def of(self, rows: np.ndarray) -> Batch:
        """The batch of these rows alone (a bool each), with the same readers."""
        if rows.all():
            return self
        struck, unkept = (
            {heading: told[rows].reset_index(drop=True) for heading, told in every.items()}
            for every in (self.struck, self.unkept)
        )
        landed = self.landed[rows].reset_index(drop=True)
        return dataclasses.replace(self, landed=landed, struck=struck, unkept=unkept, sealed=[], _told={})

    def said(self, column: Column | None) -> pd.Series:
        """What a column says: clean text, null where it is null, a null mark or struck."""
        if column is None:
            return pd.Series(None, index=self.landed.index, dtype=object)
        return self.told(column).where(~self.struck_rows(column), None)

    def told(self, column: Column) -> pd.Series:
        """As :meth:`said`, struck values among them; each heading is cleaned once."""
        if column.heading not in self._told:
            distinct, codes = values.per_distinct(self.landed[column.heading])
            text = values.clean_text(distinct)
            text = text.where(~text.isin(list(self.contract.arrives.null_marks)), None)
            self._told[column.heading] = text.take(codes).set_axis(self.landed.index)
        return self._told[column.heading]

    def struck_rows(self, column: Column) -> pd.Series:
        """The rows whose value of this column check struck."""
        return self.struck.get(column.heading, pd.Series(False, index=self.landed.index))


def schema(kind: Kind) -> list[tuple[str, pa.DataType]]:
    """Clean and raw columns of a kind in order; the same for every source, fed or not."""
    columns: list[tuple[str, pa.DataType]] = []
    for name, prop in kind.properties.items():
        columns += [(name + suffix, of_type) for suffix, of_type in _TYPES[prop.type].items()]
        if prop.type not in _NO_RAW:
            columns.append((f"raw_{name}", TEXT))
    return columns


def clean(kind: Kind, batch: Batch) -> pd.DataFrame:
    """All clean and raw columns of a kind, one row per accepted row, in :func:`schema`'s order."""
    fed = batch.contract.columns_of(kind.kind)
    found: dict[str, pd.Series] = {}
    for name, prop in kind.properties.items():
        column = fed.get(name)
        made = _made(kind, name, prop, column, batch)
        found |= {name + suffix: made[suffix] for suffix in _TYPES[prop.type]}
        if prop.type not in _NO_RAW:
            found[f"raw_{name}"] = _raw(prop, column, batch)
    return pd.DataFrame({name: found[name] for name, _ in schema(kind)}, index=batch.landed.index)


def _raw(prop: Property, column: Column | None, batch: Batch) -> pd.Series:
    if column is None:
        return pd.Series(None, index=batch.landed.index, dtype=object)
    landed = batch.landed[column.heading]
    if column.heading in batch.unkept:
        landed = landed.where(~batch.unkept[column.heading], None)
    return values.mask_numbers(landed) if prop.type in FREE_TEXT else landed


def _made(kind: Kind, name: str, prop: Property, column: Column | None, batch: Batch) -> dict[str, pd.Series]:
    """Suffix → column of one property."""
    if column is None and prop.type not in ("lon", "lat"):
        return _unfed(prop, batch.contract.constants.get(f"{kind.kind}.{name}"), batch)
    said = batch.said(column)
    if prop.type in ("name", "organization_name"):
        return _name(said, prop, batch)
    if prop.type in ("document", "number"):
        return _document(kind, said, column, batch) if prop.type == "document" else _number(name, said, batch)
    if prop.type == "address":
        return _address(said, prop, batch)
    if prop.type in ("lon", "lat"):
        return {"": _coordinate(kind, prop.type, batch)}
    return _PLAIN[prop.type](said, column, batch) if prop.type in _PLAIN else {}


def _unfed(prop: Property, constant: object, batch: Batch) -> dict[str, pd.Series]:
    """What a property says of rows of a source that does not: the contract's constant, or nothing."""
    if constant is not None:
        return {"": pd.Series(constant, index=batch.landed.index, dtype=object)}
    nothing = pd.Series(np.full(len(batch.landed), None, dtype=object), index=batch.landed.index)
    return {suffix: nothing.notna() if suffix == "_valid" else nothing for suffix in _TYPES[prop.type]}


def _text(said: pd.Series, _column: Column | None, _batch: Batch) -> dict[str, pd.Series]:
    return {"": said}


def _code(said: pd.Series, column: Column | None, _batch: Batch) -> dict[str, pd.Series]:
    return {"": _coded(said, column)}


def _key(said: pd.Series, _column: Column | None, batch: Batch) -> dict[str, pd.Series]:
    return {"": identifiers.references(said, batch.contract.source, batch.keys)}


def _phone(said: pd.Series, _column: Column | None, batch: Batch) -> dict[str, pd.Series]:
    tokens, sealed = identifiers.phones(said, batch.keys)
    batch.sealed.append(sealed)
    return {"_tokens": tokens}


def _date(said: pd.Series, column: Column | None, _batch: Batch) -> dict[str, pd.Series]:
    read = values.dates(said, column.formats or () if column else ())
    return {"": read["day"], "_precision": read["precision"]}


def _integer(said: pd.Series, _column: Column | None, _batch: Batch) -> dict[str, pd.Series]:
    numbers = pd.to_numeric(said, errors="coerce")
    return {"": numbers.where(numbers.mod(1).eq(0)).astype("Int64")}


def _decimal(said: pd.Series, _column: Column | None, _batch: Batch) -> dict[str, pd.Series]:
    return {"": pd.to_numeric(said, errors="coerce").round(2)}


def _geometry(said: pd.Series, _column: Column | None, batch: Batch) -> dict[str, pd.Series]:
    return {"": coordinates.geometries(said, batch.contract.arrives.crs)}


def _credit_code(said: pd.Series, _column: Column | None, _batch: Batch) -> dict[str, pd.Series]:
    read = documents.credit_code(said)
    return {"": read["code"].where(read["valid"], None), "_valid": read["valid"]}


_PLAIN: dict[str, Callable[[pd.Series, Column | None, Batch], dict[str, pd.Series]]] = {
    "text": _text, "old_grid": _text, "code": _code, "facility_class": _code, "key": _key, "phone": _phone,
    "date": _date, "birth_date": _date, "integer": _integer, "decimal": _decimal, "geometry": _geometry,
    "credit_code": _credit_code,
}  # fmt: skip


def _coded(text: pd.Series, column: Column | None) -> pd.Series:
    """The kind's own word; a word the contract does not know is null (check has said so)."""
    if column is None or column.codes is None:
        return text
    return text.map(column.codes).astype(object).where(lambda s: s.notna(), None)


def _name(said: pd.Series, prop: Property, batch: Batch) -> dict[str, pd.Series]:
    said = values.mask_numbers(said)
    of_type = names.person if prop.type == "name" else names.organization
    read = of_type(said, batch.lookups)
    return {"" if column == "name" else f"_{column}": read[column] for column in read}


def _document(kind: Kind, said: pd.Series, column: Column | None, batch: Batch) -> dict[str, pd.Series]:
    kinds = _document_kinds(kind, column, batch)
    told, struck = said, pd.Series(False, index=said.index)
    if column is not None:  # a struck number is no evidence of its own, but a mistyped one is near its true one
        told, struck = batch.told(column), batch.struck_rows(column)
    table, sealed = identifiers.document(told, kinds, struck, batch.keys)
    batch.sealed.append(sealed)
    return {f"_{name}": table[name] for name in table}


def _number(name: str, said: pd.Series, batch: Batch) -> dict[str, pd.Series]:
    tokens, sealed = identifiers.numbers(said, name, batch.keys)
    batch.sealed.append(sealed)
    return {"_token": tokens, "_valid": tokens.notna()}


def _document_kinds(kind: Kind, column: Column | None, batch: Batch) -> pd.Series:
    if column is not None and column.document_kind:
        return pd.Series(column.document_kind, index=batch.landed.index, dtype=object)
    fed = batch.contract.columns_of(kind.kind)
    told = next((fed[name] for name in kind.typed("document_kind") if name in fed), None)
    return _coded(batch.said(told), told)


def _address(said: pd.Series, prop: Property, batch: Batch) -> dict[str, pd.Series]:
    text = values.mask_numbers(said)
    read = batch.addresses.parse(text)
    if prop.level == "building":
        read = at_building(read)
    return {"": text, **{f"_{name}": read[name] for name in read}}


def at_building(read: pd.DataFrame) -> pd.DataFrame:
    """Addresses cut at their building: unit, floor and room dropped."""
    read = read.copy()
    inside = read["level"].isin(_ABOVE_UNIT)
    read["path"] = read["path"].str.replace(r"\|(?:unit|floor|room):.*$", "", regex=True)
    read["path"] = read["path"].where(read["path"].str.contains("|", regex=False, na=False), None)
    read.loc[:, list(_ABOVE_UNIT)] = None
    coarser = [
        name for name in parser.COLUMNS if name in (*parser.DIVISIONS, *parser.ELEMENTS) and name not in _ABOVE_UNIT
    ]
    present = read.loc[inside, coarser].notna()
    finest = present.iloc[:, ::-1].idxmax(axis=1).where(present.any(axis=1), None) if inside.any() else None
    read.loc[inside, "level"] = finest
    return read


def _coordinate(kind: Kind, which: str, batch: Batch) -> pd.Series:
    """Longitude or latitude of the pair: neither can be converted alone."""
    fed = batch.contract.columns_of(kind.kind)
    pair = [next((fed[name] for name in kind.typed(of_type) if name in fed), None) for of_type in ("lon", "lat")]
    lon, lat = (batch.said(column) for column in pair)
    return coordinates.points(lon, lat, batch.contract.arrives.crs)[0 if which == "lon" else 1]


def to_arrow(frame: pd.DataFrame, columns: list[tuple[str, pa.DataType]]) -> pa.Table:
    """A frame as Arrow with the given columns and types, NaN and None both null."""
    return pa.table([_array(frame[name], of_type) for name, of_type in columns], schema=pa.schema(columns))


def _array(series: pd.Series, of_type: pa.DataType) -> pa.Array:
    if pa.types.is_list(of_type):
        return pa.array(series.tolist(), of_type)
    if pa.types.is_integer(of_type):
        return pa.array(series.astype("Int64"), of_type)
    if pa.types.is_floating(of_type):
        return pa.array(series.to_numpy(dtype=np.float64, na_value=np.nan), of_type, from_pandas=True)
    return pa.array(series.to_numpy(dtype=object), of_type, from_pandas=True)
