"""The door of merge, one kind at a time: golden records, and the claims that say where each value is from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import model, store
from transforms.account import settled
from transforms.account.claims import Claims
from transforms.account.delta import key_of
from transforms.account.night import Night
from transforms.account.sure import Members
from transforms.engine import Engine

_HERE = Path(__file__).parent
_RECORD = ["source", "record_id"]
_ENTITY = pa.schema([("entity_id", pa.string())])


def merge_doors(
    night: Night,
    engine: Engine,
    kind: str,
    live: pa.Table,
    cluster: pa.Table,
    members: Members | None,
    left_out: pa.Table,
) -> Iterator[str]:
    """Entities = identities = golden records; claims stand in their entity and say what their record says.

    Args:
        night: merged.
        engine: for what is not surely right.
        kind: which.
        live: (source, record_id) of its live records.
        cluster: as resolve left it, sorted by record.
        members: the same by number, where it is as it must be.
        left_out: entities that may have no golden record.
    """
    table, path = night.kinds[kind].table, night.night_path("merge", kind, "claim")
    where = night.night_path("merge", kind, table)
    told = {} if where is None else {field.name: field.type for field in list(pq.read_schema(where))[1:]}
    golden, claims = _golden(where, table, []), None
    if members is not None and path is not None:
        claims = Claims(path, members, live["source"].combine_chunks())
        claims = claims if claims.known and _sure(claims, members, golden, left_out) else None
    if claims is None:
        tables = {
            "live_row": live.select(_RECORD),
            "cluster": cluster,
            "claim": _claim(path),
            "golden": golden,
            "left_out": left_out,
        }
        yield from _report(kind, engine.run(_HERE / "door_merge.sql", tables))
    place = night.night_path("account", "live", kind)
    if place is None:
        return
    plain = {field.name: field.type for field in pq.read_schema(place)}
    for name in (name for name, of in told.items() if name not in model.STANDARD.names and plain.get(name) == of):
        values = _golden(where, table, [name])
        if claims is None or not _claimed(claims, values, store.read_table(place, [name])[name]):
            yield from _values(engine, kind, values, _claim(path), store.read_table(place, [*_RECORD, name]))


def _claim(path: Path | None) -> pa.Table:
    return model.CLAIM.empty_table() if path is None else store.read_table(path).select(model.CLAIM.names)


def _golden(path: Path | None, table: str, names: list[str]) -> pa.Table:
    """``entity_id`` and these columns of a kind's golden records."""
    key = key_of(table)[0]
    if path is None:
        return _ENTITY.empty_table()
    rows = store.read_table(path, list(dict.fromkeys([key, *names])))
    whole = {"entity_id": rows[key].cast(pa.string())} | {name: rows[name] for name in names}
    return pa.table(whole)


def _sure(claims: Claims, members: Members, golden: pa.Table, left_out: pa.Table) -> bool:
    """Every entity has one golden record, or is left out; each golden record is an entity's, with a claim."""
    at = pc.index_in(golden["entity_id"], value_set=members.entities)
    if at.null_count:
        return False
    times = np.bincount(at.to_numpy(), minlength=len(members.entities))
    without = members.entities.filter(pa.array(times == 0))
    allowed = pc.all(pc.is_in(without, value_set=left_out["entity_id"].combine_chunks())).as_py() is not False
    return bool((times <= 1).all()) and allowed and bool(claims.claimed()[times == 1].all())


def _claimed(claims: Claims, golden: pa.Table, live: pa.ChunkedArray) -> bool:
    """Every golden value of a column is what the records that claim it say."""
    name, members = golden.column_names[-1], claims.members
    told, said = golden[name].combine_chunks(), live.combine_chunks()
    if pa.types.is_nested(told.type):
        return not told.is_valid().to_numpy(zero_copy_only=False).any()
    at = pc.index_in(golden["entity_id"], value_set=members.entities).to_numpy()
    place = np.full(len(members.entities), -1, dtype=np.int64)
    place[at] = np.arange(len(at))
    entity, record = claims.of(name)
    here = place[entity] >= 0
    rows = place[entity[here]]
    same = pc.equal(told.take(pa.array(rows)), said.take(pa.array(record[here])))
    right = np.zeros(len(told), dtype=bool)
    right[rows] = pc.fill_null(same, fill_value=False).to_numpy(zero_copy_only=False)
    return not (told.is_valid().to_numpy(zero_copy_only=False) & ~right).any()


def _values(engine: Engine, kind: str, golden: pa.Table, claim: pa.Table, live: pa.Table) -> Iterator[str]:
    """A golden value that is a plain column of the kind is the value of the record that claims it."""
    name = golden.column_names[-1]
    doubtful = golden.filter(settled.Claimed(golden, claim, live).doubtful(name))
    if not doubtful.num_rows:
        return
    tables = {
        "golden": doubtful.rename_columns(["entity_id", "told"]),
        "claim": claim.filter(pc.equal(claim["property"], name)),
        "live_row": pa.table({"source": live["source"], "record_id": live["record_id"], "told": live[name]}),
    }
    for row in engine.run(_HERE / "door_value.sql", tables).to_pylist():
        source = row["source"] or "unknown"
        yield f"merge {kind} {source}: {row['n']} golden values of {name} that their record does not hold"


def _report(kind: str, found: pa.Table) -> Iterator[str]:
    for row in found.to_pylist():
        yield f"merge {kind} {row['source'] or 'unknown'}: {row['n']} {row['what']}; the first is {row['example']}"
