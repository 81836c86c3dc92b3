"""Apply deliveries: which row of which batch is the live version of its record, and what became of the others.

The fold looks at every delivery landed by this night in the order (as_of, correction, sha256): arrival plays no part,
so late, corrected and shuffled files end in the same state. It selects rows; it changes none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import checkpoint, contract, database, decisions, holds, kinds, manifest, model, store, subjects
from transforms.account import tail
from transforms.checkpoint import Checkpoint
from transforms.contract import Contract
from transforms.engine import Engine
from transforms.model import Batch, Report
from transforms.run import Run

_STEPS = Path(__file__).with_suffix(".sql")
_ROOM = "account"
_ROW = ["batch", "ordinal", "record_id"]


@dataclass(frozen=True)
class Landed:
    """A batch that may count: its id, when it first came, whether a room or brake holds it, whether it was recalled."""

    batch: Batch
    first_night: str
    held: bool
    recalled: bool = False


def apply(run: Run) -> list[Report]:
    """Write ``account/live/<kind>.parquet`` and ``account/versions/versions.parquet`` of the night.

    Raises:
        StaleInputError: a standardised batch is missing, incomplete or stale.
    """
    contracts = contract.load_all(run.settings.expectations)
    recalls = decisions.recalls(run.settings)
    braked = holds.held(holds.braked(run.settings))
    past = checkpoint.current(run.settings)
    landed = {source: landed_of(run, source, past, recalls, braked) for source in contracts}
    inputs = {"configuration": manifest.configuration(run.settings.expectations), "checkpoint": past.digest}
    inputs["recalled"] = decisions.digest(sorted(one.batch.id for of in landed.values() for one in of if one.recalled))
    inputs["braked"] = decisions.digest(sorted({one.batch.id for of in landed.values() for one in of} & set(braked)))
    for batches in landed.values():
        inputs |= dict(_input(run, one) for one in batches)
    live, versions = store.night_dir(run, _ROOM, "live"), store.night_dir(run, _ROOM, "versions")
    found = manifest.fresh(live, _ROOM, inputs)
    if found is None or manifest.fresh(versions, _ROOM, inputs) is None:
        found = _write(run, contracts, landed, past, inputs)
    counts = {name.removesuffix(".parquet"): int(told["rows"] or 0) for name, told in found.files.items()}
    run.say("account: live records " + ", ".join(f"{kind} {rows}" for kind, rows in counts.items()))
    return [Report(_ROOM, "apply", counts)]


def fates(mode: str, same_period: str, landed: list[Landed]) -> list[tuple[Batch, str, int | None]]:
    """What each batch of one source counts for: (batch, fate, position or None).

    The fate is ``counts``, ``replaced``, ``held`` or ``recalled``. A correction replaces the deliveries of its own
    ``as_of``; of two files for one period the contract says whether both count or the later one waits for a person
    (faults.md A6, A19). A recalled batch is as if it had never come: it replaces and rivals nothing.
    """
    result: list[tuple[Batch, str, int | None]] = [(one.batch, "recalled", None) for one in landed if one.recalled]
    result += [(one.batch, "held", None) for one in landed if one.held and not one.recalled]
    periods: dict[str, list[Landed]] = {}
    for one in sorted((x for x in landed if not x.held and not x.recalled), key=lambda x: x.batch):
        periods.setdefault(one.batch.as_of, []).append(one)
    position = 0
    for period in periods.values():
        last = max(one.batch.correction for one in period)
        result += [(one.batch, "replaced", None) for one in period if one.batch.correction < last]
        rivals = [one for one in period if one.batch.correction == last]
        counting = _counting(rivals, mode, same_period)
        waiting = "replaced" if same_period == "supersede" else "held"
        result += [(one.batch, waiting, None) for one in rivals if one not in counting]
        for one in counting:
            result.append((one.batch, "counts", position))
            position += 1
    return result


def _counting(rivals: list[Landed], mode: str, same_period: str) -> list[Landed]:
    if len(rivals) == 1:
        return rivals
    if same_period == "supersede":
        return rivals if mode == "delta" else [max(rivals, key=lambda one: one.batch.sha256)]
    first = min(one.first_night for one in rivals)
    earliest = [one for one in rivals if one.first_night == first]
    return earliest if len(earliest) == 1 else []


def landed_of(run: Run, source: str, past: Checkpoint, recalls: dict[str, bool], braked: list[str]) -> list[Landed]:
    """The source's batches that are held in the lake, with what land, check and the brakes said of them."""
    found = []
    for name in (one for one in store.landed(run, source) if one not in past.batches):
        landed = manifest.require(run.settings.lake, store.batch_dir(run.settings, "land", name), "land")
        held = bool(landed.facts.get("hold"))
        if not held:
            checked = manifest.require(run.settings.lake, store.batch_dir(run.settings, "check", name), "check")
            held = bool(checked.facts.get("hold"))
        first, held = str(landed.facts["first_night"]), held or name in braked
        found.append(Landed(Batch.parse(name), first, held, recalls.get(name, False)))
    return found


def _input(run: Run, one: Landed) -> tuple[str, str]:
    room = "land" if one.held or one.recalled else "standardise"
    folder = store.batch_dir(run.settings, room, one.batch.id)
    return manifest.upstream(run.settings.lake, folder, manifest.require(run.settings.lake, folder, room))


