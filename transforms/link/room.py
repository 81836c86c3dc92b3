"""The room's entry point: kinds of a stage in, ``pairs.parquet`` per kind out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from transforms import contract, frozen, kinds, manifest, model, store
from transforms.engine import Engine
from transforms.errors import ConfigError
from transforms.kinds import Kind
from transforms.link import scored, short
from transforms.link.candidates import joined
from transforms.link.codes import Codes
from transforms.link.collapse import Collapsed, decisive_column
from transforms.link.encode import compared, sources
from transforms.link.pairs import Pairs, tables
from transforms.link.said import column
from transforms.link.scorer import DEFAULT, KindModel, Model, in_use
from transforms.link.told import words_of
from transforms.live import Live
from transforms.located import Best, files
from transforms.run import Run

ROOM = "link"
_HERE = Path(__file__).parent
Facts: TypeAlias = "dict[str, str | int | None]"
# unit.parquet, beside the pairs: a row per live record, in the order of their ids. trusted: its number is believed
# (resolve, merge and brakes count no other); anchor: it stands in a group with an exclusive number.
UNIT = pa.schema([("trusted", pa.bool_()), ("anchor", pa.bool_())])


def run(run: Run, stage: str) -> list[model.Report]:
    """Link every kind of a stage.

    Args:
        run: the night.
        stage: one of ``kinds.STAGES``.

    Raises:
        StaleInputError: account/live or what locate left of the stage is missing, incomplete or stale.
        ConfigError: a model file that is none, or one made for other comparisons.
    """
    if stage not in kinds.STAGES:
        raise ConfigError(f"there is no stage {stage!r}")
    declared = [k for k in kinds.load_all(run.settings.expectations).values() if k.stage == stage]
    return [_link(run, kind) for kind in declared]


def fitting(kind: Kind, content: dict[str, Any]) -> KindModel:
    """What a model file says of a kind, if it was made for what the kind compares now.

    Raises:
        ConfigError: it is none, or one made for other comparisons.
    """
    found = KindModel.of(content)
    found.fits(words_of(kind))
    return found


def _link(run: Run, kind: Kind) -> model.Report:
    folder, lake = store.night_dir(run, ROOM, kind.kind), run.settings.lake
    live_dir = store.night_dir(run, "account", "live")
    given = manifest.require(lake, live_dir, "account", files=())  # live records look at theirs as they are read
    inputs = dict([manifest.upstream(lake, live_dir, given)])
    inputs["configuration"] = manifest.configuration(run.settings.expectations)
    located = _located(run, kind, inputs)
    if kind.certainty == "scored":
        inputs["model"] = store.file_sha256(in_use(run.settings.home))
    if done := manifest.fresh(folder, ROOM, inputs):
        return _report(run, kind, {k: v for k, v in done.facts.items() if isinstance(v, int)}, again=True)
    live = Live(live_dir / f"{kind.kind}.parquet")
    with Engine(run.settings) as engine, store.output(folder) as tmp:
        if kind.certainty == "key":
            facts = _keyed(run, engine, kind, live, located, tmp)
        else:
            facts = _scored(run, kind, scored.Records(engine, kind, live, located), tmp)
        manifest.write(tmp, ROOM, inputs, facts)
    return _report(run, kind, {k: v for k, v in facts.items() if isinstance(v, int)}, again=False)


def _located(run: Run, kind: Kind, inputs: dict[str, str]) -> Best | None:
    """Where the kind's records stand; place kinds are located only after they are resolved."""
    if kind.stage == "place":
        return None
    folder, lake = store.night_dir(run, "locate", kind.stage), run.settings.lake
    name, digest = manifest.upstream(lake, folder, manifest.require(lake, folder, "locate", files(kind.kind)))
    inputs[name] = digest
    return Best.read(folder, kind.kind)


def _keyed(run: Run, engine: Engine, kind: Kind, live: Live, located: Best | None, tmp: Path) -> Facts:
    nobody = np.zeros(live.num_rows, dtype=bool)
    if kind.kind == "address" and live.num_rows:
        found = short.edges(engine, live, run.settings.expectations, run.night)
    else:
        found = [key_edges(engine, kind, live, located)]
    store.write_table(tmp / "unit.parquet", pa.table([nobody, nobody], schema=UNIT))
    return {"records": live.num_rows} | _leave(tmp, found)


