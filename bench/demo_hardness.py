"""How hard the sample city is: who is the same person, by number alone and by Splink, against the truth. Prints JSON.

    python -m bench.demo_hardness --work DIR [--residents 300000 | --city DIR] [--out result.json]

The files of the departments that feed persons are read as a stranger with the contracts in hand would
(`demo_stranger.py`). Then all landed rows are grouped and each grouping is scored against the truth; a row that is
linked to nothing is a group of its own:

* by number alone: rows of one document number (18 digits with a good check digit, 15 digits widened, other documents
  as they stand); placeholders count as none;
* Splink 5 in two styles, each with EM on two blocks and connected components over the pairs. `plain`: one comparison of
  the library a column (name, pinyin, date of birth, sex, number, phone), three blocking rules, as in its tutorial.
  `careful`: name and pinyin as levels of one comparison, numbers by distance, addresses with term frequencies, six
  blocking rules. Splink is not in requirements.txt: where it cannot be imported it is skipped, and the JSON says so.

`split_percent`: rows of that sort apart from most rows of their person; `strange_percent`: in a group that is mostly
somebody else's. What the bands mean is in demo/README.md; never quote the figures without it.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import logging
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from bench.demo_stranger import NIGHT, landed, read
from transforms.run import Run, Settings

THRESHOLDS = (0.5, 0.9, 0.95, 0.99, 0.999)
UNNUMBERED = "without a valid number"
BORROWED = ("id_borrowed", "id_shared", "id_rechecked")
HARD = ("twin", "namesake_at_home", "father_and_son", "newborn")


def truth_of(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Entity, errors and cases beside each row; a row the truth does not know is an entity of its own."""
    truth = pq.read_table(folder / "truth" / "person.parquet", filters=[("night", "==", NIGHT)]).to_pandas()
    key = rows.assign(file_sha256=rows["batch"].str.rsplit("-", n=1).str[1])[["file_sha256", "line"]]
    found = key.merge(truth, on=["file_sha256", "line"], how="left", validate="1:1")
    alone = found["entity"].isna()
    for column in ("errors", "cases"):
        found[column] = [value if known else () for value, known in zip(found[column], ~alone, strict=True)]
    found.loc[alone, "entity"] = [f"unknown-{n}" for n in range(int(alone.sum()))]
    return found.assign(unknown=alone)


def pairs(*labels: np.ndarray[Any, Any]) -> float:
    """How many pairs of rows agree in all labels."""
    sizes = pd.DataFrame(dict(enumerate(labels))).groupby(list(range(len(labels)))).size()
    return float((sizes * (sizes - 1) / 2).sum())


def sorts(truth: pd.DataFrame, numbers: pd.Series[str]) -> dict[str, np.ndarray[Any, Any]]:
    """The rows that are hard for a reason, by the reason."""
    errors, cases = truth["errors"], truth["cases"]

    def having(column: pd.Series[Any], names: tuple[str, ...]) -> np.ndarray[Any, Any]:
        return np.array([not set(names).isdisjoint(found) for found in column])

    return {
        UNNUMBERED: (numbers == "").to_numpy(), "borrowed, shared or rechecked number": having(errors, BORROWED),
        **{case: having(cases, (case,)) for case in HARD},
    }  # fmt: skip


def scored(
    entity: np.ndarray[Any, Any], group: np.ndarray[Any, Any], kinds: dict[str, np.ndarray[Any, Any]]
) -> dict[str, Any]:
    """Pairwise precision, recall and F1, and how the hard sorts of rows fare."""
    right, made, true = pairs(entity, group), pairs(group), pairs(entity)
    table = pd.DataFrame({"entity": entity, "group": group})
    sizes = table.groupby(["entity", "group"]).size().reset_index(name="n")
    sizes = sizes.sort_values(["n", "entity", "group"], ascending=[False, True, True], kind="stable")
    home = table["entity"].map(sizes.drop_duplicates("entity").set_index("entity")["group"]).to_numpy()
    owner = table["group"].map(sizes.drop_duplicates("group").set_index("group")["entity"]).to_numpy()
    split, strange = group != home, owner != entity
    beside = {
        kind: {
            "rows": int(flags.sum()),
            "split_percent": round(100 * float(split[flags].mean()), 2) if flags.any() else None,
            "strange_percent": round(100 * float(strange[flags].mean()), 2) if flags.any() else None,
        }
        for kind, flags in {"all rows": np.ones(len(entity), dtype=bool), **kinds}.items()
    }
    return {
        "pair_precision": round(right / made, 4), "pair_recall": round(right / true, 4),
        "pair_f1": round(2 * right / (made + true), 4), "groups": len(set(group)), "beside": beside,
    }  # fmt: skip


def by_number(rows: pd.DataFrame) -> np.ndarray[Any, Any]:
    """A group for each number, and one for each row that has none."""
    codes, _ = pd.factorize(rows["number"])
    groups: np.ndarray[Any, Any] = np.where(rows["number"] != "", codes, len(rows) + rows["unique_id"].to_numpy())
    return groups


def plain(library: ModuleType, _levels: ModuleType) -> list[Any]:
    """The library's own comparisons, one a column, as in Splink's tutorial."""
    return [
        library.NameComparison("pinyin"),
        library.ExactMatch("name").configure(term_frequency_adjustments=True),
        library.DateOfBirthComparison("birth", input_is_string=True),
        *(library.ExactMatch(column) for column in ("sex", "number", "phone")),
    ]


