"""Accuracy on real public addresses: element F1 (NAACL 2019 dev), same-place F1 and top-1 (CCKS 2021 dev).

Data: a folder named by GRIDFACTS_PUBLIC_DATA with ``cn_addr_parse_naacl19``, ``cn_addr_match_ccks2021_t3``,
``cn_divisions_5level`` and ``cn_division_history``; without it everything is skipped, and said so. Beside ours: ordered
regular expressions without a gazetteer (elements), the bigram Jaccard of whole texts (pairs), and those packages of
places_packages.py that are installed: they name divisions alone, so ours stands beside them by divisions too. The
gazetteer of the elements has the counties of the corpus's time as well, that of the pairs today's alone. The label
map is in places_labels.py. Thresholds of pairs are chosen on one half of the queries and measured on the other; the
corpus's labels are noisy (two rounds agree on 21 of 30 shared pairs).

    python -m bench.places_real_text > real_text.json
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from bench.places_labels import DIVISIONS, Elements, canonical, of_gold, of_ours, sentences
from bench.places_packages import Named, available, geocoding_likeness, quietly
from transforms.locate.likeness import Likeness
from transforms.standardise.address import gazetteer, parser
from transforms.standardise.address.normalise import normalise
from transforms.values import clean_text

VARIABLE = "GRIDFACTS_PUBLIC_DATA"
_SINCE = "201012"  # people write the names of some years ago
_FILES = (("provinces", "province", ""), ("cities", "city", "provinceCode"), ("areas", "county", "cityCode"),
          ("streets", "town", "areaCode"))  # fmt: skip
_FLOOR = re.compile(
    r"(?:(?P<province>[^市县区镇]{2,8}?(?:省|自治区)))?(?:(?P<city>[^县区镇]{1,8}?市))?(?:(?P<county>[^镇]{1,6}?[县区]))?"
    r"(?:(?P<town>.{1,6}?(?:镇|乡|街道)))?(?:(?P<group>.{1,8}?(?:村|社区)))?(?:(?P<road>.{1,8}?(?:路|街|道|巷|弄)))?"
    r"(?:(?P<door>\d+)号)?(?P<estate>[^\d]{2,20}?)??(?:(?P<building>\d+)(?:号楼|栋|幢|座))?(?:(?P<unit>\d+)单元)?"
    r"(?:(?P<floor>\d+)[层楼])?(?:(?P<room>\d+)(?:室|房)?)?$"
)


def national(folder: Path, *, former: bool = False) -> tuple[gazetteer.Gazetteer, dict[str, str]]:
    """A gazetteer of all divisions down to the town, and code → name.

    Args:
        folder: of public data.
        former: with the counties that ended (:func:`ended`), for texts that are read and not compared: without a
            successor 北塘区 and 梁溪区 are two places.
    """
    rows: list[dict[str, str]] = []
    for file, level, parent in _FILES:
        path = folder / "cn_divisions_5level" / f"china-division_{file}.csv"
        for row in _read(path):
            above = row[parent].ljust(12, "0") if parent else ""
            rows.append(_division(row["code"].ljust(12, "0"), row["name"], level, above))
    rows += ended(folder, rows) if former else []
    return gazetteer.Gazetteer(_named(rows)), {row["code"]: row["name"] for row in rows}


def ended(folder: Path, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Counties that people still wrote in the corpus's time and that the table has no more, as they stood then.

    Source: cn/GB2260, the ministry's lists from 2010 to 2019. They name no successors, so these counties stand beside
    those of today in the prefecture of their code, and each town of it may have been theirs; what was renamed, promoted
    or given to another city is left out.
    """
    stood: dict[str, str] = {}
    for path in sorted((folder / "cn_division_history" / "GB2260" / "mca").glob("*.tsv")):
        if path.stem >= _SINCE:
            with path.open(encoding="utf-8", newline="") as source:
                stood |= {row["Code"]: row["Name"] for row in csv.DictReader(source, delimiter="\t")}
    codes = {row["code"] for row in rows}
    stand = {(row["code"][:at], name) for row in rows if row["level"] == "county"
             for at, name in ((4, canonical("county", row["name"])), (2, row["name"]))}  # fmt: skip
    gone = [
        _division(code.ljust(12, "0"), name, "county", code[:4].ljust(12, "0"))
        for code, name in stood.items()
        if not code.endswith("00") and code.ljust(12, "0") not in codes and code[:4].ljust(12, "0") in codes
        and stand.isdisjoint({(code[:4], canonical("county", name)), (code[:2], name)})
    ]  # fmt: skip
    borne = {row["name"] for row in rows}  # 九堡街道 was 九堡镇, and another still is
    towns: dict[str, list[str]] = {row["code"][:4]: [] for row in gone}
    for row in rows:
        if row["level"] == "town" and row["code"][:4] in towns:
            towns[row["code"][:4]] += [row["name"], *({row["name"].replace("街道", "镇")} & borne)]
    return gone + [
        _division(f"{row['code'][:6]}{number:06d}", name, "town", row["code"])
        for row in gone
        for number, name in enumerate(dict.fromkeys(towns[row["code"][:4]]), 1)
    ]


