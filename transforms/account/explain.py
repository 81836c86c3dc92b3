"""Explain: which rows make an entity and why, or what became of a landed row. No document numbers, no landed texts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms import database, manifest, store
from transforms.account.delta import key_of
from transforms.account.landed import Told, file_of, landed_at, past_at, versions
from transforms.account.night import Night
from transforms.coded import whole
from transforms.errors import GridfactsError
from transforms.live import Live
from transforms.paired import ENDS, named
from transforms.places import places
from transforms.run import Run

_ROW = 3  # parts of source:batch-or-file:line
_HIDDEN = {"provenance", "polygon", "geometry"}  # told apart from the values, or too long to read


@dataclass(frozen=True)
class Edge:
    """Why two records stand together, in the words of link."""

    left: str
    right: str
    how: str
    score: int
    evidence: str


@dataclass(frozen=True)
class Value:
    """A published value and the record that won it (None: derived, or a key)."""

    column: str
    value: str
    record_id: str | None


@dataclass(frozen=True)
class Explanation:
    """What was asked, and all that is known of it.

    Attributes:
        what: as asked. kind: of the entity, or None for a row.
        state: of the identity (live, retired), or None.
        signpost: the identity that took its place.
        rows: the rows that feed it. edges: why they are together. values: what is published.
        grid: grid id or None. grid_reason: method, or the reason for none.
        history: its events, oldest first: (release, event, fields, other id).
        restricted: its fields are shown to nobody: there are neither values nor grid.
    """

    what: str
    kind: str | None
    state: str | None
    signpost: str | None
    rows: tuple[Told, ...]
    edges: tuple[Edge, ...] = ()
    values: tuple[Value, ...] = ()
    grid: str | None = None
    grid_reason: str | None = None
    history: tuple[tuple[int, str, str | None, str | None], ...] = ()
    restricted: bool = False


def explain(run: Run, what: str) -> Explanation:
    """Explain an entity id, or a landed row as ``source:batch-or-file-name:line``.

    Raises:
        GridfactsError: ``NOT_FOUND``: no such entity or row by this night.
        StaleInputError: the night is not closed.
    """
    night = Night(run)
    folder = store.night_dir(run, "account", "release")
    manifest.require(run.settings.lake, folder, "account")
    parts = what.split(":")
    if len(parts) >= _ROW and parts[0] in night.contracts and parts[-1].isdigit():
        return _row(night, what)
    return _entity(night, folder, what)


def _row(night: Night, what: str) -> Explanation:
    source, _, rest = what.partition(":")
    file, _, place = rest.rpartition(":")
    found = [
        row
        for delivery in night.deliveries[source]
        if file in (delivery.batch.id, delivery.batch.sha256, file_of(night, delivery.batch))
        for row in landed_at(night, delivery, int(place))
    ]
    gone = [one for one in night.past.batches.values() if one.batch.startswith(f"{source}-")]
    for one in gone:
        if file in (one.batch, one.batch.rpartition("-")[2], one.file):
            found += past_at(night, one, int(place))
    if not found:
        raise GridfactsError("NOT_FOUND", f"no row at line {place} of such a file of {source} by {night.run.night}")
    return Explanation(what, None, None, None, tuple(found))


def _entity(night: Night, folder: Path, what: str) -> Explanation:
    identity = store.read_table(folder / "identity.parquet")
    known = identity.filter(pc.equal(identity["entity_id"], what)).to_pylist()
    if not known:
        raise GridfactsError("NOT_FOUND", f"no identity of this id by {night.run.night}, and it names no row")
    kind = str(known[0]["kind"])
    record = store.read_table(folder / "record.parquet")
    mine = record.filter(pc.fill_null(pc.equal(record["entity_id"], what), fill_value=False))
    live = mine.filter(pc.equal(mine["state"], "merged")).sort_by([("source", "ascending"), ("line", "ascending")])
    shut = _restricted(night, what)
    grid, reason = (None, None) if shut else _grid(folder, what)
    return Explanation(
        what=what,
        kind=kind,
        state=str(known[0]["state"]),
        signpost=known[0]["signpost"],
        rows=tuple(versions(night, live)),
        edges=_edges(night, kind, live["record_id"]),
        values=() if shut else _values(night, kind, what),
        grid=grid,
        grid_reason=reason,
        history=_history(night, what),
        restricted=shut,
    )


def _restricted(night: Night, entity: str) -> bool:
    stores = database.open_databases(night.run.settings)
    return database.read(stores.release, "restricted", ["state"], {"entity_id": entity})["state"].to_pylist() in (
        ["new"],
        ["told"],
    )


def _edges(night: Night, kind: str, records: pa.ChunkedArray) -> tuple[Edge, ...]:
    pair = night.of_night("link", kind, "pairs")
    if pair is None:
        return ()
    path = night.night_path("account", "live", kind)
    ids = Live(path).ids if path is not None else pa.array([], pa.string())
    mine = pa.array(places(ids, whole(records)), pa.int32())
    within = pc.and_(*(pc.is_in(pair[end], value_set=mine) for end in ENDS))
    rows = named(pair.filter(within).sort_by([(end, "ascending") for end in ENDS]), ids).to_pylist()
    return tuple(Edge(r["left"], r["right"], r["how"], r["score"], r["evidence"]) for r in rows)


def _values(night: Night, kind: str, entity: str) -> tuple[Value, ...]:
    name = night.kinds[kind].table
    table = night.of_night("merge", kind, name)
    if table is None:
        return ()
    rows = table.filter(pc.equal(table[key_of(name)[0]], entity)).to_pylist()
    if not rows:
        return ()
    won = json.loads(rows[0]["provenance"] or "{}")
    told = [(column, value) for column, value in rows[0].items() if value is not None and column not in _HIDDEN]
    return tuple(Value(column, str(value), won.get(column)) for column, value in told)


def _grid(folder: Path, entity: str) -> tuple[str | None, str | None]:
    placed = store.read_table(folder / "fact_grid.parquet")
    rows = placed.filter(pc.equal(placed["id"], entity)).to_pylist()
    return (rows[0]["grid_id"], rows[0]["method"] or rows[0]["reason"]) if rows else (None, None)


def _history(night: Night, entity: str) -> tuple[tuple[int, str, str | None, str | None], ...]:
    stores = database.open_databases(night.run.settings)
    columns = ["seq", "release", "event", "fields", "other_id"]
    found = database.read(stores.release, "change", columns, {"entity_id": entity})
    return tuple((r["release"], r["event"], r["fields"], r["other_id"]) for r in found.sort_by("seq").to_pylist())


def render_explanation(found: Explanation) -> str:
    """The explanation as plain English."""
    if found.kind is None:
        return "\n".join([f"{found.what}", *(_row_line(row) for row in found.rows)])
    lines = [f"{found.kind} {found.what}: {found.state}" + (f", now {found.signpost}" if found.signpost else "")]
    lines.append(f"stands on {len(found.rows)} record(s):")
    lines += [_row_line(row) for row in found.rows]
    if found.edges:
        lines.append("together because:")
        lines += [f"  {e.left} and {e.right}: {e.how}, score {e.score / 10_000:.4f}, {e.evidence}" for e in found.edges]
    if found.values:
        lines.append("published:")
        lines += [f"  {v.column} = {v.value}" + _if("   (from record {})", v.record_id) for v in found.values]
    place = f"grid: {found.grid or 'none'} ({found.grid_reason or 'not a fact'})"
    lines.append("restricted: its fields are shown to nobody" if found.restricted else place)
    lines += ["history:"] if found.history else []
    for release, event, fields, other in found.history:
        lines.append(f"  release {release}: {event}" + _if(" of {}", fields) + _if(" with {}", other))
    return "\n".join(lines)


def _row_line(row: Told) -> str:
    where = f"  {row.source}, file {row.file}, line {row.line}, as {row.kind}: {row.state}"
    where += _if(" by rule {}", row.rule) + _if(" on field {}", row.field)
    if row.repeats:
        where += f", an unchanged repeat of file {row.repeats[0]}, line {row.repeats[1]}"
    return where + _if("; record {}", row.record_id) + _if(", entity {}", row.entity_id)


def _if(text: str, value: str | None) -> str:
    return text.format(value) if value else ""
