"""Speed of reading addresses: distinct texts a second, one process and two, beside a bare regular-expression split.

python -m bench.places_parse [--residents 290000] > parse.json
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import pandas as pd

from bench.places_packages import Named, available, quietly
from bench.places_sample import reader, sample
from transforms.values import clean_text

TARGET = 25_000  # distinct addresses a second on two cores
_PEERS = 1_000  # texts given to each package: some read 200 a second
_SPLIT = re.compile(r"[^省市县区镇乡村路街道巷弄号栋幢座楼层室房]+[省市县区镇乡村路街道巷弄号栋幢座楼层室房]?")


def _parse(texts: list[str]) -> tuple[int, float]:
    """Texts with a path, and the CPU seconds of it."""
    start = time.process_time()
    read = reader().parse(clean_text(pd.Series(texts, dtype=object)))
    return int(read["path"].notna().sum()), time.process_time() - start


def _speed(run: Callable[[list[str]], list[Named]], texts: list[str]) -> int:
    """Texts a second of wall time, once it has started."""
    quietly(run, texts[:1])
    start = time.perf_counter()
    quietly(run, texts)
    return round(len(texts) / (time.perf_counter() - start))


def main() -> None:
    """Print texts a second as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--residents", type=int, default=290_000)
    texts = sample(asked.parse_args().residents).texts["text"].tolist()
    read, seconds = _parse(texts)
    one = len(texts) / seconds
    start = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        halves = list(pool.map(_parse, (texts[0::2], texts[1::2])))
    two = len(texts) / (time.perf_counter() - start)
    start = time.process_time()
    for text in texts:
        _SPLIT.findall(text)
    floor = len(texts) / (time.process_time() - start)
    peers = {name: _speed(run, texts[:_PEERS]) if run else "skipped" for name, run in available()}
    figures = {
        "distinct_texts": len(texts), "with_a_path": read, "per_second_one_core_cpu": round(one),
        "per_second_two_processes_wall": round(two),
        "per_second_two_processes_cpu": round(len(texts) / max(seconds for _, seconds in halves)),
        "target": TARGET, "bare_regex_split_per_second": round(floor),
        "packages_per_second": peers,
    }  # fmt: skip
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
