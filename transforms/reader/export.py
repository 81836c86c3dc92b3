"""Exports: what a rights package lets one consumer see, as files with a dictionary; every one leaves an audit row.

Persons and households carry tokens of this consumer alone (keyed by its name), so that two consumers cannot join what
they were given. Rows are sorted by what they show, so their order says nothing; no clock time enters a file.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from sqlalchemy.engine import Connection

from transforms import bulk, database, key_marks, keys, store, tables
from transforms.errors import GridfactsError
from transforms.keys import Keys
from transforms.reader import audit, geopackage, promise, selection
from transforms.reader.package import Package, Share, base_of, refuse_expired
from transforms.run import Settings

Format = Literal["parquet", "csv", "gpkg"]
_FRESH = "SELECT source, as_of, state FROM source_state WHERE release = :release ORDER BY source"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # OWASP: a spreadsheet would run such a cell


def export(
    settings: Settings, package: Package, out: Path, formats: tuple[Format, ...], who: str, today: dt.date
) -> dict[str, int]:
    """Write every shared table of a package below ``out``, whole or not at all.

    Args:
        settings: whose release.
        package: whose rights.
        out: a folder that does not exist yet.
        formats: files to write of each table.
        who: the person who exports.
        today: the day on which the rights must still hold.

    Returns:
        Table → rows.

    Raises:
        GridfactsError: ``EXPIRED``; ``NO_RELEASE``; ``EXISTS``; ``VAULT``: a number does not open.
        ConfigError: the keys are not those of this deployment.
        AuditError: the audit row cannot be written; there are no files.
    """
    refuse_expired(package, today)
    if out.exists():
        raise GridfactsError("EXISTS", f"{out} is there already; an export is written once")
    key_marks.require(settings)
    dbs, known = database.open_databases(settings), keys.load(settings)
    with database.reading(dbs.release) as connection:
        last = connection.execute(
            sa.text("SELECT release, night, checksum FROM release ORDER BY 1 DESC LIMIT 1")
        ).one_or_none()
        if last is None:
            raise GridfactsError("NO_RELEASE", "nothing was published yet")
        found = {name: rows_of(connection, package, name, known, last.night) for name in sorted(package.tables)}
        fresh = [dict(row) for row in connection.execute(sa.text(_FRESH), {"release": last.release}).mappings()]
    counts = {name: table.num_rows for name, table in found.items()}
    number = audit.record_read(
        settings, who=who, action="export", kind=package.consumer, purpose=package.purpose, rows=sum(counts.values())
    )
    with store.output(out) as folder:
        for name, table in found.items():
            _write(folder, name, table, formats, last.night)
        _dictionary(folder / "dictionary.csv", package)
        told = {
            "consumer": package.consumer, "purpose": package.purpose, "legal_basis": package.legal_basis,
            "expires": package.expires.isoformat(), "release": last.release, "checksum": last.checksum,
            "night": last.night, "audit": number, "rows": counts, "sources": fresh,
            "files": {path.name: store.file_sha256(path) for path in sorted(folder.iterdir())},
        }  # fmt: skip
        (folder / "export.json").write_text(json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True), "utf-8")
    return counts


def rows_of(connection: Connection, package: Package, name: str, known: Keys, night: str) -> pa.Table:
    """The rows one shared table gives, masked, sorted by all their columns."""
    share = package.tables[name]
    years, postgres = day_before(night), bulk.is_postgres(connection)
    text = selection.query(package, name, token=lambda column: column, years_before=years, postgres=postgres)
    table = asked(connection, package, name, text)
    for at, field in enumerate(share.fields):
        if (tell := teller(field, share, package, known)) is not None:
            told = [None if value is None else tell(value) for value in table[field].to_pylist()]
            table = table.set_column(at, field, pa.array(told, pa.string()))
    return table.sort_by([(field, "ascending") for field in share.fields])


def asked(connection: Connection, package: Package, name: str, text: str) -> pa.Table:
    """The answer of a query of one shared table: masked, but with ids where tokens will stand."""
    share = package.tables[name]
    schema = pa.schema([(field, _stored(name, field, share)) for field in share.fields])
    return pa.Table.from_batches([b for t in bulk.query(connection, text, schema) for b in t.to_batches()], schema)


def day_before(night: str) -> Callable[[int], str]:
    """Years → the SQL text of the day so many years before a night."""
    day = dt.date.fromisoformat(night)

    def before(years: int) -> str:
        last = 28 if (day.month, day.day) == (2, 29) else day.day
        return f"'{day.replace(year=day.year - years, day=last).isoformat()}'"

    return before


def token_of(known: Keys, package: Package, value: str) -> str:
    """This consumer's token of an id."""
    return known.export.identifier("consumer", package.consumer, value)


def teller(field: str, share: Share, package: Package, known: Keys) -> Callable[[Any], str] | None:
    """How a field's value becomes what the consumer is told, where it is not told as it is."""
    if share.mask.get(field) == "token":
        return lambda value: token_of(known, package, value)
    return _opener(known) if field == "number" else None


def _opener(known: Keys) -> Callable[[bytes], str]:
    def opened(sealed: bytes) -> str:
        try:
            return known.unseal(sealed)
        except InvalidTag:
            raise GridfactsError(
                "VAULT", "a number does not open under the vault key: another key, or damaged"
            ) from None

    return opened


def _stored(name: str, field: str, share: Share) -> pa.DataType:
    """As the query returns it."""
    if field == "number":
        return pa.binary()
    return pa.string() if field in share.mask else tables.ARROW[kind_of(name, field)]


def kind_of(name: str, field: str) -> tables.Type:
    """The catalogue's type of a field of a view or table."""
    for table in _sources(name):
        if field in table.columns:
            return table.columns[field].type
    return "text"


def meaning(name: str, field: str) -> tuple[str, str]:
    """Label and description of a field of a view or table; empty where none is told."""
    told = next((table.columns[field] for table in _sources(name) if field in table.columns), None)
    found = told or promise.added().get(field)
    return (found.label, found.description) if found else ("", "")


def _sources(name: str) -> list[tables.Table]:
    """The catalogue's tables that say what the columns of a view or table mean, the nearest first."""
    known = tables.load_all()
    return [base_of(name), known["place_grid"], known["std_grid"]]


def _write(folder: Path, name: str, table: pa.Table, formats: tuple[Format, ...], night: str) -> None:
    if "parquet" in formats:
        store.write_table(folder / f"{name}.parquet", table)
    if "csv" in formats:
        with (folder / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(table.column_names)
            writer.writerows([_cell(value) for value in row.values()] for row in table.to_pylist())
    if "gpkg" in formats:
        geopackage.write(folder / "export.gpkg", name, table, night)


def _cell(value: object) -> object:
    """A text that a spreadsheet would run gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _dictionary(path: Path, package: Package) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["table", "field", "label", "description", "type", "mask", "deprecated"])
        for name, share in sorted(package.tables.items()):
            for field in share.fields:
                label, text = meaning(name, field)
                promised = promise.load().get(name, {}).get(field)
                will_go = promised.notice if promised else ""
                writer.writerow([name, field, label, text, kind_of(name, field), share.mask.get(field, ""), will_go])
