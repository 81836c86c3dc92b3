"""Speed and accuracy of matching addresses to the library, beside the best bigram Jaccard within the same village.

Accuracy is at the level of the house: of the texts whose verdict is a house, how many are the right one (precision);
of the texts that name one house, how many were given it (recall). Texts that stop above the house, and those whose
divisions and elements fit several houses (people leave out village, town or road), are counted apart.

    python -m bench.places_match [--residents 290000] [--copies 6] [--floor 2000] > match.json
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import time
from typing import Any

import numpy as np
import pandas as pd

from bench.places_sample import Sample, build_library, reader, sample
from transforms.locate.match import Matcher
from transforms.locate.readings import decide
from transforms.values import clean_text

TARGET = 10_000  # distinct addresses a second
PEERS = ("uk_address_matcher", "splink")


def main() -> None:
    """Print figures as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--residents", type=int, default=290_000)
    asked.add_argument("--copies", type=int, default=6, help="size of the library in libraries of the city")
    asked.add_argument("--floor", type=int, default=2_000, help="texts given to the floor, which is slow")
    wanted = asked.parse_args()
    city = sample(wanted.residents)
    library, places, paths = build_library(city.houses, wanted.copies)
    parsed = reader().parse(clean_text(city.texts["text"]))
    start = time.process_time()
    matcher = Matcher(library, places)
    found, read = matcher.match(parsed), decide(parsed, matcher)
    seconds = time.process_time() - start
    best = pd.concat([read, found[found["rank"].eq(1) & found["node"].ge(0) & ~found["text"].isin(read["text"])]])
    figures = {
        "library_nodes": len(library), "distinct_texts": len(parsed), "cpu_seconds": round(seconds, 2),
        "per_second": round(len(parsed) / seconds), "target": TARGET,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "ours": accuracy(city, best, library, paths), "bigram_jaccard": floor(city, library, paths, wanted.floor),
        "peers": {name: "installed, not run" if importlib.util.find_spec(name) else "skipped" for name in PEERS},
    }  # fmt: skip
    print(json.dumps(figures, indent=2))


def accuracy(city: Sample, best: pd.DataFrame, library: pd.DataFrame, paths: pd.Series) -> dict[str, Any]:
    """Precision and recall of houses, with the counts behind them."""
    house_paths = set(paths.dropna())
    verdict = pd.Series(library["path"].to_numpy()[best["node"]], index=best["text"].to_numpy())
    verdict = verdict.reindex(range(len(city.texts)))
    true = city.texts["house"].map(paths)
    open_texts = ~city.texts["cut_short"] & city.texts["among"].gt(1)
    full = ~city.texts["cut_short"] & ~open_texts
    given = verdict.isin(house_paths) & ~city.texts["cut_short"]
    right = given & (verdict == true)
    above = verdict.notna() & city.texts["cut_short"]
    contains = pd.Series([isinstance(v, str) and t.startswith(v) for v, t in zip(verdict, true, strict=True)])
    return {
        "texts_of_houses": int(full.sum()), "given_a_house": int(given.sum()), "right": int(right.sum()),
        "precision": round(float(right.sum() / max(1, given.sum())), 5),
        "recall": round(float((right & full).sum() / max(1, full.sum())), 5),
        "texts_that_fit_several": int(open_texts.sum()), "given_one_of_them": int((given & open_texts).sum()),
        "texts_cut_short": int(city.texts["cut_short"].sum()),
        "given_a_node_above_the_house": int((above & contains).sum()),
    }  # fmt: skip


def floor(city: Sample, library: pd.DataFrame, paths: pd.Series, texts: int) -> dict[str, Any]:
    """The house of the true village whose full text shares most pairs of characters: whole strings, no elements."""
    chosen = city.texts[~city.texts["cut_short"]].sample(min(texts, len(city.texts)), random_state=1)
    by_village = dict(iter(library[library["path"].isin(set(paths))].groupby("village")))
    pairs = {at: _pairs(text) for at, text in library["full_text"].items()}
    start, right = time.process_time(), 0
    for text, house in zip(chosen["text"], chosen["house"], strict=True):
        rows = by_village[paths[house].split("|")[0]]
        mine = _pairs(text)
        shared = np.array([len(mine & pairs[at]) / len(mine | pairs[at]) for at in rows.index])
        right += rows["path"].iloc[int(shared.argmax())] == paths[house]
    seconds = time.process_time() - start
    return {"texts": len(chosen), "right": right, "accuracy": round(right / len(chosen), 4),
            "per_second": round(len(chosen) / seconds)}  # fmt: skip


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


if __name__ == "__main__":
    main()
