"""The room itself: which batches are judged, what is reused, what is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

import expectations
from expectations import rules, suites
from transforms import attested as words
from transforms import contract as contracts
from transforms import database, decisions, kinds, manifest, model, store
from transforms.check import attested, holds, verdict
from transforms.check.report import report
from transforms.contract import Contract
from transforms.run import Run, Settings

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
    folder, land = store.batch_dir(settings, ROOM, batch), store.batch_dir(settings, "land", batch)
    inputs = dict([manifest.upstream(settings.lake, land, landed)])
    inputs["configuration"] = manifest.configuration(settings.expectations, contract.source)
    inputs["rules"] = code_of_rules()
    inputs["attested"] = decisions.digest(sorted(told))
    found = manifest.fresh(folder, ROOM, inputs)
    if found is None:
        table = store.read_table(land / "rows.parquet")
        judged, suite, facts = _judge(settings, contract, model.Batch.parse(batch), table, told)
        with store.output(folder) as fresh:
            store.write_table(fresh / "verdict.parquet", judged.verdict)
            store.write_table(fresh / "finding.parquet", judged.finding)
            (fresh / "suite.json").write_text(json.dumps(suite, ensure_ascii=False, sort_keys=True, indent=1), "utf-8")
            found = manifest.write(fresh, ROOM, inputs, facts)
    counts = {name: count for name, count in found.facts.items() if isinstance(count, int)}
    if landed.facts["first_night"] == run.night:
        hold = f", HOLD {found.facts['hold']}" if found.facts["hold"] else ""
        run.say(f"check {batch[:40]}: " + ", ".join(f"{counts[name]} {name}" for name in sorted(counts)) + hold)
    return model.Report(ROOM, batch, counts)


def _judge(
    settings: Settings, contract: Contract, batch: model.Batch, landed: pa.Table, told: words.Attested
) -> tuple[verdict.Verdicts, dict[str, Any], dict[str, str | int | None]]:
    derived = rules.derive(contract, kinds.load_all(settings.expectations), batch.as_of)
    judged = verdict.judge(landed, derived, contract.arrives.null_marks)
    sample = suites.sample(landed)
    outcomes = suites.validate(sample, contract, derived)
    columns = suites.summaries(landed, contract)
    differing = _differing(outcomes, judged.finding, sample)
    suite = {
        "rows": landed.num_rows, "evaluated": sample.num_rows, "differing": differing,
        "expectations": suites.as_json(outcomes), "columns": [asdict(column) for column in columns],
    }  # fmt: skip
    judged = attested.without(settings, contract, landed, judged, told) if told else judged
    hold = holds.judge(contract, derived, judged, columns)
    accepted = int(pc.sum(judged.verdict["accepted"]).as_py() or 0)
    facts: dict[str, str | int | None] = {
        "rows": landed.num_rows, "accepted": accepted, "quarantined": landed.num_rows - accepted,
        "struck": _of_effect(judged.finding, "strike"), "noted": _of_effect(judged.finding, "note"),
        "differing": len(differing), "hold": hold.code if hold else None, "hold_field": hold.field if hold else None,
    }  # fmt: skip
    return judged, suite, facts


def _of_effect(finding: pa.Table, effect: str) -> int:
    return int(pc.sum(pc.equal(finding["effect"], effect)).as_py() or 0)


def _differing(outcomes: Sequence[suites.Outcome], finding: pa.Table, sample: pa.Table) -> list[str]:
    """Rules (and headings) that Great Expectations counts otherwise than the verdict pass on the same rows."""
    same = finding.filter(pc.is_in(finding["ordinal"], sample["ordinal"].combine_chunks()))
    counted = verdict.counts(same, suites.TOGETHER)
    return [
        f"{outcome.rule} {outcome.heading or ''}".strip()
        for outcome in outcomes
        if outcome.unexpected != counted.get((outcome.rule, outcome.heading), 0)
    ]


@lru_cache(maxsize=1)
def code_of_rules() -> str:
    """Hash of the modules that turn contracts into rules: a change of theirs makes older verdicts stale.

    ``contract_*.py`` and ``lint.py`` are an engineer's tools and judge no row.
    """
    folder = Path(expectations.__file__).parent
    digest = hashlib.sha256()
    tools = {*folder.glob("contract_*.py"), folder / "lint.py"}
    for path in sorted({*folder.glob("*.py")} - tools):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
