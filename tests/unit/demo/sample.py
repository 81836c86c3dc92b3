from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import openpyxl
import orjson
import pandas as pd
import pyarrow.parquet as pq


@dataclass(frozen=True)
class City:
    """A small city on disk."""

    folder: Path

    def file(self, night: str, source: str) -> Path:
        (path,) = (self.folder / "drops" / night / source).iterdir()
        return path

    def truth(self, kind: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "truth" / f"{kind}.parquet")

    def rows(self, night: str, source: str) -> dict[int, dict[str, object]]:
        """Position -> record, each format read with a plain reader."""
        return read(self.file(night, source))


def read(path: Path) -> dict[int, dict[str, object]]:
    if path.suffix in {".csv", ".tsv"}:
        encoding = {"gongan_hukou": "gb18030", "zhujian_fangwu": "gb18030"}.get(path.parent.name, "utf-8-sig")
        lines = path.read_bytes().decode(encoding).splitlines()
        split = "\t" if path.suffix == ".tsv" else ","
        names = lines[0].split(split)
        return {at: dict(zip(names, line.split(split), strict=True)) for at, line in enumerate(lines[1:], start=2)}
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path)["参保人员"]
        table = list(sheet.iter_rows(values_only=True))
        return {at: dict(zip(table[1], row, strict=True)) for at, row in enumerate(table[2:], start=3)}
    if path.suffix == ".jsonl":
        return dict(enumerate(map(orjson.loads, path.read_bytes().splitlines()), start=1))
    if path.suffix == ".parquet":
        return dict(enumerate(pq.read_table(path).to_pylist(), start=1))
    features = orjson.loads(path.read_bytes())["features"]
    return {at: {**f["properties"], "geometry": f["geometry"]} for at, f in enumerate(features, start=1)}