def _scored(run: Run, kind: Kind, records: scored.Records, tmp: Path) -> Facts:
    listed = [Model.read(path) for path in dict.fromkeys((in_use(run.settings.home), DEFAULT))]
    known = [m for m in listed if kind.kind in m.kinds]
    contracts, models = contract.load_all(run.settings.expectations), [m.kinds[kind.kind] for m in known]
    linked = scored.link(records, contracts, models, partial(_leave_units, tmp))
    collapsed, tonight = linked.collapsed, "tonight's own training" if linked.shadow else "none: numbers only"
    if lost := linked.used is None and (known or linked.shadow is None) and linked.collapsing > 0:
        run.say(f"link {kind.kind}: the training collapsed, nothing is joined by scores, the release will be held")
    facts: Facts = {
        "records": records.live.num_rows,
        "leftovers": int((~collapsed.anchor).sum()),
        "id_conflict": int(collapsed.lost.sum()),
        "model": known[linked.used].version if linked.used is not None else "none: numbers only" if known else tonight,
        "models_collapsed": linked.collapsing,
        "collapsed": int(bool(lost)),
        "shadow": "trained" if linked.shadow else "not trained: too few labels, or it collapsed",
    }
    if linked.shadow:
        Model(f"shadow-{run.night}", {kind.kind: linked.shadow}).write(tmp / frozen.SHADOW)
    store.write_table(tmp / "exam.parquet", linked.exam)
    return facts | _leave(tmp, [linked.numbered, linked.scored])


def _leave_units(tmp: Path, collapsed: Collapsed) -> None:
    """Write unit.parquet."""
    store.write_table(tmp / "unit.parquet", pa.table([collapsed.trusted, collapsed.anchor], schema=UNIT))


def _leave(tmp: Path, found: list[Pairs]) -> Facts:
    """Write pairs.parquet; counts of pairs by how they came to be."""
    store.write_pieces(tmp / "pairs.parquet", tables(found))
    return {f"pairs_{how}": sum(len(p.u) for p in found if p.how == how) for how in ("number", "key", "scored")}


def key_edges(engine: Engine, kind: Kind, live: Live, located: Best | None = None) -> Pairs:
    """Stars of equal keys: the decisive value, and each block's columns (or compared values) together; so of ``once``.

    Args:
        engine: runs key.sql.
        kind: its declaration.
        live: live records, sorted by record id.
        located: where they stand, if the kind compares addresses.
    """
    keys = [(decisive_column(kind),)] if kind.link.decisive else []
    said = [_shared(kind, live, located, parts) for parts in [*keys, *kind.link.blocks]]
    said += [_once(live, *_shared(kind, live, located, parts)) for parts in kind.link.once]
    edges = [engine.run(_HERE / "key.sql", {"said": pa.table({"r": r, "v": v})}) for r, v in said]
    whole = pa.concat_tables(edges).group_by(["u", "v"]).aggregate([]).sort_by([("u", "ascending"), ("v", "ascending")])
    u, v = (whole[end].to_numpy().astype(np.int64) for end in ("u", "v"))
    return Pairs.sure(u, v, "key")


def _shared(kind: Kind, live: Live, located: Best | None, parts: tuple[str, ...]) -> tuple[Codes, Codes]:
    """(record, code) of what the records say in all the parts at once."""
    nobody, found = np.zeros(live.num_rows, dtype=bool), []
    for part in parts:
        told = next((c for c in kind.link.compare if c.label == part), None)
        found.append(column(live, part) if told is None else compared(live, kind, told, located, nobody))
    return joined(found)


def _once(live: Live, r: Codes, v: Codes) -> tuple[Codes, Codes]:
    """Without the codes that one source says of two records: two doors of one firm, two places under one licence."""
    size = int(v.max(initial=0)) + 1
    said, times = np.unique(sources(live)[r].astype(np.int64) * size + v, return_counts=True)
    several = np.zeros(size, dtype=bool)
    several[said[times > 1] % size] = True
    return r[~several[v]], v[~several[v]]


def _report(run: Run, kind: Kind, counts: dict[str, int], *, again: bool) -> model.Report:
    told = ", ".join(f"{k} {v}" for k, v in counts.items())
    run.say(f"link {kind.kind}: {told}{' (unchanged)' if again else ''}")
    return model.Report(ROOM, kind.kind, counts)
