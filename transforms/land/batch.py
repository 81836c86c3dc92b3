"""One batch: its raw bytes split into rows by the sandboxed parser, weighed, and written with its manifest."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import checkpoint, decisions, manifest, model, store, values
from transforms import contract as contracts
from transforms.contract import Contract
from transforms.errors import GridfactsError, RefusedError
from transforms.groups import write_again
from transforms.land import again, erase, redact, returned, sandbox
from transforms.land.child import TABLE, Result
from transforms.land.intake import Totals
from transforms.land.job import Job
from transforms.model import Batch
from transforms.run import Run, Settings
from transforms.subjects import Digests

_BASE_MEMORY, _MEMORY_PER_BYTE = 3 << 30, 16
_BASE_CPU, _BYTES_PER_SECOND = 60, 500_000
Facts = again.Facts


@dataclass(frozen=True)
class Arrival:
    """How a batch came: the file's name as shown, its size and the sender's control totals."""

    file: str
    size: int
    totals: Totals


def job_of(settings: Settings, batch: Batch, size: int, *, whole: bool = True) -> Job:
    """What the parser is told of a batch."""
    known = contracts.load_all(settings.expectations)
    contract = known[batch.source]
    arrives = contract.arrives
    return Job(
        batch=batch.id,
        format=arrives.format,
        encoding=arrives.encoding,
        delimiter=arrives.delimiter,
        header_row=arrives.header_row,
        sheet=arrives.sheet,
        landed=contract.landed_headings,
        known=contract.headings,
        others={s: c.landed_headings for s, c in known.items() if s != batch.source},
        whole=whole,
        aliases={alias: column.heading for column in contract.columns for alias in column.aliases},
        merged=arrives.merged,
        comment_prefix=arrives.comment_prefix,
        footer_marks=arrives.footer_marks,
        optional=contract.may_be_missing,
        memory=_BASE_MEMORY + _MEMORY_PER_BYTE * size,
        cpu=_BASE_CPU + size // _BYTES_PER_SECOND,
    )


def parse_raw(settings: Settings, batch: Batch, folder: Path, *, whole: bool) -> tuple[Path, Result]:
    """Split a batch's raw bytes into a table below ``folder``.

    Raises:
        RefusedError: the file is not what its contract promises.
        GridfactsError: ``RAW_DAMAGED``.
    """
    found = redact.redaction(settings, batch.sha256)
    sha256 = found.generation if found else batch.sha256
    raw = store.raw_path(settings, sha256)
    if not raw.is_file() or store.file_sha256(raw) != sha256:
        raise GridfactsError("RAW_DAMAGED", f"the raw bytes of batch {batch.id} are gone or altered: restore them")
    if found and found.form == "landed":
        return _as_landed(settings, batch, raw, folder)
    if mended := store.mends(settings, batch.id):
        with tempfile.TemporaryDirectory(prefix="mended.", dir=folder) as beside:
            before = parse_raw(settings, Batch.parse(mended), Path(beside), whole=True)
            return returned.parse(settings, batch, before, folder, job_of)
    result = sandbox.insist(sandbox.parse(job_of(settings, batch, raw.stat().st_size, whole=whole), raw, folder))
    if found:
        store.write_table(folder / TABLE, redact.blanked(store.read_table(folder / TABLE), found.lines))
    return folder / TABLE, result


def _as_landed(settings: Settings, batch: Batch, raw: Path, folder: Path) -> tuple[Path, Result]:
    """The table that took the place of bytes whose format could not be blanked."""
    table = store.read_table(raw)
    headings = contracts.load_all(settings.expectations)[batch.source].landed_headings
    if missing := sorted(set(headings) - set(table.column_names)):
        raise RefusedError("SCHEMA", f"rows of it were erased, and what is left has no {', '.join(missing)}")
    table = table.set_column(0, "batch", pa.array([batch.id] * table.num_rows, pa.string()))
    store.write_table(folder / TABLE, table.select([*model.LANDED.names, *headings]))
    return folder / TABLE, Result(None, "", table.num_rows, [])


def erase_rows(settings: Settings, batch: Batch, table: Path, digests: Digests | None) -> bool:
    """Blank the rows of erased subjects in the raw bytes of a batch; whether there were any.

    Args:
        settings: where the lake is.
        batch: which one.
        table: its landed rows.
        digests: of the subjects, None where there are none.

    Raises:
        GridfactsError: ``RAW_DAMAGED``.
    """
    if digests is None or erase.looked(settings, batch, digests):
        return False
    told = store.read_table(table)
    lines = erase.lines(settings, batch, told, digests)
    mended = store.mends(settings, batch.id)
    if mended and redact.redaction(settings, batch.sha256) is None:  # the receipt that came back shows those rows too
        lines += told.filter(pc.equal(told["fault"], model.NOT_TAKEN_OVER))["line"].to_pylist()
    if lines:
        contract = contracts.load_all(settings.expectations)[batch.source]

        def parse(raw: Path) -> pa.Table:
            with tempfile.TemporaryDirectory(prefix="redact.", dir=settings.home / "tmp") as folder:
                job = job_of(settings, batch, raw.stat().st_size, whole=True)
                sandbox.insist(sandbox.parse(job, raw, Path(folder)))
                return store.read_table(Path(folder) / TABLE)

        redact.redact(settings, batch.sha256, "" if mended else contract.arrives.format, told, lines, parse)
    erase.tick(settings, batch, digests)
    return bool(lines)


def land_batch(run: Run, batch: Batch, arrival: Arrival, digests: Digests | None = None) -> Facts:
    """Land a batch, or reuse what is there; its manifest's facts.

    Raises:
        RefusedError: the file is not what its contract promises, nor what its control totals say.
        GridfactsError: ``RAW_DAMAGED``.
    """
    redact.settle(run.settings, batch.sha256)
    folder = store.batch_dir(run.settings, "land", batch.id)
    stored = manifest.Manifest.read(folder)
    first = min(run.night, str(stored.facts["first_night"])) if stored else run.night
    inputs = _inputs(run.settings, batch)
    fresh = manifest.fresh(folder, "land", inputs)
    if fresh and fresh.facts["first_night"] == first:
        _agree(arrival, int(fresh.facts["rows"] or 0))
        return fresh.facts
    with store.output(folder) as tmp:
        facts = _split(run.settings, batch, arrival, tmp)
        if erase_rows(run.settings, batch, tmp / TABLE, digests):
            facts = _split(run.settings, batch, arrival, tmp)
        facts["first_night"] = first
        manifest.write(tmp, "land", _inputs(run.settings, batch), facts)
    return facts


def refresh_batch(run: Run, batch: Batch, digests: Digests | None = None) -> None:
    """Split a batch of an earlier night again where contract or code changed since, or rows of it are to be erased.

    One that the contract no longer fits is held with its rows as they were: it was accepted once, nothing is dropped.

    Raises:
        GridfactsError: ``RAW_DAMAGED``.
    """
    _split_again(run, batch)
    redact.settle(run.settings, batch.sha256)
    if erase_rows(run.settings, batch, store.batch_dir(run.settings, "land", batch.id) / TABLE, digests):
        run.say(f"land {batch.source}: batch {batch.id}: rows of erased subjects are not taken over")
        _split_again(run, batch)


def _split_again(run: Run, batch: Batch) -> None:
    folder = store.batch_dir(run.settings, "land", batch.id)
    inputs = _inputs(run.settings, batch)
    stored = manifest.Manifest.read(folder)
    if stored is None or manifest.fresh(folder, "land", inputs):
        return
    arrival = Arrival(str(stored.facts["file"]), int(stored.facts["bytes"] or 0), Totals(batch.sha256))
    with store.output(folder) as tmp:
        try:
            facts = _split(run.settings, batch, arrival, tmp)
        except RefusedError as error:
            found = redact.redaction(run.settings, batch.sha256)
            told = store.read_table(folder / TABLE)
            store.write_table(tmp / TABLE, redact.blanked(told, found.lines) if found else told)
            facts = {**stored.facts, "hold": error.code, "notes": f"no longer fits its contract: {error.detail}"}
            run.say(f"land {batch.source}: batch {batch.id} is held: {facts['notes']}")
        facts["first_night"] = stored.facts["first_night"]
        manifest.write(tmp, "land", inputs, facts)


def _split(settings: Settings, batch: Batch, arrival: Arrival, folder: Path) -> Facts:
    late = checkpoint.current(settings).too_late(batch)
    form = contracts.load_all(settings.expectations)[batch.source].arrives.format
    if not late and (before := again.landed_before(settings, batch, form, _inputs(settings, batch))):
        table, facts = before
        _agree(arrival, int(facts["rows"] or 0))
        write_again(table, folder / TABLE, batch.id)
        return facts | {"file": arrival.file, "bytes": arrival.size}
    path, result = parse_raw(settings, batch, folder, whole=arrival.totals.sha256 == batch.sha256)
    _agree(arrival, result.rows)
    hold, notes = _weigh(contracts.load_all(settings.expectations)[batch.source], result)
    if late:
        hold = "PERIOD_EXPIRED"
        notes.insert(
            0, f"deliveries of {batch.as_of} and before went when their time was over: there is no place for it"
        )
    told = "; ".join([*notes, *_faults(path)])
    return {"file": arrival.file, "bytes": arrival.size, "rows": result.rows, "hold": hold, "notes": told}


def _inputs(settings: Settings, batch: Batch) -> dict[str, str]:
    contract = contracts.load_all(settings.expectations)[batch.source]
    found = redact.redaction(settings, batch.sha256)
    redacted = {"redacted": found.generation} if found else {}
    if mended := store.mends(settings, batch.id):
        redacted["mends"] = decisions.digest(_inputs(settings, Batch.parse(mended)))
    return {"raw": batch.sha256, "contract": _promise(contract)} | redacted


def _promise(contract: Contract) -> str:
    """Hash of what decides how a file is split and weighed: a new trust or purpose lands nothing again."""
    arrives = contract.arrives.model_dump(
        exclude={"file_pattern", "cadence", "same_period", "null_marks", "crs", "database"}
    )
    aliases = {column.heading: column.aliases for column in contract.columns if column.aliases}
    told = [arrives, contract.landed_headings, contract.headings, contract.on_new_column, aliases]
    told += [contract.may_be_missing, contract.on_missing_column] if contract.may_be_missing else []
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _agree(arrival: Arrival, rows: int) -> None:
    if arrival.totals.rows not in (None, rows):
        told = f"the control totals say {arrival.totals.rows} rows, the file has {rows}"
        raise RefusedError("CONTROL_TOTAL", told)


def _weigh(contract: Contract, result: Result) -> tuple[str | None, list[str]]:
    """The code under which the batch is held, or null; and what to tell of it."""
    bounds, notes, hold = contract.arrives.rows, list(result.notes), None
    if result.extras:
        told = values.mask_numbers(pd.Series(result.extras, dtype=object))  # a value may have slipped up
        notes.append(f"columns the contract does not know: {', '.join(told)}")
        if contract.on_new_column == "stop":
            raise RefusedError("NEW_COLUMN", notes[-1])
        if contract.on_new_column == "quarantine":
            hold = "NEW_COLUMN"
    if result.absent:
        notes.append(f"columns that are not in the file: {', '.join(result.absent)}")
        undeclared = set(result.absent) - {c.heading for c in contract.columns if c.optional}
        if undeclared and contract.on_missing_column == "quarantine":
            hold = "MISSING_COLUMN"
    if not bounds.min <= result.rows <= bounds.max:
        hold = "ROW_BOUNDS" if result.rows else "ZERO_ROWS"
        notes.insert(0, f"{result.rows} rows; the contract expects {bounds.min} to {bounds.max}")
    return hold, notes


def _faults(path: Path) -> list[str]:
    """One line per fault: how many rows, and the line of the first."""
    table = store.read_table(path, ["line", "fault"])
    table = table.filter(pc.is_valid(table["fault"]))
    told = table.group_by("fault").aggregate([("line", "count"), ("line", "min")]).sort_by("fault").to_pylist()
    return [
        f"{f['line_count']} rows not taken over"
        if f["fault"] == model.NOT_TAKEN_OVER
        else f"{f['line_count']} rows not split: {f['fault']}, first in line {f['line_min']}"
        for f in told
    ]
