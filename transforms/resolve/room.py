"""The room's entry point: pairs, judgements, homes and identities in; clusters, identities and homes out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import contract, database, keys, kinds, manifest, model, store
from transforms.coded import as_codes, codes, whole
from transforms.database import Databases
from transforms.engine import Engine
from transforms.errors import ConfigError
from transforms.kinds import Kind
from transforms.live import Live
from transforms.memory import give_back
from transforms.model import Batch
from transforms.resolve.cluster import HOWS, SCORED, Against, Edges, Few, Graph, Ints, Pairs
from transforms.resolve.cluster import clusters as clusters_of
from transforms.resolve.facts import needed, statements
from transforms.resolve.identity import HOME, Mint, Minted, Past, assign, sure_to_mint
from transforms.resolve.passed import LOST, SAID, Passed, lost, passed_on, said, with_successors
from transforms.run import Run
from transforms.threads import Task, beside, together

ROOM = "resolve"
Write: TypeAlias = Callable[[str, Iterable[pa.Table]], None]
_ROWS = 65_536
_RENAMED = "address"  # the kind whose entities bear a name that changes for all records at once
_JOINS = pa.schema([model.PAIR.field(name) for name in ("left", "right", "score", "how")])
_AS_THEY_ARE = ("_valid", "_birth", "birth_date")  # endings of columns that are no text; of the others codes are read
# cluster.parquet = model.CLUSTER and whether the record's own number is believed (merge publishes no other).
# Who reads its entities as codes has their places among the entities of tonight, which lie in order.
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
    release = database.current_release(stores) + 1
    declared = [k for k in kinds.load_all(run.settings.expectations).values() if k.stage == stage]
    return [_resolve(run, kind, _before(stores, kind.kind), release) for kind in declared]


@dataclass(frozen=True)
class Before:
    """What control and the release hold of a kind: homes and identities, and judgements as they were made."""

    past: Past
    judgement: pa.Table

    def digests(self) -> dict[str, str]:
        """Hashes of the rows, which are sorted by key: homes and judgements are inputs like any other."""
        told = {"home": self.past.homes, "identity": self.past.identities, "judgement": self.judgement}
        return {f"{name}{manifest.ROWS}": _digest(table) for name, table in told.items()}


def _before(stores: Databases, kind: str) -> Before:
    where: dict[str, str | int | None] = {"kind": kind}
    homes = database.read(stores.control, "home", HOME.names, where)
    identities = database.read(stores.release, "identity", model.IDENTITY.names, where)
    return Before(Past(homes, identities), database.read(stores.control, "judgement", where=where))


def _digest(table: pa.Table) -> str:
    digest = hashlib.sha256()
    for batch in table.combine_chunks().to_batches(max_chunksize=_ROWS):
        digest.update(batch.serialize())
    return digest.hexdigest()


def _resolve(run: Run, kind: Kind, before: Before, release: int) -> model.Report:
    folder, lake, threads = store.night_dir(run, ROOM, kind.kind), run.settings.lake, run.settings.threads
    live_dir, link_dir = store.night_dir(run, "account", "live"), store.night_dir(run, "link", kind.kind)
    live = manifest.require(lake, live_dir, "account", files=())  # live records look at theirs as they are read
    linked = manifest.require(lake, link_dir, "link")
    inputs = dict([manifest.upstream(lake, live_dir, live), manifest.upstream(lake, link_dir, linked)])
    inputs["configuration"] = manifest.configuration(run.settings.expectations)
    inputs |= before.digests()
    if done := manifest.fresh(folder, ROOM, inputs):
        return _report(run, kind, {k: v for k, v in done.facts.items() if isinstance(v, int)}, again=True)
    with store.output(folder) as tmp:
        counts = resolve(run, kind, before, release, partial(_write, tmp))
        stays = {name: count for name, count in counts.items() if name != "minted"}  # by the next run they are known
        manifest.write(tmp, ROOM, inputs, stays, threads)
    return _report(run, kind, counts, again=False)


def resolve(run: Run, kind: Kind, before: Before, release: int, write: Write) -> dict[str, int]:
    """Cluster and name: tables cluster, identity and home of one kind, sorted by key; how many of what there are.

    Args:
        run: the night.
        kind: of which records are resolved.
        before: what control and the release hold of it.
        release: the number of the release that is being made.
        write: what is done with a table by name, as its pieces are made; with several at once.
    """
    live = Live(store.night_dir(run, "account", "live") / f"{kind.kind}.parquet")
    trusted = store.read_table(store.night_dir(run, "link", kind.kind) / "unit.parquet", ["trusted"])
    mint = partial(keys.load(run.settings).entity_ids, kind.kind)
    early = partial(_early, live.ids, before.past, release, mint)
    root, how, ahead = _clusters(run, kind, live, trusted, before.judgement, early)
    give_back()
    passed = _passed(run, kind, live.ids, before.past, release)
    with Engine(run.settings) as engine:
        named = assign(engine, live.ids, root, before.past.with_homes(passed.homes), release, mint, ahead)
    joined = pa.DictionaryArray.from_arrays(how.astype(np.int8), pa.array(HOWS))
    del root, how, ahead

    def homes() -> None:
        write("home", (_table(kind, model.HOME, piece) for piece in named.homes()))

    with beside(run.settings.threads, homes) as homed:
        standing = named.standing()
        whose = as_codes(standing.number[named.cluster], standing.ids)

        def clusters() -> None:
            write("cluster", [pa.table([live.ids, whose, joined, trusted.column("trusted")], CLUSTER.names)])

        def identities() -> None:
            told = with_successors(standing.table(), live.ids, whose, passed.heirs)
            write("identity", [_table(kind, model.IDENTITY, told)])

        together(run.settings.threads, [clusters, identities])
        homed()
    return {"records": len(live.ids), "entities": len(named.entities), "minted": named.minted}


def _early(ids: pa.Array, past: Past, release: int, mint: Mint, graph: Task[Graph]) -> Minted:
    """Ids that are minted while others look whether anything stands against the clusters."""
    return Minted.of(ids, sure_to_mint(graph().root, past), release, mint)


def _clusters(
    run: Run, kind: Kind, live: Live, trusted: pa.Table, judgement: pa.Table, early: Callable[[Task[Graph]], Minted]
) -> tuple[Ints, Few, Minted]:
    """As :func:`transforms.resolve.cluster.clusters`; and what is made ``early``, when nothing but the graph is."""
    threads = run.settings.threads
    same, different = _judged(judgement, live.ids)
    pairs = store.night_dir(run, "link", kind.kind) / "pairs.parquet"
    joins = cache(partial(_graph, pairs, len(live.ids), same, kind.link.accept))
    with beside(threads, joins) as graph, beside(threads, partial(early, graph)) as ahead:
        said = _said(live, kind, threads)
        facts = statements(said, trusted, kind, contract.load_all(run.settings.expectations))
        del said
        give_back()  # what was read is held no longer: what follows is as large
        against = Against(partial(facts.mixed, threads=threads), facts.of, facts.rows, different)
        return *clusters_of(graph(), against), ahead()


def _write(folder: Path, name: str, pieces: Iterable[pa.Table]) -> None:
    """Least and greatest values nobody asks for: to find those of a column of codes costs as much as to write it."""
    store.write_pieces(folder / f"{name}.parquet", pieces, ends=())


def _table(kind: Kind, schema: pa.Schema, told: pa.Table) -> pa.Table:
    """Homes or identities of a kind, as they are written."""
    return pa.table([_few(kind, name, told) for name in schema.names], schema.names)


def _few(kind: Kind, name: str, table: pa.Table) -> pa.Array:
    """A column of homes or identities, words that are told again and again as codes."""
    if name == "kind":
        return pa.DictionaryArray.from_arrays(np.zeros(table.num_rows, dtype=np.int32), pa.array([kind.kind]))
    return whole(table[name]).dictionary_encode() if name == "state" else whole(table[name])


def _passed(run: Run, kind: Kind, ids: pa.Array, past: Past, release: int) -> Passed:
    """What passes on from nodes of which nobody says anything any more; nothing of other kinds than addresses."""
    records = lost(ids, past) if kind.kind == _RENAMED else LOST.empty_table()
    if not records.num_rows:
        return Passed(HOME.empty_table(), {})
    known = contract.load_all(run.settings.expectations)
    batches = [Batch.parse(name) for source, one in known.items() if kind.kind in one.feeds
               for name in store.landed(run, source)]  # fmt: skip
    folders = [store.batch_dir(run.settings, "standardise", one.id) for one in sorted(batches, reverse=True)]
    gone = said((path for folder in folders if (path := folder / f"{kind.kind}.parquet").is_file()), records)
    live = Live(store.night_dir(run, "account", "live") / f"{kind.kind}.parquet")
    tonight = pa.table({name: live.column(name) for name in SAID.names}).cast(SAID)
    return passed_on(gone, tonight, past.homes["record_id"].combine_chunks(), release)


def _said(live: Live, kind: Kind, threads: int) -> pa.Table:
    """What the records say, in their order: the columns that facts are made of, texts as codes."""
    names = [name for name in dict.fromkeys(needed(kind)) if name in live.column_names and name != "record_id"]
    read = (partial(live.column if name.endswith(_AS_THEY_ARE) else live.codes, name) for name in names)
    said = together(threads, read)
    return pa.table([live.ids, *said], ["record_id", *names])


def _graph(path: Path, records: int, same: Pairs, accept: int) -> Graph:
    """Pairs strong enough to join two records, and what a person swore; their evidence is not asked for."""
    pairs = store.read_table(path, _JOINS.names, ["how"])
    said = codes(pairs["how"])
    words = pc.index_in(said.dictionary, pa.array(HOWS)).to_numpy().astype(np.int8)
    left, right, score, how = *(pairs[name].to_numpy() for name in _JOINS.names[:3]), words[said.indices.to_numpy()]
    if not (strong := (how != SCORED) | (score >= accept)).all():
        left, right, score, how = (values[strong] for values in (left, right, score, how))
    sworn = np.array(same, dtype=left.dtype).reshape(-1, 2)
    people = np.repeat([False, True], [len(left), len(sworn)])
    if len(sworn):
        more = (*sworn.T, np.zeros(len(sworn), score.dtype), np.full(len(sworn), SCORED, how.dtype))
        left, right, score, how = (np.append(*both) for both in zip((left, right, score, how), more, strict=True))
    return Graph.of(records, Edges(left, right, score, how, people))


def _judged(judgements: pa.Table, ids: pa.Array) -> tuple[Pairs, Pairs]:
    """Standing judgements between live records: same, different."""
    if not judgements.num_rows:
        return [], []
    standing = judgements.filter(pc.is_null(judgements["retired_at"])).sort_by("judgement_id")
    ends = [pc.index_in(standing[name], ids) for name in ("left_record", "right_record")]
    told: dict[str, Pairs] = {"same": [], "different": [], "unsure": []}
    for left, right, word in zip(*(c.to_pylist() for c in (*ends, standing["decision"])), strict=True):
        if left is not None and right is not None:
            told[word].append((left, right))
    return told["same"], told["different"]


def _report(run: Run, kind: Kind, counts: dict[str, int], *, again: bool) -> model.Report:
    told = ", ".join(f"{k} {v}" for k, v in counts.items())
    run.say(f"resolve {kind.kind}: {told}{' (unchanged)' if again else ''}")
    return model.Report(ROOM, kind.kind, counts)
