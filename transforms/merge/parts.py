"""The records of a kind, whole or a range of entities at a time (:mod:`transforms.merge.pieces`)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import model
from transforms.live import Live, whole
from transforms.merge import pieces
from transforms.merge.golden import Ints
from transforms.merge.night import VAULT, Inputs
from transforms.merge.pieces import Part, Pieces, Rows, Spill, Told
from transforms.places import numbers

RECORDS = 250_000  # of a piece
_LOCATED = ("record_id", "property", "rank", "address_id", "building_id", "house_id", "level", "reason", "village")
_GRID = ("grid_id", "method")  # of a fact with a point of its own
_CODED = ("property", "level", "reason", "village")
_CLUSTER = ("entity_id", "how", "trusted")


@dataclass(frozen=True)
class Wanted:
    """What is read of the records of a kind.

    Attributes:
        names: columns of the live records, beside record_id, source and since; None: each as somebody asks for it,
            and all records at once.
        coded: those of them that have few values.
        others: what is located, and the vault, are wanted too.
    """

    names: Sequence[str] | None = None
    coded: Sequence[str] = ()
    others: bool = True


def parts(inputs: Inputs, kind: str, wanted: Wanted) -> Iterator[Part]:
    """What the records of a kind say: of all entities, or of one range of their ids after the other."""
    live = inputs.live(kind)
    if wanted.names is None or not live.ordered:
        yield _whole(inputs, kind, live, live, wanted)
        return
    names = ["record_id", "source", "since", *(n for n in wanted.names if n in live.column_names)]
    names, coded = list(dict.fromkeys(names)), ["source", "since", *wanted.coded]
    count = -(-live.num_rows // RECORDS)
    if count <= 1:
        read = list(pieces.read(inputs.live_path(kind), names, coded)) if live.num_rows else []
        yield _whole(inputs, kind, live, Rows(pa.concat_tables(read)) if read else live, wanted)
        return
    scratch = inputs.run.settings.home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    del live  # a city's record ids
    with tempfile.TemporaryDirectory(prefix="merge.", dir=scratch) as folder:
        spills = {name: Spill(Path(folder), name, count) for name in ("live", "cluster", "located", "vault")}
        _lay_out(inputs, kind, (names, coded), wanted, spills)
        for at in range(count):
            if spills["live"].holds(at):
                yield _part(spills, at)


def _whole(inputs: Inputs, kind: str, live: Live, rows: Live, wanted: Wanted) -> Part:
    located, vault = _nothing(model.LOCATED), _nothing(VAULT)
    if wanted.others:
        found = list(_located(inputs, live.ids, (*_LOCATED, *_GRID) if wanted.names is None else _LOCATED))
        located = _joined(found, model.LOCATED)
        vault = _joined(list(inputs.vault(live)) if inputs.sealed else [], VAULT)
    return Part(rows, inputs.cluster(kind), located, vault)


def _nothing(schema: pa.Schema) -> Told:
    return Told(schema.empty_table(), np.zeros(0, dtype=np.int64))


def _joined(found: list[tuple[pa.Table, Ints]], schema: pa.Schema) -> Told:
    if not found:
        return _nothing(schema)
    tables, record = zip(*found, strict=True)
    return Told(pa.concat_tables(tables).combine_chunks(), np.concatenate(record))


def _located(inputs: Inputs, ids: pa.Array, names: Sequence[str]) -> Iterator[tuple[pa.Table, Ints]]:
    """Best candidates of the live records, with the records' numbers."""
    path = inputs.located_path()
    for table in pieces.read(path, names, _CODED) if path else ():
        best = table.filter(pc.equal(table["rank"], 1))
        yield best.drop_columns(["record_id", "rank"]), numbers(ids, whole(best["record_id"]))


def _lay_out(
    inputs: Inputs, kind: str, columns: tuple[list[str], list[str]], wanted: Wanted, spills: Mapping[str, Spill]
) -> None:
    """Write everything that tells of records by ranges of their entities' ids."""
    path = inputs.cluster_path(kind)
    prefixes = (pieces.prefix(whole(t["entity_id"])) for t in pieces.read(path, ["entity_id"], []))
    piece = pieces.ranges(prefixes, spills["live"].count)
    spills["live"].write(_along(pieces.read(inputs.live_path(kind), *columns), piece))
    spills["cluster"].write(_along(pieces.read(path, _CLUSTER, ["how"]), piece))
    if wanted.others:
        live, place = inputs.live(kind), pieces.within(piece)
        spills["located"].write(_beside(_located(inputs, live.ids, _LOCATED), piece, place))
        spills["vault"].write(_beside(inputs.vault(live) if inputs.sealed else (), piece, place))


def _part(spills: Mapping[str, Spill], at: int) -> Part:
    """What lies in one range."""
    located, vault = _told(spills["located"].read(at), model.LOCATED), _told(spills["vault"].read(at), VAULT)
    return Part(Rows(spills["live"].read(at)), spills["cluster"].read(at), located, vault)


def _along(tables: Iterator[pa.Table], piece: Pieces) -> Iterator[tuple[pa.Table, Pieces]]:
    """Tables that hold a row of each record, in the order of the records."""
    start = 0
    for table in tables:
        yield table, piece[start : start + table.num_rows]
        start += table.num_rows


def _beside(rows: Iterable[tuple[pa.Table, Ints]], piece: Pieces, place: Ints) -> Iterator[tuple[pa.Table, Pieces]]:
    """Rows that tell of records, each with the number of its record within the piece."""
    for table, record in rows:
        known = record >= 0
        numbered = table.append_column("record", pa.array(np.where(known, place[record], -1)))
        yield numbered, np.where(known, piece[record], np.int16(-1))


def _told(table: pa.Table, schema: pa.Schema) -> Told:
    """What :func:`_beside` laid out."""
    if not table.num_rows:
        return _nothing(schema)
    one = table.combine_chunks()
    return Told(one.drop_columns(["record"]), one["record"].to_numpy())
