"""Tries a contract on one file: land and check in a home of its own, so that nothing of this home changes."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from expectations.contract_asks import file_names
from expectations.lint import lint
from transforms import check, contract, land, manifest, store
from transforms.contract import Contract
from transforms.errors import ConfigError
from transforms.model import Batch
from transforms.run import Run, Settings

_NIGHT = "9999-12-31"  # no file is too late for a trial


@dataclass(frozen=True)
class Trial:
    """What would become of the file.

    Attributes:
        file: as it was tried (its own name, or one the contract's pattern knows). state, code, message: land's answer.
        rows, accepted, quarantined, struck, noted: counts; null where the file was not landed.
        hold: why check would hold the whole file, if it would. found: (rule, heading, effect) → how many.
        differing: rules that Great Expectations counts otherwise.
    """

    file: str
    state: str
    code: str | None
    message: str
    rows: int | None
    accepted: int | None
    quarantined: int | None
    struck: int | None
    noted: int | None
    hold: str | None
    found: tuple[tuple[str, str, str, int], ...]
    differing: int | None


def run(settings: Settings, promise: Path, file: str, say: Callable[[str], None]) -> Trial:
    """Land and check a file under a contract.

    Args:
        settings: whose kinds and lookups count, and whose lake holds a batch.
        promise: the contract's file, of any name.
        file: a path, or the id of a batch that lies in this home.
        say: how progress is told.

    Raises:
        ConfigError: the contract is wrong, or there is no such file or batch.
    """
    tried = contract.read(promise)
    with tempfile.TemporaryDirectory(prefix="gridfacts-try.") as folder:
        home = Path(folder)
        name = _drop(settings, tried, file, home / "drops" / tried.source)
        own = replace(settings, home=home, expectations=_expectations(settings, tried, promise, home))
        night = Run.of(_NIGHT, settings=own, drops=home / "drops", say=say)
        land.run(night, [tried.source])
        told = json.loads((store.night_dir(night, "land", tried.source) / "deliveries.json").read_text("utf-8"))[0]
        if told["batch"] is None or told["state"] == "held":
            return Trial(
                name, told["state"], told["code"], told["message"], told["rows"],
                None, None, None, None, None, (), None,
            )  # fmt: skip
        check.run(night, [tried.source])
        return _judged(own, name, told)


def _drop(settings: Settings, tried: Contract, file: str, box: Path) -> str:
    """Put the file into a drop box under a name the contract knows; the name."""
    path, name = Path(file), Path(file).name
    if not path.is_file():
        path, name = _raw(settings, file)
    if not re.fullmatch(tried.arrives.file_pattern, name):
        today = dt.datetime.now().astimezone().date().strftime("%Y%m%d")
        name = next(file_names(tried, today), name)
    box.mkdir(parents=True)
    shutil.copyfile(path, box / name)
    return name


def _raw(settings: Settings, batch: str) -> tuple[Path, str]:
    try:
        found = Batch.parse(batch)
    except ValueError:
        raise ConfigError("FILE is neither a file nor a batch of this home") from None
    folder = store.batch_dir(settings, "land", batch)
    facts = manifest.require(settings.lake, folder, "land").facts
    return store.held_raw(settings, found.sha256), str(facts["file"])


def _expectations(settings: Settings, tried: Contract, promise: Path, home: Path) -> Path:
    """This deployment's kinds, lookups and other contracts, with the tried one in its place."""
    mine = home / "expectations"
    for part in ("contracts", "kinds", "lookups"):
        if (settings.expectations / part).is_dir():
            shutil.copytree(settings.expectations / part, mine / part)
    (mine / "contracts").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(promise, mine / "contracts" / f"{tried.source}.yml")
    wrong = [problem for problem in lint(mine) if problem.startswith(f"contracts/{tried.source}.yml")]
    if wrong:
        raise ConfigError("; ".join(wrong))
    return mine


def _judged(settings: Settings, name: str, told: dict[str, str]) -> Trial:
    folder = store.batch_dir(settings, "check", told["batch"])
    facts = manifest.require(settings.lake, folder, "check").facts
    finding = store.read_table(folder / "finding.parquet", ["rule", "field", "effect"])
    grouped = finding.group_by(["rule", "field", "effect"]).aggregate([([], "count_all")]).to_pylist()
    found = sorted((str(g["rule"]), str(g["field"] or ""), str(g["effect"]), int(g["count_all"])) for g in grouped)
    counts = {key: int(facts[key] or 0) for key in ("rows", "accepted", "quarantined", "struck", "noted", "differing")}
    hold = str(facts["hold"]) if facts["hold"] else None
    return Trial(
        name, told["state"], told["code"], told["message"], hold=hold, found=tuple(found), **counts
    )  # fmt: skip


def told(trial: Trial) -> str:
    """A trial in words, without values."""
    lines = [trial.message]
    if trial.accepted is not None:
        lines.append(
            f"{trial.accepted} of {trial.rows} rows accepted, {trial.quarantined} in quarantine, "
            f"{trial.struck} values struck, {trial.noted} noted"
        )
        lines += [f"  {number:>8}  {effect:10}  {rule}  {heading}" for rule, heading, effect, number in trial.found]
    if trial.hold:
        lines.append(f"the whole file would be held: {trial.hold}")
    if trial.differing:
        lines.append(f"{trial.differing} rules are counted otherwise by Great Expectations: report it")
    return "\n".join(lines)
