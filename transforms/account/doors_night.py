"""The doors of the night-wide rooms, one kind at a time: account/apply, locate, link, resolve, merge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import database, model, store
from transforms.account import settled, sure
from transforms.account.delta import key_of, published
from transforms.account.doors_apply import live_door
from transforms.account.doors_merge import merge_doors
from transforms.account.night import Night
from transforms.account.pages import Pages
from transforms.account.pieces import ordered
from transforms.engine import Engine
from transforms.kinds import Kind
from transforms.paired import ENDS, named
from transforms.places import Places, places
from transforms.second import unified

_HERE = Path(__file__).parent
_RECORD = pa.schema([("source", pa.string()), ("record_id", pa.string())])
_TOKEN = pa.schema([("record_id", pa.string()), ("token", pa.string())])
_CLUSTER = pa.schema([*model.CLUSTER, ("trusted", pa.bool_())])  # trusted: resolve believes the record's own number
_PAIR = pa.schema([model.PAIR.field(name) for name in ("left", "right", "how")])
_HOME = pa.schema([model.HOME.field(name) for name in ("record_id", "entity_id")])
_ENTITY = pa.schema([("entity_id", pa.string())])
_RESIDENT = "111"  # GA/T 517: resident identity card; other documents may be several per person
_GONE = ("dead", "moved_out")  # life_status under which the authority takes a person out of fact_person


def pair_doors(pages: Pages, engine: Engine, kind: str) -> Iterator[str]:
    """Findings at the doors of locate and link for one kind."""
    night = pages.night
    second = night.kinds[kind].link.second
    live = _live(night, kind, [*_RECORD.names, *_number(night, kind), *([second] if second else [])])
    ids = live["record_id"].combine_chunks()
    yield from _locate(night, engine, kind, live, ids)
    pair, numbers = _pairs(night, kind), decisive(night.kinds[kind], live, second=second)
    if not sure.paired(pair, ids, numbers):
        asked = named(pair, _ascending(ids))
        tables = {"live_row": live.select(_RECORD.names), "pair": asked, "decisive": numbers}
        yield from _report("link", kind, engine.run(_HERE / "door_link.sql", tables))


def entity_doors(pages: Pages, engine: Engine, kind: str) -> Iterator[str]:
    """Findings at the doors of resolve and merge for one kind."""
    night = pages.night
    live = _live(night, kind, [*_RECORD.names, *_number(night, kind), "life_status"])
    ids = live["record_id"].combine_chunks()
    cluster = ordered(_of_room(night, "resolve", kind, "cluster", _CLUSTER), ["record_id"])
    members = sure.Members.made(ids, cluster)
    yield from _resolve(night, engine, kind, live, cluster, members)
    yield from _joined(night, kind, live, cluster, _pairs(night, kind))
    yield from merge_doors(night, engine, kind, live, cluster, members, left_out(night, live, cluster))
    yield from once(night, "merge", kind)


Door = Callable[[Pages, Engine, str], Iterator[str]]
KIND_DOORS: dict[str, tuple[frozenset[str], Door]] = {
    "live": (frozenset({"apply"}), live_door),
    "pairs": (frozenset({"apply", "locate", "link"}), pair_doors),
    "entities": (frozenset({"apply", "locate", "link", "resolve", "merge"}), entity_doors),
}
"""Groups of a kind's doors: the rooms that must be done before, and what tells the doors."""


def _live(night: Night, kind: str, names: Iterable[str]) -> pa.Table:
    """Those of these columns that the kind's live records have; no records where no source feeds it."""
    path = night.night_path("account", "live", kind)
    if path is None:
        return pa.schema([*model.STANDARD, *model.LIVE]).empty_table()
    return store.read_table(path, sorted(set(pq.read_schema(path).names).intersection(names)))


def _pairs(night: Night, kind: str) -> pa.Table:
    """The pairs of a kind without their evidence."""
    path = night.night_path("link", kind, "pairs")
    return _PAIR.empty_table() if path is None else store.read_table(path, _PAIR.names).select(_PAIR.names).cast(_PAIR)


def _ascending(ids: pa.Array) -> pa.Array:
    return ids if settled.ascending(ids) else ids.take(pc.sort_indices(ids))