def _write(
    run: Run, contracts: dict[str, Contract], landed: dict[str, list[Landed]], past: Checkpoint, inputs: dict[str, str]
) -> manifest.Manifest:
    with Engine(run.settings) as engine:
        states, files = folded(run, engine, contracts, landed, past)
        with store.output(store.night_dir(run, _ROOM, "versions")) as folder:
            store.write_table(folder / "versions.parquet", states)
            manifest.write(folder, _ROOM, inputs)
        lives = engine.table("live")
        with store.output(store.night_dir(run, _ROOM, "live")) as folder:
            for kind, paths in files.items():
                if paths:
                    store.write_table(folder / f"{kind}.parquet", live_rows(paths, lives, kind))
            return manifest.write(folder, _ROOM, inputs)


def folded(
    run: Run, engine: Engine, contracts: dict[str, Contract], landed: dict[str, list[Landed]], past: Checkpoint
) -> tuple[pa.Table, dict[str, list[Path]]]:
    """Run the fold; its steps stand in the engine afterwards.

    Returns:
        The versions (:data:`transforms.model.VERSION`) in order, those of deliveries that went among them; kind → the
        files that hold its rows.
    """
    named = list(kinds.load_all(run.settings.expectations))
    deliveries, kept = _deliveries(run, contracts, landed, past)
    files = _files(run, deliveries, {kind: tail.files(past, kind, contracts) for kind in named})
    last = dict(zip(deliveries["source"].to_pylist(), deliveries["last_position"].to_pylist(), strict=True))
    erased = subjects.digests(database.open_databases(run.settings), "erase")["record"] if past.batches else ()
    told = {
        "told_row": _rows(files), "delivery": deliveries, "kept": kept,
        "tail": tail.ranked(past, {name: one.arrives.mode for name, one in contracts.items()}, last, erased),
    }  # fmt: skip
    states = engine.run(_STEPS, told).cast(model.VERSION)
    settled = [tail.without(table, erased) for table in past.every("version", contracts).values()]
    if settled:
        order = [(name, "ascending") for name in ("source", "batch", "kind", "ordinal", "record_id")]
        states = pa.concat_tables([states, *settled]).sort_by(order).combine_chunks()
    return states, files


def _deliveries(
    run: Run, contracts: dict[str, Contract], landed: dict[str, list[Landed]], past: Checkpoint
) -> tuple[pa.Table, pa.Table]:
    """The ``delivery`` table of the steps, and the records of quarantined rows in each source's current batch."""
    rows, kept = [], [model.KEPT.empty_table()]
    for source, batches in landed.items():
        arrives = contracts[source].arrives
        told = fates(arrives.mode, arrives.same_period, batches)
        last = max((p for _, _, p in told if p is not None), default=tail.LATEST if source in past.through else None)
        if last == tail.LATEST:
            kept += past.every("kept", [source]).values()
        for batch, fate, position in told:
            rows.append((source, batch.id, arrives.mode, fate, position, last, batch.as_of))
            if position is not None and position == last:
                folder = store.batch_dir(run.settings, "standardise", batch.id)
                kept.append(store.read_table(folder / "kept.parquet", ["kind", "record_id"]))
    names = ["source", "batch", "mode", "fate", "position", "last_position", "as_of"]
    types = [pa.string()] * 4 + [pa.int64(), pa.int64(), pa.string()]
    columns = [pa.array([row[i] for row in rows], of) for i, of in enumerate(types)]
    distinct = pa.concat_tables(kept).group_by(["kind", "record_id"]).aggregate([])
    return pa.table(columns, names=names), distinct


def _files(run: Run, deliveries: pa.Table, files: dict[str, list[Path]]) -> dict[str, list[Path]]:
    """Kind → files with its rows: those of the checkpoint, and of batches that no room held and nobody recalled."""
    for batch, fate in zip(deliveries["batch"].to_pylist(), deliveries["fate"].to_pylist(), strict=True):
        folder = store.batch_dir(run.settings, "standardise", batch)
        if fate == "recalled" or (fate == "held" and not folder.is_dir()):
            continue
        for kind, paths in files.items():
            if (folder / f"{kind}.parquet").is_file():
                paths.append(folder / f"{kind}.parquet")
    return files


def _rows(files: dict[str, list[Path]]) -> pa.Table:
    """What deliveries that are held said; of those that went, their tail says it."""
    tables = [model.STANDARD.empty_table()]
    for paths in files.values():
        own = [path for path in paths if not tail.in_checkpoint(path)]
        tables += [store.read_table(path, model.STANDARD.names).cast(model.STANDARD) for path in own]
    return pa.concat_tables(tables)


def live_rows(paths: list[Path], lives: pa.Table, kind: str) -> pa.Table:
    """The kind's live rows with all their clean columns, sorted by record.

    Arrow's own join refuses list columns and its sort moves every column twice, so both see row numbers only.
    """
    chosen = lives.filter(pc.equal(lives["kind"], kind)).select([*_ROW, "as_of", "since"])
    batches = set(pc.unique(chosen["batch"]).to_pylist())
    named = [path for path in paths if path.parent.name in batches or tail.in_checkpoint(path)]
    named = named or paths[:1]  # one at least says the columns
    told = pa.concat_tables([store.read_table(path) for path in named], promote_options="permissive")
    numbered = told.select(_ROW).append_column("row", pa.array(np.arange(told.num_rows)))
    rows = numbered.join(chosen, _ROW, join_type="inner").sort_by("record_id")
    result = told.take(rows["row"])
    for name in ("as_of", "since"):
        result = result.append_column(name, rows[name])
    return result
