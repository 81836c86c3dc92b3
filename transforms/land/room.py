"""Lands what lies in the drop boxes, source by source: bytes kept, names read, rows split, every file answered for."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from expectations.purposes import Register
from transforms import checkpoint, code_words, dropped, kinds, manifest, model, store
from transforms import contract as contracts
from transforms.checkpoint import Checkpoint
from transforms.errors import ConfigError
from transforms.land import erase, intake, sandbox
from transforms.land.batch import parse_raw, refresh_batch
from transforms.land.delivery import Delivery
from transforms.land.file import land_file, not_admitted
from transforms.model import Batch, DeliveryState, Report
from transforms.run import Run, Settings
from transforms.subjects import Digests

DELIVERIES = "deliveries.json"


def run(run: Run, sources: Sequence[str]) -> list[Report]:
    """Land every dropped file of the sources and write each source's ``deliveries.json``.

    Args:
        run: the night. Files are looked for in ``run.drops/<source>/``.
        sources: source codes.

    Returns:
        One report a source: files, landed, duplicate, refused, held, rows (of landed files).

    Raises:
        ConfigError: a source without a contract.
        GridfactsError: ``DISK_FULL``, nothing is taken in.
    """
    known = contracts.load_all(run.settings.expectations)
    if unknown := sorted(set(sources) - set(known)):
        raise ConfigError(f"no contract for {', '.join(unknown)} in {run.settings.expectations / 'contracts'}")
    barred = _barred(run, sources)
    store.sweep(run.settings)
    intake.room_left(run.settings)
    sandbox.prepare()
    wanted, digests, past = sorted(set(sources)), erase.wanted(run.settings), checkpoint.current(run.settings)
    with ThreadPoolExecutor(run.settings.threads) as pool:
        reports = list(pool.map(lambda source: _source(run, source, digests, past, barred.get(source)), wanted))
    for report in reports:
        run.say(f"land {report.part}: " + ", ".join(f"{n} {what}" for what, n in report.counts.items()))
    return reports


def refresh(run: Run, sources: Sequence[str]) -> None:
    """Split batches of earlier nights again where contract or code changed since, or rows are to be erased.

    No drop box is looked into.

    Raises:
        ConfigError: a contract loads what the register of purposes does not admit.
        GridfactsError: ``RAW_DAMAGED``.
    """
    if barred := _barred(run, sources):
        raise ConfigError("; ".join(f"{source}: {why}" for source, why in barred.items()))
    sandbox.prepare()
    digests = erase.wanted(run.settings)
    for source in sorted(set(sources)):
        _refresh(run, source, digests)


def _barred(run: Run, sources: Sequence[str]) -> dict[str, str]:
    """Sources of which nothing is loaded, and why: a purpose not in force, a heading on the deny-list.

    Held here too, for nobody may have linted; and a purpose that ends must not end the night of the others.
    """
    known, register = contracts.load_all(run.settings.expectations), Register.of(run.settings.expectations, run.night)
    promised = {s: code_words.on(known[s], run.settings.expectations, run.night) for s in sorted(set(sources))}
    all_kinds = kinds.load_all(run.settings.expectations)
    told = {source: "; ".join(register.refused(contract, all_kinds)) for source, contract in promised.items()}
    return {source: why for source, why in told.items() if why}


def _refresh(run: Run, source: str, digests: Digests | None) -> None:
    for batch in store.landed(run, source):
        refresh_batch(run, Batch.parse(batch), digests)


def _source(run: Run, source: str, digests: Digests | None, past: Checkpoint, barred: str | None) -> Report:
    _refresh(run, source, digests)
    deliveries: list[Delivery] = []
    taken: set[str] = set()
    for name in dropped.names(run.drops / source):
        delivery = not_admitted(name, barred) if barred else land_file(run, source, name, taken, digests, past)
        deliveries.append(delivery)
        if delivery.batch:
            taken.add(delivery.batch)
    _write(run, source, deliveries)
    states = Counter(d.state for d in deliveries)
    counts = {"files": len(deliveries), **{state.value: states[state] for state in DeliveryState}}
    rows = sum(d.rows or 0 for d in deliveries if d.state in (DeliveryState.LANDED, DeliveryState.HELD) and d.batch)
    return Report("land", source, {**counts, "rows": rows})


def _write(run: Run, source: str, deliveries: list[Delivery]) -> None:
    text = json.dumps([d.to_dict() for d in deliveries], ensure_ascii=False, indent=1, sort_keys=True)
    inputs = {"deliveries": hashlib.sha256(text.encode()).hexdigest()}
    folder = store.night_dir(run, "land", source)
    if manifest.fresh(folder, "land", inputs):
        return
    with store.output(folder) as tmp:
        (tmp / DELIVERIES).write_text(text + "\n", "utf-8")
        manifest.write(tmp, "land", inputs, {"files": len(deliveries)})


def reread(settings: Settings, batch: str) -> pa.Table:
    """The fixed columns (``model.LANDED``) of a batch, made anew from its raw bytes and nothing else.

    Args:
        settings: where the lake is.
        batch: a batch id.

    Raises:
        RefusedError: the bytes no longer split into rows.
        GridfactsError: ``RAW_DAMAGED``, the bytes are gone or no longer have their sha256.
    """
    scratch = settings.home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="reread.", dir=scratch) as folder:
        path, _ = parse_raw(settings, Batch.parse(batch), Path(folder), whole=True)
        return store.read_table(path, model.LANDED.names).combine_chunks()
