"""What a subject's request reaches: the landed rows that tell of a person, and the digests they are known again by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from transforms import contract, database, keys, store, subjects
from transforms.contract import Contract
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.keys import SEPARATOR
from transforms.run import Run, Settings

_LAST_NIGHT = "9999-12-31"  # whatever was landed, in any night


@dataclass(frozen=True)
class Reach:
    """A subject.

    Attributes:
        entity: where it stands, None where its row stands in no entity.
        rows: (batch, line) of its rows as the release tells them, or of the row that was named.
        digests: what → digests (:data:`transforms.subjects.WHATS`).
        shared: numbers that rows of other entities bear too: a borrowed number is left out, it would reach them.
    """

    entity: str | None
    rows: tuple[tuple[str, int], ...]
    digests: dict[str, frozenset[str]]
    shared: int


def of_entity(settings: Settings, stores: Databases, entity: str) -> Reach:
    """Everything of one entity of natural persons: every record that stands in it or last stood in it.

    Raises:
        GridfactsError: ``NOT_FOUND``: no such entity, of another kind, or retired (then its signpost is told).
        DatabaseError: a database cannot be read.
    """
    known = database.read(stores.release, "identity", where={"entity_id": entity}).to_pylist()
    if not known or known[0]["kind"] != subjects.KIND:
        raise GridfactsError("NOT_FOUND", f"no {subjects.KIND} has this id")
    if known[0]["signpost"]:
        raise GridfactsError("NOT_FOUND", f"this identity is retired; its records stand in {known[0]['signpost']}")
    standing = _records(stores.release, "record", {"entity_id": entity})
    homed = _records(stores.control, "home", {"entity_id": entity})
    records = sorted({row["record_id"] for row in standing} | set(_nowhere(stores, homed)))
    versions = [row for record in records for row in _records(stores.release, "record", {"record_id": record})]
    rows = sorted({(str(row["batch"]), int(row["line"])) for row in versions})
    return _reach(settings, stores, entity, frozenset(records), rows)


def of_row(settings: Settings, stores: Databases, source: str, batch: str, line: int) -> Reach:
    """The subject of one landed row: its whole entity where it stands in one, else what the row itself says.

    Raises:
        GridfactsError: ``NOT_FOUND``: no such row, or its source tells of no persons.
        DatabaseError: a database cannot be read.
    """
    known = contract.load_all(settings.expectations).get(source)
    if known is None or subjects.KIND not in known.feeds or not _path(settings, batch).is_file():
        raise GridfactsError("NOT_FOUND", f"no batch of this name of a source that tells of a {subjects.KIND}")
    at: dict[str, str | int | None] = {"batch": batch, "line": line, "kind": subjects.KIND}
    entities = {row["entity_id"] for row in database.read(stores.release, "record", where=at).to_pylist()} - {None}
    if len(entities) == 1:
        return of_entity(settings, stores, str(entities.pop()))
    if not _landed(settings, batch, [line]).num_rows:
        raise GridfactsError("NOT_FOUND", f"this batch has no row at line {line}")
    return _reach(settings, stores, None, frozenset(), [(batch, line)])


def reached(settings: Settings, digests: subjects.Digests) -> Iterator[tuple[str, int]]:
    """Every landed batch and how many of its rows these digests know; only batches that have some."""
    run = Run.of(_LAST_NIGHT, settings=settings)
    for source, known in contract.load_all(settings.expectations).items():
        for batch in store.landed(run, source) if subjects.KIND in known.feeds else ():
            found = pc.sum(subjects.matching(settings, known, store.read_table(_path(settings, batch)), digests))
            if found.as_py():
                yield batch, int(found.as_py())


def _records(engine: Any, table: str, where: dict[str, str | int | None]) -> list[dict[str, Any]]:  # noqa: ANN401
    found: list[dict[str, Any]] = database.read(engine, table, where=where | {"kind": subjects.KIND}).to_pylist()
    return found


def _nowhere(stores: Databases, homed: list[dict[str, Any]]) -> Iterator[str]:
    """Of records with this home those that stand in no entity today: others tell of somebody else now."""
    for record in sorted({row["record_id"] for row in homed}):
        now = database.read(stores.release, "record", ["entity_id"], {"record_id": record})["entity_id"]
        if now.null_count == len(now):
            yield record


def _reach(
    settings: Settings, stores: Databases, entity: str | None, records: frozenset[str], rows: list[tuple[str, int]]
) -> Reach:
    found: dict[str, set[str]] = {what: set() for what in subjects.WHATS}
    found["record"] |= records
    shared: set[str] = set()
    for batch in sorted({batch for batch, _ in rows if _path(settings, batch).is_file()}):  # others went: words too
        source = contract.load_all(settings.expectations)[batch.split("-", 1)[0]]
        landed = _landed(settings, batch, [line for one, line in rows if one == batch])
        told = subjects.of_rows(settings, source, landed)
        for what in ("row", *(() if entity else ("record",))):
            found[what] |= {digest for digest in told[what].to_pylist() if digest}
        borne = _borne(settings, stores, entity, source, landed)
        numbers = [(digest, borne[at]) for at, digest in enumerate(told["document"].to_pylist()) if digest]
        found["document"] |= {digest for digest, others in numbers if not others}
        shared |= {digest for digest, others in numbers if others}
    return Reach(entity, tuple(rows), {what: frozenset(of) for what, of in found.items()}, len(shared))


def _borne(settings: Settings, stores: Databases, entity: str | None, source: Contract, rows: pa.Table) -> list[bool]:
    """Per row: rows of another entity bear its number too."""
    known, found = keys.load(settings), []
    for told in subjects.numbers(source, rows).to_pylist():
        holders: set[str] = set()
        if told is not None:
            category, number = told.split(SEPARATOR)
            where = {"token": known.link_token(f"document:{category}", number), "known_to": None}
            holders = set(
                database.read(stores.release, "vault_identifier", ["entity_id"], where)["entity_id"].to_pylist()
            )
        found.append(bool(holders - {entity}))
    return found


def _path(settings: Settings, batch: str) -> Any:  # noqa: ANN401
    return store.batch_dir(settings, "land", batch) / "rows.parquet"


def _landed(settings: Settings, batch: str, lines: list[int]) -> pa.Table:
    rows = store.read_table(_path(settings, batch))
    return rows.filter(pc.is_in(rows["line"], value_set=pa.array(lines, pa.int64())))
