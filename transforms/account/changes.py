"""The events of a night per entity: what a downstream platform follows instead of comparing tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms.account.delta import key_of
from transforms.account.night import Night
from transforms.engine import Engine

_STEPS = Path(__file__).with_name("change.sql")
_TEXT = pa.string()
CHANGE = pa.schema([(name, _TEXT) for name in ("kind", "entity_id", "event", "fields", "other_id")])
_KEY = pa.schema([("kind", _TEXT), ("entity_id", _TEXT)])
_HOME = pa.schema([("kind", _TEXT), ("record_id", _TEXT), ("entity_id", _TEXT)])
_UPDATED = pa.schema([("kind", _TEXT), ("entity_id", _TEXT), ("fields", _TEXT)])


def changes(night: Night, before: Mapping[str, pa.Table], now: Mapping[str, pa.Table], clusters: pa.Table) -> pa.Table:
    """Events between two states of the release (:data:`CHANGE`), in a total order, without release and number.

    Args:
        night: whose kinds and settings count.
        before: current rows of the release, columns as in ``now``.
        now: tonight's rows, ``identity`` and ``record`` among them.
        clusters: tonight's (kind, record_id, entity_id).
    """
    updated: list[dict[str, str]] = []
    for kind, table in entity_tables(night, now):
        updated += updates(kind, table, before[table], now[table])
    tables = {
        "before_key": _keys(night, before),
        "now_key": _keys(night, now),
        "updated": pa.Table.from_pylist(updated, _UPDATED),
        "before_identity": before["identity"].select(["entity_id"]),
        "identity": now["identity"].select(["entity_id", "signpost"]),
        "before_home": _homes(before["record"]),
        "now_home": clusters.select(_HOME.names),
        "erased": pa.table({"record_id": pa.array(sorted(night.erased), _TEXT)}),
    }
    with Engine(night.run.settings) as engine:
        return engine.run(_STEPS, tables).cast(CHANGE).combine_chunks()


def entity_tables(night: Night, tables: Mapping[str, pa.Table]) -> list[tuple[str, str]]:
    """(kind, table) of every kind that has a table tonight."""
    return [(name, kind.table) for name, kind in night.kinds.items() if kind.table in tables]


def updates(kind: str, name: str, before: pa.Table, now: pa.Table) -> list[dict[str, str]]:
    """Entities in both states whose rows differ, with the names of the columns that do, ``|`` between them."""
    key = key_of(name)[0]
    both = pc.is_in(now[key], value_set=before[key])
    now = now.filter(both).sort_by(key)
    before = before.filter(pc.is_in(before[key], value_set=now[key])).sort_by(key)
    fields: list[list[str]] = [[] for _ in range(now.num_rows)]
    for column in now.column_names:
        for row in pc.indices_nonzero(_differs(before[column], now[column])).to_pylist():
            fields[row].append(column)
    ids = now[key].to_pylist()
    return [
        {"kind": kind, "entity_id": entity, "fields": "|".join(names)}
        for entity, names in zip(ids, fields, strict=True)
        if names
    ]


def _differs(before: pa.ChunkedArray, now: pa.ChunkedArray) -> pa.ChunkedArray:
    unequal = pc.fill_null(pc.not_equal(before, now), fill_value=True)
    return pc.and_not(unequal, pc.and_(before.is_null(), now.is_null()))


def _keys(night: Night, tables: Mapping[str, pa.Table]) -> pa.Table:
    found = [_KEY.empty_table()]
    for kind, name in entity_tables(night, tables):
        ids = tables[name][key_of(name)[0]]
        found.append(pa.table({"kind": pa.array([kind] * len(ids), _TEXT), "entity_id": ids}).cast(_KEY))
    return pa.concat_tables(found)


def _homes(record: pa.Table) -> pa.Table:
    """(kind, record_id, entity_id) of records that stand in an entity, each once."""
    standing = record.filter(record["entity_id"].is_valid()).select(_HOME.names)
    return standing.group_by(_HOME.names).aggregate([]).select(_HOME.names).cast(_HOME)
