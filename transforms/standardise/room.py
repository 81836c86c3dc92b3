"""Room 3: clean columns beside the raw ones, one batch at a time, from its rows and reviewed lookups alone."""

from __future__ import annotations

from collections.abc import Iterable

from transforms import code_words, manifest, model, store
from transforms import contract as contracts
from transforms import keys as key_file
from transforms.contract import Contract
from transforms.run import Run
from transforms.standardise import again, identifiers, words
from transforms.standardise.batch import Pieces

ROOM = "standardise"


def run(run: Run, sources: Iterable[str]) -> list[model.Report]:
    """Standardise every landed, checked, unheld batch of the sources.

    Returns:
        One report per batch, counts only.

    Raises:
        StaleInputError: land or check of a batch is missing, incomplete or stale.
        ConfigError: a contract, kind, lookup or key is wrong.
    """
    known = contracts.load_all(run.settings.expectations)
    return [
        report
        for source in sorted(sources)
        for batch in store.landed(run, source)
        if (report := _batch(run, known[source], batch)) is not None
    ]


def _batch(run: Run, contract: Contract, batch: str) -> model.Report | None:
    settings = run.settings
    land, check = (store.batch_dir(settings, room, batch) for room in ("land", "check"))
    landed = manifest.require(settings.lake, land, "land")
    if landed.facts.get("hold"):
        return None
    checked = manifest.require(settings.lake, check, "check")
    if checked.facts.get("hold"):
        return None
    keys, contract = (
        key_file.load(settings),
        code_words.on(contract, settings.expectations, model.Batch.parse(batch).as_of),
    )
    inputs = dict([manifest.upstream(settings.lake, land, landed), manifest.upstream(settings.lake, check, checked)])
    inputs |= {
        "configuration": manifest.configuration(settings.expectations, contract.source),
        "keys": identifiers.fingerprint(keys),
        "codes": code_words.digest(contract),
        "words": words.digest(settings.expectations, run.night),
    }
    folder = store.batch_dir(settings, ROOM, batch)
    found = manifest.fresh(folder, ROOM, inputs)
    if found is None:
        before = again.delivery_before(run, batch, inputs) if contract.arrives.mode == "snapshot" else None
        with store.output(folder) as fresh:
            if before is not None and before.whole:
                before.write(fresh, batch)
            else:
                Pieces.of(run, contract, batch, keys, before).write(fresh)
            rows = {path.stem: store.rows_of(path) for path in sorted(fresh.glob("*.parquet"))}
            found = manifest.write(fresh, ROOM, inputs, rows)
    counts = {name: int(count or 0) for name, count in found.facts.items()}
    run.say(f"standardise {batch[:40]}: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    return model.Report(ROOM, batch, counts)
