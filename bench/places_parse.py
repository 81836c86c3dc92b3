"""Speed of reading addresses: distinct texts a second, one process and two, beside a bare regular-expression split.

python -m bench.places_parse [--residents 290000] > parse.json
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import time
from concurrent.futures import ProcessPoolExecutor

import pandas as pd

from bench.places_sample import reader, sample
from transforms.values import clean_text

TARGET = 25_000  # distinct addresses a second on two cores (issue 4)
PACKAGES = ("cpca", "jionlp", "addressparser", "cnloc")
_SPLIT = re.compile(r"[^省市县区镇乡村路街道巷弄号栋幢座楼层室房]+[省市县区镇乡村路街道巷弄号栋幢座楼层室房]?")


def _parse(texts: list[str]) -> int:
    read = reader().parse(clean_text(pd.Series(texts, dtype=object)))
    return int(read["path"].notna().sum())


def main() -> None:
    """Print texts a second as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--residents", type=int, default=290_000)
    texts = sample(asked.parse_args().residents).texts["text"].tolist()
    start = time.process_time()
    read = _parse(texts)
    one = len(texts) / (time.process_time() - start)
    start = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_parse, (texts[0::2], texts[1::2])))
    two = len(texts) / (time.perf_counter() - start)
    start = time.process_time()
    for text in texts:
        _SPLIT.findall(text)
    floor = len(texts) / (time.process_time() - start)
    peers = {name: "installed, not run" if importlib.util.find_spec(name) else "skipped" for name in PACKAGES}
    figures = {
        "distinct_texts": len(texts), "with_a_path": read, "per_second_one_core_cpu": round(one),
        "per_second_two_processes_wall": round(two), "target": TARGET, "bare_regex_split_per_second": round(floor),
        "packages": peers,
    }  # fmt: skip
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
