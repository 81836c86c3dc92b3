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

from transforms import contract, decisions, holds, kinds, manifest, model, store
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
    landed = {source: _landed(run, source, recalls, braked) for source in contracts}
    inputs = {"configuration": manifest.configuration(run.settings.expectations)}
    inputs["recalled"] = decisions.digest(sorted(one.batch.id for of in landed.values() for one in of if one.recalled))
    inputs["braked"] = decisions.digest(sorted({one.batch.id for of in landed.values() for one in of} & set(braked)))
    for batches in landed.values():
        inputs |= dict(_input(run, one) for one in batches)
    live, versions = store.night_dir(run, _ROOM, "live"), store.night_dir(run, _ROOM, "versions")
    found = manifest.fresh(live, _ROOM, inputs)
    if found is None or manifest.fresh(versions, _ROOM, inputs) is None:
        found = _write(run, contracts, landed, inputs)
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


def _landed(run: Run, source: str, recalls: dict[str, bool], braked: list[str]) -> list[Landed]:
    """The source's batches with what land, check and the brakes said of them."""
    found = []
    for name in store.landed(run, source):
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
    run: Run, contracts: dict[str, Contract], landed: dict[str, list[Landed]], inputs: dict[str, str]
) -> manifest.Manifest:
    named = list(kinds.load_all(run.settings.expectations))
    deliveries, kept = _deliveries(run, contracts, landed)
    files = _files(run, deliveries, named)
    with Engine(run.settings) as engine:
        told = {"told_row": _rows(files), "delivery": deliveries, "kept": kept}
        states = engine.run(_STEPS, told)
        with store.output(store.night_dir(run, _ROOM, "versions")) as folder:
            store.write_table(folder / "versions.parquet", states.cast(model.VERSION))
            manifest.write(folder, _ROOM, inputs)
        lives = engine.table("live")
        with store.output(store.night_dir(run, _ROOM, "live")) as folder:
            for kind in named:
                if files[kind]:
                    store.write_table(folder / f"{kind}.parquet", _live_rows(files[kind], lives, kind))
            return manifest.write(folder, _ROOM, inputs)


def _deliveries(run: Run, contracts: dict[str, Contract], landed: dict[str, list[Landed]]) -> tuple[pa.Table, pa.Table]:
    """The ``delivery`` table of the steps, and the records of quarantined rows in each source's current batch."""
    rows, kept = [], [model.KEPT.empty_table()]
    for source, batches in landed.items():
        arrives = contracts[source].arrives
        told = fates(arrives.mode, arrives.same_period, batches)
        last = max((p for _, _, p in told if p is not None), default=None)
        for batch, fate, position in told:
            rows.append((batch.id, arrives.mode, fate, position, last, batch.as_of))
            if position is not None and position == last:
                folder = store.batch_dir(run.settings, "standardise", batch.id)
                kept.append(store.read_table(folder / "kept.parquet", ["kind", "record_id"]))
    names = ["batch", "mode", "fate", "position", "last_position", "as_of"]
    types = [pa.string(), pa.string(), pa.string(), pa.int64(), pa.int64(), pa.string()]
    columns = [pa.array([row[i] for row in rows], of) for i, of in enumerate(types)]
    distinct = pa.concat_tables(kept).group_by(["kind", "record_id"]).aggregate([])
    return pa.table(columns, names=names), distinct


def _files(run: Run, deliveries: pa.Table, named: list[str]) -> dict[str, list[Path]]:
    """Kind → standardised files of batches that a room did not hold and their department did not recall."""
    files: dict[str, list[Path]] = {kind: [] for kind in named}
    for batch, fate in zip(deliveries["batch"].to_pylist(), deliveries["fate"].to_pylist(), strict=True):
        folder = store.batch_dir(run.settings, "standardise", batch)
        if fate == "recalled" or (fate == "held" and not folder.is_dir()):
            continue
        for kind in named:
            if (folder / f"{kind}.parquet").is_file():
                files[kind].append(folder / f"{kind}.parquet")
    return files


def _rows(files: dict[str, list[Path]]) -> pa.Table:
    tables = [model.STANDARD.empty_table()]
    for paths in files.values():
        tables += [store.read_table(path, model.STANDARD.names).cast(model.STANDARD) for path in paths]
    return pa.concat_tables(tables)


def _live_rows(paths: list[Path], lives: pa.Table, kind: str) -> pa.Table:
    """The kind's live rows with all their clean columns, sorted by record.

    Arrow's own join refuses list columns and its sort moves every column twice, so both see row numbers only.
    """
    chosen = lives.filter(pc.equal(lives["kind"], kind)).select([*_ROW, "as_of", "since"])
    batches = set(pc.unique(chosen["batch"]).to_pylist())
    named = [path for path in paths if path.parent.name in batches] or paths[:1]  # one at least says the columns
    told = pa.concat_tables([store.read_table(path) for path in named], promote_options="permissive")
    numbered = told.select(_ROW).append_column("row", pa.array(np.arange(told.num_rows)))
    rows = numbered.join(chosen, _ROW, join_type="inner").sort_by("record_id")
    result = told.take(rows["row"])
    for name in ("as_of", "since"):
        result = result.append_column(name, rows[name])
    return result
