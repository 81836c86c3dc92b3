from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import shapely
import yaml


@dataclass(frozen=True)
class City:
    """A small city on disk."""

    folder: Path

    def file(self, night: str, source: str) -> Path:
        (path,) = (self.folder / "drops" / night / source).iterdir()
        return path

    def truth(self, kind: str) -> pd.DataFrame:
        """Read once for all tests; what a test changes is its own copy."""
        path = self.folder / "truth" / f"{kind}.parquet"
        return _truth(path, path.stat().st_mtime_ns).copy(deep=False)

    def broken(self) -> set[str]:
        """Names of the files that are wrong as a whole."""
        told = self.truth("events").query("event == 'file_broken'")["detail"]
        return {text.split(" ", 1)[1] for text in told}

    def rows(self, night: str, source: str) -> dict[int, dict[str, Any]]:
        """Position -> record, each format read with a plain reader."""
        return read(self.file(night, source))


_OPEN = re.compile(r'"[^"]*$')  # a quote that nobody closes
CONTRACTS = Path(__file__).parents[3] / "expectations" / "contracts"


class Broken(dict[str, Any]):
    """A line that cannot be split as its headings say: as many of its fields as there are."""


@cache
def contract(source: str) -> dict[str, Any]:
    """A department's promise, as plain YAML."""
    return dict(yaml.safe_load((CONTRACTS / f"{source}.yml").read_text(encoding="utf-8")))


def read(path: Path) -> dict[int, dict[str, Any]]:
    """Position -> record, by the format that the contract of the file's department declares; not to be changed."""
    return _read(path, path.stat().st_mtime_ns)


def book(path: Path) -> openpyxl.Workbook:
    """A workbook, read once for all tests; not to be changed."""
    return _book(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _truth(path: Path, _changed: int) -> pd.DataFrame:
    return pd.read_parquet(path)


@lru_cache(maxsize=16)
def _book(path: Path, _changed: int) -> openpyxl.Workbook:
    return openpyxl.load_workbook(path)


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int) -> dict[int, dict[str, Any]]:
    arrives = contract(path.parent.name)["arrives"]
    if arrives["format"] == "csv":
        return _table(_lines(path, arrives), arrives)
    if arrives["format"] == "xlsx":
        sheet = book(path)[arrives["sheet"]]
        return _table(list(enumerate(_filled(sheet, arrives), start=1)), arrives)
    if arrives["format"] == "jsonl":
        return dict(enumerate(map(_object, path.read_bytes().splitlines()), start=1))
    if arrives["format"] == "parquet":
        return dict(enumerate(pq.read_table(path).to_pylist(), start=1))
    if arrives["format"] == "shapefile":
        meta, _, shapes, fields = pyogrio.raw.read(f"/vsizip/{path}", encoding=arrives["encoding"])
        points = shapely.from_wkb(shapes)
        columns = dict(zip(meta["fields"], fields, strict=True)) | {
            "geometry": points, "geometry.x": shapely.get_x(points), "geometry.y": shapely.get_y(points),
        }  # fmt: skip
        return {at: {name: values[at - 1] for name, values in columns.items()} for at in range(1, len(points) + 1)}
    features = orjson.loads(path.read_bytes())["features"]
    return {at: {**f["properties"], "geometry": f["geometry"]} for at, f in enumerate(features, start=1)}


def _object(line: bytes) -> dict[str, Any]:
    """A line of JSON; orjson refuses halves of characters, the standard library does not."""
    return dict(json.loads(line) if b"\\ud" in line else orjson.loads(line))


def _lines(path: Path, arrives: dict[str, Any]) -> list[tuple[int, tuple[Any, ...]]]:
    """Physical line and fields of every record; one whose quote stays open is a line by itself."""
    text = path.read_bytes().decode(arrives["encoding"]).removesuffix("\n")
    sign = arrives.get("delimiter", ",")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    width = len(lines[arrives.get("header_row", 1) - 1].split(sign))
    found, at = [], 0
    while at < len(lines):
        taken = 1
        if lines[at].count('"') % 2 and at + 1 < len(lines) and lines[at + 1].count('"') % 2:
            taken += len(next(csv.reader(lines[at : at + 2], delimiter=sign))) == width
        fields = lines[at].split(sign) if taken == 1 else None
        if '"' in lines[at] and (taken > 1 or lines[at].count('"') % 2 == 0):
            fields = next(csv.reader(["\n".join(lines[at : at + taken])], delimiter=sign))
        found.append((at + 1, tuple(fields or ())))
        at += taken
    return found


def _filled(sheet: Any, arrives: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a sheet; where the contract names merged headings, every row of a merge says its value."""
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    names = rows[arrives.get("header_row", 1) - 1]
    for span in sheet.merged_cells.ranges:
        if names[span.min_col - 1] in arrives.get("merged", ()) and span.min_row > arrives["header_row"]:
            for row in range(span.min_row, span.max_row):
                rows[row][span.min_col - 1] = rows[span.min_row - 1][span.min_col - 1]
    return [tuple(row) for row in rows]


def _table(rows: list[tuple[int, tuple[Any, ...]]], arrives: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Records under the heading row, without remarks and footers."""
    head = arrives.get("header_row", 1)
    names = rows[head - 1][1]
    marks = tuple(m for m in (arrives.get("comment_prefix"), *arrives.get("footer_marks", ())) if m)
    found = {}
    for at, row in rows[head:]:
        first = str(next((value for value in row if value not in (None, "")), ""))
        if not (marks and first.startswith(marks)):
            whole = len(row) == len(names) and not any(_OPEN.match(str(value)) for value in row)
            found[at] = (dict if whole else Broken)(zip(names, row, strict=False))
    return found
