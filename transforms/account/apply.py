"""Apply deliveries: which row of which batch is the live version of its record, and what became of the others.

The fold looks at every delivery landed by this night in the order (as_of, correction, sha256): arrival plays no part,
so late, corrected and shuffled files end in the same state. It selects rows; it changes none.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from transforms import checkpoint, contract, database, decisions, holds, kinds, manifest, mapped, model, store, subjects
from transforms.account import live_rows, own, tail
from transforms.account.fold import Fold, Given
from transforms.checkpoint import Checkpoint
from transforms.contract import Contract
from transforms.engine import Engine
from transforms.model import Batch, Report
from transforms.proposed import KIND, Judged
from transforms.run import Run

_ROOM = "account"


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
    of = own.judged(run)
    inputs["doors"] = own.digest(of)
    for batches in landed.values():
        inputs |= dict(_input(run, one) for one in batches)
    live, versions = store.night_dir(run, _ROOM, "live"), store.night_dir(run, _ROOM, "versions")
    found = manifest.fresh(live, _ROOM, inputs)
    if found is None or manifest.fresh(versions, _ROOM, inputs) is None:
        found = _write(run, told(run, contracts, landed, past), past, of, inputs)
    tables = {Path(name): told["rows"] for name, told in found.files.items()}
    counts = {name.stem: int(rows or 0) for name, rows in tables.items() if name.suffix == ".parquet"}
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


def _write(run: Run, given: Given, past: Checkpoint, of: Judged, inputs: dict[str, str]) -> manifest.Manifest:
    spill, contracts = run.settings.home / "tmp", contract.load_all(run.settings.expectations)
    spill.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fold.", dir=spill) as place:
        with Engine(run.settings) as engine:
            fold = Fold(engine, given, Path(place))
        with store.output(store.night_dir(run, _ROOM, "live")) as folder:
            for kind, paths in given.files.items():
                if paths:
                    live_rows.write(folder / f"{kind}.parquet", paths, fold.live(kind), spill)
            mine = own.mentioned(run, folder, of)
            if mine.num_rows:
                own.put(folder / f"{KIND}.parquet", mine)
            for path in sorted(folder.glob("*.parquet")):
                mapped.lay(path, run.settings.threads)
            found = manifest.write(folder, _ROOM, inputs)
        with store.output(store.night_dir(run, _ROOM, "versions")) as folder:
            pieces = own.versions(_versions(fold, given, past, contracts), mine)
            store.write_pieces(folder / "versions.parquet", pieces)
            manifest.write(folder, _ROOM, inputs)
    return found


def _versions(fold: Fold, given: Given, past: Checkpoint, contracts: dict[str, Contract]) -> Iterator[pa.Table]:
    """The versions in order, those of deliveries that went among them."""
    settled = [tail.without(table, given.erased) for table in past.every("version", contracts).values()]
    if not settled:
        return fold.versions()
    order = [(name, "ascending") for name in ("source", "batch", "kind", "ordinal", "record_id")]
    return iter([pa.concat_tables([*fold.versions(), *settled]).sort_by(order).combine_chunks()])


def told(run: Run, contracts: dict[str, Contract], landed: dict[str, list[Landed]], past: Checkpoint) -> Given:
    """What the fold is given of these sources."""
    named = list(kinds.load_all(run.settings.expectations))
    deliveries, kept = _deliveries(run, contracts, landed, past)
    files = _files(run, deliveries, {kind: tail.files(past, kind, contracts) for kind in named})
    last = dict(zip(deliveries["source"].to_pylist(), deliveries["last_position"].to_pylist(), strict=True))
    erased = subjects.digests(database.open_databases(run.settings), "erase")["record"] if past.batches else ()
    batches = sorted({*deliveries["batch"].to_pylist(), *past.batches})
    words = {"source": sorted(contracts), "batch": batches, "kind": sorted(named)}
    modes = {name: one.arrives.mode for name, one in contracts.items()}
    return Given(words, deliveries, kept, tail.ranked(past, modes, last, erased), files, erased)


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
