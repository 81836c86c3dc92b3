"""The room's entry point: kinds of a stage in, ``pairs.parquet`` per kind out."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from transforms import contract, kinds, manifest, model, store
from transforms.engine import Engine
from transforms.errors import ConfigError
from transforms.kinds import Kind
from transforms.link import scored
from transforms.link.collapse import decisive_column
from transforms.link.encode import column
from transforms.link.scorer import Model, in_use
from transforms.run import Run

ROOM = "link"
_HERE = Path(__file__).parent
# unit.parquet, beside the pairs: one row per record. trusted: its number is believed (resolve's cannot-links and
# merge's identifiers count no other); anchor: it stands in a group with an exclusive number.
Facts: TypeAlias = "dict[str, str | int | None]"
Flags = npt.NDArray[np.bool_]
UNIT = pa.schema([("record_id", pa.string()), ("trusted", pa.bool_()), ("anchor", pa.bool_())])


def run(run: Run, stage: str) -> list[model.Report]:
    """Link every kind of a stage.

    Args:
        run: the night.
        stage: one of ``kinds.STAGES``.

    Raises:
        StaleInputError: account/live or the stage's located table is missing, incomplete or stale.
        ConfigError: a model file that is none, or one made for other comparisons.
    """
    if stage not in kinds.STAGES:
        raise ConfigError(f"there is no stage {stage!r}")
    declared = [k for k in kinds.load_all(run.settings.expectations).values() if k.stage == stage]
    return [_link(run, kind) for kind in declared]


def _link(run: Run, kind: Kind) -> model.Report:
    folder, lake = store.night_dir(run, ROOM, kind.kind), run.settings.lake
    live_dir = store.night_dir(run, "account", "live")
    inputs = dict([manifest.upstream(lake, live_dir, manifest.require(lake, live_dir, "account"))])
    inputs["configuration"] = manifest.configuration(run.settings.expectations)
    located = _located(run, kind, inputs)
    if kind.certainty == "scored":
        inputs["model"] = store.file_sha256(in_use(run.settings.home))
    if done := manifest.fresh(folder, ROOM, inputs):
        return _report(run, kind, {k: v for k, v in done.facts.items() if isinstance(v, int)}, again=True)
    live_path = live_dir / f"{kind.kind}.parquet"
    live = store.read_table(live_path).sort_by("record_id") if live_path.is_file() else _nobody()
    with Engine(run.settings) as engine, store.output(folder) as tmp:
        if kind.certainty == "key":
            facts = _keyed(engine, kind, live, tmp)
        else:
            facts = _scored(run, kind, scored.Records(engine, kind, live, located), tmp)
        manifest.write(tmp, ROOM, inputs, facts)
    return _report(run, kind, {k: v for k, v in facts.items() if isinstance(v, int)}, again=False)


def _located(run: Run, kind: Kind, inputs: dict[str, str]) -> pa.Table | None:
    """Address candidates of the kind's records; place kinds are located only after they are resolved."""
    if kind.stage == "place":
        return None
    folder = store.night_dir(run, "locate", kind.stage)
    name, digest = manifest.upstream(run.settings.lake, folder, manifest.require(run.settings.lake, folder, "locate"))
    inputs[name] = digest
    path = folder / f"{kind.kind}.parquet"
    return store.read_table(path) if path.is_file() else None


def _keyed(engine: Engine, kind: Kind, live: pa.Table, tmp: Path) -> Facts:
    nobody = np.zeros(live.num_rows, dtype=bool)
    return {"records": live.num_rows} | _leave(tmp, live, key_edges(engine, kind, live), nobody, nobody)


def _scored(run: Run, kind: Kind, records: scored.Records, tmp: Path) -> Facts:
    used = Model.read(in_use(run.settings.home))
    linked = scored.link(records, contract.load_all(run.settings.expectations), used.kinds.get(kind.kind))
    collapsed, tonight = linked.collapsed, "tonight's own training" if linked.shadow else "none: numbers only"
    facts: Facts = {
        "records": records.live.num_rows,
        "leftovers": int((~collapsed.anchor).sum()),
        "id_conflict": int(collapsed.lost.sum()),
        "model": used.version if kind.kind in used.kinds else tonight,
        "shadow": "trained" if linked.shadow else "too few labels to train",
    }
    if linked.shadow:
        Model(f"shadow-{run.night}", {kind.kind: linked.shadow}).write(tmp / "shadow_model.json")
    return facts | _leave(tmp, records.live, linked.pairs, collapsed.trusted, collapsed.anchor)


def _leave(tmp: Path, live: pa.Table, pairs: pd.DataFrame, trusted: Flags, anchor: Flags) -> Facts:
    """Write pairs.parquet and unit.parquet; counts of pairs by how they came to be."""
    ids = np.array(live.column("record_id").to_pylist(), dtype=object)
    store.write_table(tmp / "pairs.parquet", _pairs(pairs, ids))
    store.write_table(tmp / "unit.parquet", pa.table([ids, trusted, anchor], schema=UNIT))
    return {f"pairs_{how}": int((pairs["how"] == how).sum()) for how in ("number", "key", "scored")}


def _pairs(pairs: pd.DataFrame, ids: np.ndarray[tuple[int], np.dtype[np.object_]]) -> pa.Table:
    u, v = pairs["u"].to_numpy(dtype=np.int64), pairs["v"].to_numpy(dtype=np.int64)
    columns = [pa.array(ids[u], pa.string()), pa.array(ids[v], pa.string())]
    rest = [pa.array(pairs[c], pa.int32() if c == "score" else pa.string()) for c in ("score", "how", "evidence")]
    return pa.table([*columns, *rest], schema=model.PAIR)


def key_edges(engine: Engine, kind: Kind, live: pa.Table) -> pd.DataFrame:
    """Stars of equal keys: the decisive value, or where a kind names none, its first block's columns together."""
    parts = [decisive_column(kind)] if kind.link.decisive else list(kind.link.blocks[0])
    frames = []
    for part in parts:
        r, texts = column(live, part)
        frames.append(pd.DataFrame({"r": r, part: pd.factorize(texts)[0]}))
    said = reduce(lambda x, y: x.merge(y, on="r"), frames)
    said["v"] = said.groupby(parts, sort=False).ngroup() if len(said) else pd.Series([], dtype="int64")
    table = pa.table({"r": said["r"].to_numpy(dtype=np.int64), "v": said["v"].to_numpy(dtype=np.int64)})
    edges = engine.run(_HERE / "key.sql", {"said": table}).to_pandas()
    return edges.assign(score=scored.SCALE, how="key", evidence="key=same")


def _nobody() -> pa.Table:
    return model.STANDARD.empty_table()


def _report(run: Run, kind: Kind, counts: dict[str, int], *, again: bool) -> model.Report:
    told = ", ".join(f"{k} {v}" for k, v in counts.items())
    run.say(f"link {kind.kind}: {told}{' (unchanged)' if again else ''}")
    return model.Report(ROOM, kind.kind, counts)
