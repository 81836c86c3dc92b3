"""The room itself: which batches are judged, what is reused, what is written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import expectations
from expectations.purposes import Register
from transforms import attested as words
from transforms import code_words, database, decisions, manifest, model, store
from transforms import contract as contracts
from transforms.check import again
from transforms.check.batch import Judging
from transforms.check.report import report
from transforms.contract import Contract
from transforms.run import Run

ROOM = "check"


def run(run: Run, sources: Sequence[str]) -> list[model.Report]:
    """Judge every landed batch that is not held and was not judged under the same rules before.

    Writes ``verdict.parquet``, ``finding.parquet`` and ``suite.json`` per batch, and a report per source that delivered
    this night. A file that is wrong as a whole gets ``hold`` in its manifest's facts and goes no further.

    Raises:
        StaleInputError: a landed batch is missing, incomplete or stale.
        ConfigError: a contract or kind is wrong.
    """
    known = contracts.load_all(run.settings.expectations)
    found = []
    stores = database.open_databases(run.settings)
    for source in sorted(sources):
        tonight, told = False, words.standing(stores, source)
        for batch in store.landed(run, source):
            landed = manifest.require(run.settings.lake, store.batch_dir(run.settings, "land", batch), "land")
            if landed.facts.get("hold"):
                continue
            found.append(_batch(run, known[source], batch, landed, told))
            tonight |= landed.facts["first_night"] == run.night
        if tonight:
            report(run, source)
    return found


def _batch(run: Run, contract: Contract, batch: str, landed: manifest.Manifest, told: words.Attested) -> model.Report:
    settings = run.settings
    folder = store.batch_dir(settings, ROOM, batch)
    contract = code_words.on(contract, settings.expectations, model.Batch.parse(batch).as_of)
    inputs = dict([manifest.upstream(settings.lake, store.batch_dir(settings, "land", batch), landed)])
    inputs["configuration"] = manifest.configuration(settings.expectations, contract.source)
    inputs["rules"] = code_of_rules()
    denied = Register.of(settings.expectations, run.night).denied
    inputs["denied"] = decisions.digest(sorted(denied))
    inputs["codes"] = code_words.digest(contract)
    inputs["attested"] = decisions.digest(sorted(told))
    found = manifest.fresh(folder, ROOM, inputs)
    if found is None:
        before = again.delivery_before(run, batch, inputs) if contract.arrives.mode == "snapshot" else None
        with store.output(folder) as fresh:
            facts = Judging.of(settings, contract, model.Batch.parse(batch), told, denied, before).write(fresh)
            found = manifest.write(fresh, ROOM, inputs, facts)
    counts = {name: count for name, count in found.facts.items() if isinstance(count, int)}
    if landed.facts["first_night"] == run.night:
        hold = f", HOLD {found.facts['hold']}" if found.facts["hold"] else ""
        run.say(f"check {batch[:40]}: " + ", ".join(f"{counts[name]} {name}" for name in sorted(counts)) + hold)
    return model.Report(ROOM, batch, counts)


@lru_cache(maxsize=1)
def code_of_rules() -> str:
    """Hash of the modules that turn contracts into rules: a change of theirs makes older verdicts stale.

    ``contract_*.py`` and ``lint.py`` look at contracts and judge no row.
    """
    folder = Path(expectations.__file__).parent
    digest = hashlib.sha256()
    tools = {*folder.glob("contract_*.py"), folder / "lint.py"}
    for path in sorted({*folder.glob("*.py")} - tools):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