def _of_room(night: Night, room: str, kind: str, name: str, schema: pa.Schema) -> pa.Table:
    found = night.of_night(room, kind, name)
    return schema.empty_table() if found is None else found.select(schema.names).cast(schema)


def _locate(night: Night, engine: Engine, kind: str, live: pa.Table, ids: pa.Array) -> Iterator[str]:
    """Every live record of a kind that locate looked at is there, in a grid or with a reason, its candidates ranked."""
    path = night.night_path("locate", night.kinds[kind].stage, kind)
    if path is not None and not sure.located(path, ids):
        tables = {"live_row": live.select(_RECORD.names), "located": store.read_table(path)}
        yield from _report("locate", kind, engine.run(_HERE / "door_locate.sql", tables))


def _number(night: Night, kind: str) -> list[str]:
    """The clean columns that a kind's decisive property may have."""
    name = night.kinds[kind].link.decisive
    return [f"{name}{end}" for end in ("", "_token", "_valid", "_kind")]


def decisive(kind: Kind, live: pa.Table, *, resident: bool = False, second: str | None = None) -> pa.Table:
    """(record_id, token) of records whose decisive property holds a usable value, or only of residents.

    ``second``: the column of a second number, which makes decisive values one (:mod:`transforms.second`).
    """
    name = kind.link.decisive
    column = next((c for c in (f"{name}_token", name) if c in live.column_names), None)
    if column is None:
        return _TOKEN.empty_table()
    keep = live[column].is_valid()
    if f"{name}_valid" in live.column_names:
        keep = pc.and_(keep, pc.fill_null(live[f"{name}_valid"], fill_value=False))
    if resident and f"{name}_kind" in live.column_names:
        keep = pc.and_(keep, pc.fill_null(pc.equal(live[f"{name}_kind"], _RESIDENT), fill_value=False))
    kept = live.filter(keep)
    token = kept[column] if second is None else _one(kept, column, second)
    return pa.table({"record_id": kept["record_id"], "token": token}).cast(_TOKEN)


def _one(rows: pa.Table, column: str, second: str) -> pa.Array:
    """Decisive values, the same one for all that are one thing by their second number."""
    coded = [rows[name].combine_chunks().dictionary_encode() for name in (column, "source", second)]
    number, source, other = (pc.fill_null(one.indices, -1).to_numpy() for one in coded)
    return coded[0].dictionary.take(pa.array(unified(number, source, other)))


def _resolve(
    night: Night, engine: Engine, kind: str, live: pa.Table, cluster: pa.Table, members: sure.Members | None
) -> Iterator[str]:
    """Cluster sizes sum to the live records; no cannot-link inside a cluster; clusters = identities."""
    numbered = "document" in night.kinds[kind].properties
    number = decisive(night.kinds[kind], live, resident=True) if numbered else _TOKEN.empty_table()
    identity = ordered(_of_room(night, "resolve", kind, "identity", model.IDENTITY), ["entity_id"])
    home = ordered(_of_room(night, "resolve", kind, "home", _HOME), ["record_id"])
    if members is not None and members.identified(identity, home):
        trusted = pc.fill_null(cluster["trusted"], fill_value=False).to_numpy()
        if members.numbered_apart(trusted, number):
            return
    sworn = _same(night, kind)
    joined = cluster.filter(pc.is_in(cluster["record_id"], value_set=pc.unique(sworn["left"])))
    tables = {
        "live_row": live.select(_RECORD.names),
        "cluster": cluster,
        "identity": identity,
        "home": home,
        "number": number,
        "sworn": joined.select(["entity_id"]).cast(_ENTITY),
    }
    yield from _report("resolve", kind, engine.run(_HERE / "door_resolve.sql", tables))


def _joined(night: Night, kind: str, live: pa.Table, cluster: pa.Table, pair: pa.Table) -> Iterator[str]:
    """What stands together is linked: no record is in a cluster without an edge to it."""
    cluster = cluster.sort_by("record_id")
    ends = _ends(live["record_id"].combine_chunks(), cluster["record_id"].combine_chunks(), pair, _same(night, kind))
    for source, count in _unlinked(live, cluster, ends).items():
        yield f"resolve {kind} {source}: {count} records stand in a cluster that no pair or judgement joins them to"


