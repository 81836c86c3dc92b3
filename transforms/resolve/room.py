"""The room's entry point: pairs, judgements, homes and identities in; clusters, identities and homes out."""

from __future__ import annotations

import hashlib
import json

import pyarrow as pa
import pyarrow.compute as pc

from transforms import contract, database, keys, kinds, manifest, model, store
from transforms.errors import ConfigError
from transforms.kinds import Kind
from transforms.resolve.cluster import Edge, clusters
from transforms.resolve.facts import facts_of
from transforms.resolve.identity import Home, Identity, assign
from transforms.run import Run

ROOM = "resolve"
# cluster.parquet = model.CLUSTER and whether the record's own number is believed (merge publishes no other).
CLUSTER = pa.schema([*model.CLUSTER, pa.field("trusted", pa.bool_())])


def run(run: Run, stage: str) -> list[model.Report]:
    """Resolve every kind of a stage.

    Args:
        run: the night.
        stage: one of ``kinds.STAGES``.

    Raises:
        StaleInputError: live records or pairs are missing, incomplete or stale.
        DatabaseError: homes, identities or judgements cannot be read.
    """
    if stage not in kinds.STAGES:
        raise ConfigError(f"there is no stage {stage!r}")
    stores = database.open_databases(run.settings)
    past = {name: database.read(stores.control, name) for name in ("home", "judgement")}
    past["identity"] = database.read(stores.release, "identity")
    release = database.current_release(stores) + 1
    declared = [k for k in kinds.load_all(run.settings.expectations).values() if k.stage == stage]
    return [_resolve(run, kind, {n: _of_kind(t, kind.kind) for n, t in past.items()}, release) for kind in declared]


def _of_kind(table: pa.Table, kind: str) -> pa.Table:
    return table.filter(pc.equal(table["kind"], kind)) if table.num_rows else table


def _resolve(run: Run, kind: Kind, past: dict[str, pa.Table], release: int) -> model.Report:
    folder, lake = store.night_dir(run, ROOM, kind.kind), run.settings.lake
    live_dir, link_dir = store.night_dir(run, "account", "live"), store.night_dir(run, "link", kind.kind)
    upstream = [(live_dir, "account"), (link_dir, "link")]
    inputs = dict(manifest.upstream(lake, where, manifest.require(lake, where, room)) for where, room in upstream)
    inputs["configuration"] = manifest.configuration(run.settings.expectations)
    inputs |= {name: _digest(table) for name, table in past.items()}
    if done := manifest.fresh(folder, ROOM, inputs):
        return _report(run, kind, {k: v for k, v in done.facts.items() if isinstance(v, int)}, again=True)
    path = live_dir / f"{kind.kind}.parquet"
    live = store.read_table(path).sort_by("record_id") if path.is_file() else model.STANDARD.empty_table()
    pairs, units = (store.read_table(link_dir / f"{name}.parquet") for name in ("pairs", "unit"))
    tables = resolve(run, kind, live, pairs, units, past=past, release=release)
    counts = {
        "records": live.num_rows,
        "entities": len(set(tables["cluster"].column("entity_id").to_pylist())),
        "minted": sum(1 for r in tables["identity"].column("minted_release").to_pylist() if r == release),
    }
    with store.output(folder) as tmp:
        for name, table in tables.items():
            store.write_table(tmp / f"{name}.parquet", table)
        manifest.write(tmp, ROOM, inputs, dict(counts))
    return _report(run, kind, counts, again=False)


def resolve(
    run: Run, kind: Kind, live: pa.Table, pairs: pa.Table, units: pa.Table, *, past: dict[str, pa.Table], release: int
) -> dict[str, pa.Table]:
    """Cluster and name: tables ``cluster``, ``identity`` and ``home`` of one kind, sorted by their keys."""
    ids: list[str] = live.column("record_id").to_pylist()
    at = {record: r for r, record in enumerate(ids)}
    judged = _judged(past["judgement"], at)
    edges = [e for e in _edges(pairs, at) if e.how != "scored" or e.score >= kind.link.accept]
    edges += [Edge(left, right, 0, "scored", sworn=True) for left, right, word in judged if word == "same"]
    facts = facts_of(live, units, kind, contract.load_all(run.settings.expectations))
    roots, how = clusters(len(ids), edges, facts, [(a, b) for a, b, word in judged if word == "different"])
    members: dict[int, list[str]] = {}
    for record, root in zip(ids, roots, strict=True):
        members.setdefault(root, []).append(record)
    order = sorted(members)
    secret = keys.load(run.settings)
    named = assign(
        [members[root] for root in order],
        _homes(past["home"]),
        _identities(past["identity"]),
        release,
        lambda founder, number: secret.entity_id(kind.kind, founder, number),
    )
    entity = dict(zip(order, named.entities, strict=True))
    whose = [entity[root] for root in roots]
    identities = sorted(named.identities.values(), key=lambda i: i.entity_id)
    homes = sorted(named.homes.items())
    return {
        "cluster": pa.table([ids, whose, how, units.column("trusted")], schema=CLUSTER),
        "identity": pa.table(
            [
                [i.entity_id for i in identities],
                [kind.kind] * len(identities),
                [i.minted_release for i in identities],
                [i.state for i in identities],
                [i.retired_release for i in identities],
                [i.signpost for i in identities],
                [i.founding_record for i in identities],
            ],
            schema=model.IDENTITY,
        ),
        "home": pa.table(
            [[r for r, _ in homes], [kind.kind] * len(homes), [h.entity_id for _, h in homes]], schema=model.HOME
        ),
    }


def _edges(pairs: pa.Table, at: dict[str, int]) -> list[Edge]:
    columns = (pairs.column(name).to_pylist() for name in ("left", "right", "score", "how"))
    return [Edge(at[left], at[right], score, how) for left, right, score, how in zip(*columns, strict=True)]


def _judged(judgements: pa.Table, at: dict[str, int]) -> list[tuple[int, int, str]]:
    """Standing judgements between live records, in the order they were made."""
    rows = sorted(judgements.to_pylist(), key=lambda j: int(j["judgement_id"]))
    live = [j for j in rows if j["retired_at"] is None and j["left_record"] in at and j["right_record"] in at]
    return [(at[j["left_record"]], at[j["right_record"]], str(j["decision"])) for j in live]


def _homes(table: pa.Table) -> dict[str, Home]:
    return {h["record_id"]: Home(h["entity_id"], int(h["homed_release"])) for h in table.to_pylist()}


def _identities(table: pa.Table) -> dict[str, Identity]:
    columns = ("entity_id", "minted_release", "founding_record", "state", "retired_release", "signpost")
    return {i["entity_id"]: Identity(*(i[c] for c in columns)) for i in table.to_pylist()}


def _digest(table: pa.Table) -> str:
    """Hash of the rows, which are sorted by key: homes and judgements are inputs like any other."""
    rows = json.dumps(table.to_pylist(), ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(rows.encode()).hexdigest()


def _report(run: Run, kind: Kind, counts: dict[str, int], *, again: bool) -> model.Report:
    told = ", ".join(f"{k} {v}" for k, v in counts.items())
    run.say(f"resolve {kind.kind}: {told}{' (unchanged)' if again else ''}")
    return model.Report(ROOM, kind.kind, counts)