def _read(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _division(code: str, name: str, level: str, parent: str) -> dict[str, str]:
    days = {"valid_from": "", "valid_to": "", "successor": ""}
    return {"code": code, "name": name, "level": level, "parent": parent, "pseudo": "false"} | days


def _named(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """北京市 instead of its nameless city level 市辖区."""
    provinces = {row["code"][:2]: row["name"] for row in rows if row["level"] == "province"}
    for row in rows:
        if row["level"] == "city" and row["code"][2:4] in ("01", "02") and provinces[row["code"][:2]].endswith("市"):
            row["name"] = provinces[row["code"][:2]]
    return rows


def elements(folder: Path, reader: parser.Reader, names: dict[str, str]) -> dict[str, Any]:
    """Element F1 of the dev set, ours and the floor."""
    gold = list(sentences(folder / "cn_addr_parse_naacl19" / "dev.txt"))
    texts = pd.Series(["".join(text for text, _ in spans) for spans in gold], dtype=object)
    start = time.process_time()
    ours = _records(reader, texts)
    seconds = time.process_time() - start
    wanted = [of_gold(spans) for spans in gold]
    floor = [_floor(text) for text in clean_text(texts)]
    return {
        "addresses": len(gold), "cpu_seconds": round(seconds, 3),
        "ours": _scores(wanted, [of_ours(said, names) for said in ours]), "bare_regex": _scores(wanted, floor),
    }  # fmt: skip


def packages(folder: Path) -> dict[str, Any]:
    """Element F1 of every package that is installed, of the same texts."""
    gold = list(sentences(folder / "cn_addr_parse_naacl19" / "dev.txt"))
    texts, wanted = ["".join(text for text, _ in spans) for spans in gold], [of_gold(spans) for spans in gold]
    told: dict[str, Any] = {}
    for name, run in available():
        if run is None:
            told[name] = "skipped"
            continue
        start = time.perf_counter()
        found = [_of_package(row) for row in quietly(run, texts)]
        seconds = time.perf_counter() - start
        told[name] = {"per_second_with_start": round(len(texts) / seconds)} | _scores(wanted, found)
    return told


def _of_package(row: Named) -> Elements:
    return Counter((level, canonical(level, name)) for level, name in row.items() if name)


def _floor(text: str) -> Elements:
    found = _FLOOR.match(normalise(text))
    said = {level: value for level, value in found.groupdict().items() if value} if found else {}
    divisions = {level: said.pop(level, None) for level in DIVISIONS}
    return of_ours(said | divisions, {name: name for name in divisions.values() if name})


def _scores(wanted: list[Elements], found: list[Elements]) -> dict[str, Any]:
    right, extra, missed = Counter[str](), Counter[str](), Counter[str]()
    for gold, ours in zip(wanted, found, strict=True):
        told = {level for level, _ in gold}
        for (level, _), count in (gold & ours).items():
            right[level] += count
        for (level, _), count in (ours - gold).items():
            extra[level] += count if level in told or level not in DIVISIONS else 0
        for (level, _), count in (gold - ours).items():
            missed[level] += count
    levels = sorted(right | missed)
    table = {level: _measure(right[level], extra[level], missed[level]) for level in levels}
    parts = {"divisions": [at for at in levels if at in DIVISIONS], "all": sorted(right | missed | extra)}
    return table | {
        part: _measure(*(sum(counts[at] for at in of) for counts in (right, extra, missed)))
        for part, of in parts.items()
    }


def _measure(right: int, extra: int, missed: int) -> dict[str, float]:
    precision, recall = right / max(1, right + extra), right / max(1, right + missed)
    told = {"precision": precision, "recall": recall, "f1": 2 * right / max(1, 2 * right + extra + missed)}
    counts = {"right": right, "extra": extra, "missed": missed}
    return counts | {name: round(value, 4) for name, value in told.items()}


def pairs(folder: Path, reader: parser.Reader) -> dict[str, Any]:
    """Same-place F1 and top-1 of the CCKS dev pairs."""
    path = folder / "cn_addr_match_ccks2021_t3" / "dev" / "round1_fold0_pairs.tsv"
    table = pd.read_csv(path, sep="\t", names=["query", "text", "label"], quoting=csv.QUOTE_NONE)
    queries, texts = (_records(reader, table[name]) for name in ("query", "text"))
    likeness = Likeness([*queries, *texts])
    table["ours"] = [likeness.of(a, b) for a, b in zip(queries, texts, strict=True)]
    table["jaccard"] = [round(10_000 * _jaccard(a, b)) for a, b in zip(table["query"], table["text"], strict=True)]
    names = ["ours", "jaccard"]
    if dict(available())["GeocodingCHN"]:
        table["GeocodingCHN"] = [
            10_000 * x for x in geocoding_likeness(list(zip(table["query"], table["text"], strict=True)))
        ]
        names.append("GeocodingCHN")
    tuning = table["query"].map(lambda query: hashlib.sha256(query.encode()).digest()[0] % 2 == 0)
    return {name: _pair_scores(table, name, tuning) for name in names}


def _records(reader: parser.Reader, texts: pd.Series) -> list[dict[str, Any]]:
    read = reader.parse(clean_text(texts))
    return list(read.where(read.notna(), None).to_dict("records"))


def _jaccard(left: str, right: str) -> float:
    a, b = ({text[i : i + 2] for i in range(len(text) - 1)} for text in (left, right))
    return len(a & b) / max(1, len(a | b))


def _pair_scores(table: pd.DataFrame, name: str, tuning: pd.Series) -> dict[str, Any]:
    threshold = max(range(500, 10_000, 100), key=lambda at: _pair_f1(table[tuning], name, at))
    held_out = table[~tuning]
    answerable = held_out[held_out.groupby("query")["label"].transform("max") == 2]
    best = answerable.sort_values([name, "text"], ascending=[False, True]).drop_duplicates("query")
    return {
        "threshold": threshold, "pairs": len(held_out), "f1": round(_pair_f1(held_out, name, threshold), 4),
        "queries": len(best), "top1": round(float((best["label"] == 2).mean()), 4),
    }  # fmt: skip


def _pair_f1(table: pd.DataFrame, name: str, threshold: int) -> float:
    said, true = table[name] >= threshold, table["label"] == 2
    return float(2 * (said & true).sum() / max(1, said.sum() + true.sum()))


def main() -> None:
    """Print the figures as JSON."""
    folder = Path(os.environ.get(VARIABLE, ""))
    if not os.environ.get(VARIABLE) or not folder.is_dir():
        print(json.dumps({"skipped": f"{VARIABLE} names no folder"}, indent=2))
        return
    known, names = national(folder, former=True)
    today, _ = national(folder)
    found = {
        "elements_naacl19_dev": elements(folder, parser.Reader(known), names),
        "pairs_ccks2021_dev": pairs(folder, parser.Reader(today)),
    }
    print(json.dumps(found | {"packages_naacl19_dev": packages(folder)}, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