def _same(night: Night, kind: str) -> pa.Table:
    """(left, right) of the judgements that say 'same' and bind tonight."""
    stores = database.open_databases(night.run.settings)
    where = {"kind": kind, "decision": "same", "retired_by": None}
    found = database.read(stores.control, "judgement", ["left_record", "right_record"], where)
    return found.rename_columns(["left", "right"])


def _ends(ids: pa.Array, records: pa.Array, pair: pa.Table, sworn: pa.Table) -> tuple[Places, Places]:
    """(left, right) of pairs of live records, and of what a person swore, as places among the clustered records."""
    at = np.append(np.arange(len(ids)) if records.equals(ids) else places(records, _ascending(ids)), -1)
    numbers = (pc.fill_null(pair[end], -1).to_numpy() for end in ENDS)
    told = (at[np.where((n >= 0) & (n < len(ids)), n, len(ids))] for n in numbers)
    more = (pc.fill_null(pc.index_in(sworn[end].cast(pa.string()), value_set=records), -1).to_numpy() for end in ENDS)
    left, right = (np.concatenate(both) for both in zip(told, more, strict=True))
    known = (left >= 0) & (right >= 0)
    return left[known], right[known]


def _unlinked(live: pa.Table, cluster: pa.Table, ends: tuple[Places, Places]) -> dict[str, int]:
    """Source → records outside the largest linked part of their cluster (ties: the part of the smallest record id)."""
    records = cluster["record_id"].combine_chunks()
    if not len(records):
        return {}
    entity = pc.dictionary_encode(cluster["entity_id"].combine_chunks()).indices.to_numpy(zero_copy_only=False)
    part = _parts(entity, *ends)
    sizes = np.bincount(part, minlength=1)
    order = np.lexsort((part, -sizes[part], entity))
    entities, first = np.unique(entity[order], return_index=True)
    main = np.zeros(int(entity.max()) + 1, dtype=np.int64)
    main[entities] = part[order][first]
    loose = records.filter(pa.array(part != main[entity]))
    sources = live.filter(pc.is_in(live["record_id"], value_set=loose))["source"]
    return {str(item["values"]): int(item["counts"].as_py()) for item in pc.value_counts(sources)}


def _parts(entity: np.ndarray, a: Places, b: Places) -> np.ndarray:
    """The linked part of its cluster in which each record stands, named by the position of its smallest record."""
    within = entity[a] == entity[b]
    a, b = a[within], b[within]
    part = np.arange(len(entity))
    while True:
        lower = part.copy()
        np.minimum.at(lower, a, part[b])
        np.minimum.at(lower, b, part[a])
        lower = lower[lower]
        if np.array_equal(lower, part):
            return part
        part = lower


def stage_doors(night: Night, stage: str) -> Iterator[str]:
    """Findings on what locate left for a whole stage: a node stands in one grid of a cut."""
    yield from once(night, "locate", stage)


def once(night: Night, room: str, part: str) -> Iterator[str]:
    """No key stands twice in a published table that a room wrote."""
    for name in sorted(set(night.names(room, part)) & set(published())):
        path = night.night_path(room, part, name)
        if path is None:
            continue
        keys = store.read_table(path, list(key_of(name)))
        twice = keys.num_rows - keys.group_by(keys.column_names).aggregate([]).num_rows
        if twice:
            yield f"{room} {part}: {twice} rows of table {name} whose key stands twice"


def left_out(night: Night, live: pa.Table, cluster: pa.Table) -> pa.Table:
    """Entities that may have no golden record: a source with authority for life_status says died or moved out."""
    if "life_status" not in live.column_names:
        return _ENTITY.empty_table()
    trusted = [s for s, c in night.contracts.items() if "life_status" in c.registers.authority_for]
    gone = pc.and_(
        pc.is_in(live["source"], value_set=pa.array(trusted, pa.string())),
        pc.is_in(live["life_status"], value_set=pa.array(_GONE)),
    )
    records = live.filter(pc.fill_null(gone, fill_value=False))["record_id"]
    return cluster.filter(pc.is_in(cluster["record_id"], value_set=records)).select(["entity_id"]).cast(_ENTITY)


def _report(room: str, kind: str, found: pa.Table) -> Iterator[str]:
    for row in found.to_pylist():
        yield f"{room} {kind} {row['source'] or 'unknown'}: {row['n']} {row['what']}; the first is {row['example']}"