def careful(library: ModuleType, levels: ModuleType) -> list[Any]:
    """One comparison of name and pinyin, numbers by distance, addresses by how common they are."""
    words = library.CustomComparison(
        output_column_name="name",
        comparison_levels=[
            levels.NullLevel("name"),
            levels.ExactMatchLevel("name", term_frequency_adjustments=True),
            levels.ExactMatchLevel("pinyin", term_frequency_adjustments=True),
            levels.JaroWinklerLevel("pinyin", 0.92),
            levels.JaroWinklerLevel("pinyin", 0.8),
            levels.ElseLevel(),
        ],
    )
    return [
        words,
        library.DateOfBirthComparison("birth", input_is_string=True),
        library.LevenshteinAtThresholds("near", [1, 2]),
        library.ExactMatch("phone"),
        library.ExactMatch("address").configure(term_frequency_adjustments=True),
        library.ExactMatch("sex"),
    ]


STYLES: dict[str, tuple[Callable[[ModuleType, ModuleType], list[Any]], list[tuple[str, ...]]]] = {
    "plain": (plain, [("number",), ("pinyin", "birth"), ("phone",)]),
    "careful": (careful, [("number",), ("name", "birth"), ("pinyin", "birth"), ("phone", "pinyin"),
                          ("address", "pinyin"), ("phone", "birth")]),
}  # fmt: skip


def by_splink(rows: pd.DataFrame, style: str) -> dict[float, np.ndarray[Any, Any]]:
    """Splink's groups at each threshold."""
    library, levels = (importlib.import_module(f"splink.comparison{part}_library") for part in ("", "_level"))
    settings, splink = (importlib.import_module(m) for m in ("splink.internals.settings_creator", "splink"))
    comparisons, blocks = STYLES[style]
    rules = [splink.block_on(*columns) for columns in blocks]
    declared = settings.SettingsCreator(
        link_type="dedupe_only",
        comparisons=comparisons(library, levels),
        blocking_rules_to_generate_predictions=rules,
    )
    database = importlib.import_module("splink.backends.duckdb").DuckDBAPI(duckdb.connect(config={"threads": 2}))
    known = rows.astype(object).where(rows != "", None)
    linker = splink.Linker(database.register(known, dataset_display_name="person"), declared)
    linker.training.estimate_probability_two_random_records_match(rules[:1], recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in rules[:2]:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=min(THRESHOLDS))
    groups = {}
    for threshold in THRESHOLDS:
        made = linker.clustering.cluster_pairwise_predictions_at_threshold(found, threshold_match_probability=threshold)
        frame = made.as_pandas_dataframe().set_index("unique_id")["cluster_id"]
        groups[threshold] = pd.factorize(frame.loc[rows["unique_id"]])[0]
    return groups


def of_splink(
    rows: pd.DataFrame, style: str, entity: np.ndarray[Any, Any], kinds: dict[str, np.ndarray[Any, Any]]
) -> dict[str, Any]:
    """Splink's scores at each threshold, with the hard sorts of rows at the best one."""
    wall, cpu = time.perf_counter(), time.process_time()
    groups = by_splink(rows, style)
    took = {"wall_s": round(time.perf_counter() - wall, 1), "cpu_s": round(time.process_time() - cpu, 1)}
    scores = {str(threshold): scored(entity, group, kinds) for threshold, group in groups.items()}
    best = max(scores, key=lambda threshold: float(scores[threshold]["pair_f1"]))
    for threshold in scores.keys() - {best}:
        del scores[threshold]["beside"]
    return {**took, "best_threshold": float(best), "at": scores}


def city(residents: int, work: Path) -> Path:
    """The sample city's folder, generated once."""
    folder = work / f"city{residents}"
    if not (folder / "truth" / "events.parquet").is_file():
        command = [sys.executable, "-m", "demo", "--residents", str(residents), "--nights", "1", "--out", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return folder


def measure(folder: Path, work: Path, styles: list[str]) -> dict[str, Any]:
    """All groupings of a city's person rows."""
    environment = {**os.environ, "GRIDFACTS_HOME": str(work / f"home-{folder.name}")}
    run = Run.of(NIGHT, settings=Settings.from_environment(environment), drops=folder / "drops" / NIGHT)
    raw = landed(run)
    truth, rows = truth_of(raw, folder), read(raw)
    entity, kinds = pd.factorize(truth["entity"])[0], sorts(truth, rows["number"])
    result: dict[str, Any] = {
        "rows": len(rows), "entities": len(set(entity)), "rows_unknown_to_truth": int(truth["unknown"].sum()),
        "unnumbered_percent": {
            source: round(100 * float((part["number"] == "").mean()), 1) for source, part in rows.groupby("source")
        },
        "by_number": scored(entity, by_number(rows), kinds),
    }  # fmt: skip
    if importlib.util.find_spec("splink") is None:
        return result | {"splink": "skipped: splink is not installed"}
    return result | {"splink": {style: of_splink(rows, style, entity, kinds) for style in styles}}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--residents", type=int, default=300_000)
    parser.add_argument("--city", type=Path, help="a city already written (first night 2026-10-01)")
    parser.add_argument("--work", type=Path, required=True, help="folder for the city and the landed rows")
    parser.add_argument("--splink", nargs="*", choices=sorted(STYLES), default=sorted(STYLES), help="both, if not said")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    logging.getLogger("splink").setLevel(logging.ERROR)
    folder = asked.city.resolve() if asked.city else city(asked.residents, asked.work.resolve())
    result = {"what": "demo_hardness", "city": folder.name, **measure(folder, asked.work.resolve(), asked.splink)}
    result["peak_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
