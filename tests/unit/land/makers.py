"""Synthetic files of six formats and the contracts that promise them; nothing here is a real person."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from tests.unit.land import layers
from transforms import land, store
from transforms.land import child
from transforms.land.batch import job_of
from transforms.land.child import Result
from transforms.land.room import DELIVERIES
from transforms.model import Batch
from transforms.run import Run, Settings

NIGHT = "2026-10-02"
HEADINGS = ("编号", "姓名", "住址", "备注")
LANDED = ("姓名", "住址", "编号")
ROWS = [("1", "张三", "测试路1号", "甲"), ("2", "李四", "测试路2号", "乙"), ("3", "王五", "测试路3号", "丙")]
FORMATS = ("csv", "utf", "xlsx", "jsonl", "parquet", "geojson", "shapefile")
SUFFIX = {kind: kind for kind in FORMATS} | {"utf": "csv", "shapefile": "zip"}
SHEET = "名单"
POINT = '{"type": "Point", "coordinates": [112.10, 22.90]}'
Row = Sequence[str | None]


def contract(kind: str, **changes: Any) -> dict[str, Any]:
    """The promise of source ``office_<kind>``."""
    arrives: dict[str, Any] = {
        "format": "csv" if kind == "utf" else kind,
        "file_pattern": rf"{kind}-(?P<as_of>\d{{8}})(?:-c(?P<correction>\d+))?\.{SUFFIX[kind]}",
        "cadence": "daily", "mode": "snapshot", "same_period": "hold", "rows": {"min": 1, "max": 1000},
    }  # fmt: skip
    if kind in ("csv", "utf", "jsonl", "geojson"):
        arrives["encoding"] = "gb18030" if kind == "csv" else "utf-8"
    if kind == "xlsx":
        arrives |= {"sheet": SHEET, "header_row": 2}
    columns = [
        {"heading": "姓名", "to": "person.name", "purpose": "P-POPULATION", "required": True},
        {"heading": "住址", "to": "person.actual_address", "purpose": "P-ADDRESS"},
    ]
    if kind == "shapefile":
        arrives |= {"encoding": "gb18030", "crs": "gcj02"}
    if kind in ("geojson", "shapefile"):
        columns.append({"heading": "geometry", "to": "person.actual_address", "purpose": "P-ADDRESS"})
    arrives |= changes.pop("arrives", {})
    return {
        "source": f"office_{kind}", "label": kind,
        "owner": {"department": kind, "contact": kind, "answers_within_days": 1},
        "arrives": arrives, "key": ["编号"], "feeds": {"person": {"key": ["编号"]}}, "columns": columns,
        "ignored": [{"heading": "编号", "reason": "key"}, {"heading": "备注", "reason": "not needed"}],
    } | changes  # fmt: skip


def encode(kind: str, rows: Sequence[Row] = ROWS, headings: Sequence[str] = HEADINGS) -> bytes:
    """A well-formed file of a format."""
    if kind in ("csv", "utf"):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([headings, *rows])
        return text.getvalue().encode("gb18030" if kind == "csv" else "utf-8")
    if kind == "parquet":
        columns = {h: pa.array([row[i] for row in rows], pa.string()) for i, h in enumerate(headings)}
        sink = io.BytesIO()
        pq.write_table(pa.table(columns), sink, write_page_checksum=True)
        return sink.getvalue()
    if kind == "shapefile":
        return layers.zipped(layers.parts(headings, rows))
    objects = [dict(zip(headings, row, strict=True)) for row in rows]
    if kind == "jsonl":
        return "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects).encode()
    if kind == "geojson":
        features = ", ".join(feature(json.dumps(o, ensure_ascii=False)) for o in objects)
        return f'{{"type": "FeatureCollection", "features": [{features}]}}'.encode()
    return workbook([headings, *rows])


def feature(properties: str, geometry: str = POINT) -> str:
    """One GeoJSON feature."""
    return f'{{"type": "Feature", "properties": {properties}, "geometry": {geometry}}}'


def workbook(rows: Sequence[Sequence[Any]], sheet: str = SHEET) -> bytes:
    """A workbook with a title row above what is given."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    page.append(["名单标题"])
    for row in rows:
        page.append(list(row))
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


@dataclass(frozen=True)
class Office:
    """A home of its own with contracts, and drop boxes."""

    path: Path

    @property
    def settings(self) -> Settings:
        return Settings.from_environment(
            {"GRIDFACTS_HOME": str(self.path / "home"), "GRIDFACTS_EXPECTATIONS": str(self.path / "expectations")}
        )

    def promise(self, told: dict[str, Any]) -> None:
        folder = self.path / "expectations" / "contracts"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{told['source']}.yml").write_text(yaml.safe_dump(told, allow_unicode=True), "utf-8")

    def box(self, kind: str, night: str = NIGHT) -> Path:
        folder = self.path / "drops" / night / f"office_{kind}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def drop(self, kind: str, data: bytes, day: str = "20261001", tail: str = "", night: str = NIGHT) -> Path:
        path = self.box(kind, night) / f"{kind}-{day}{tail}.{SUFFIX[kind]}"
        path.write_bytes(data)
        return path

    def land(self, *kinds: str, night: str = NIGHT) -> list[dict[str, Any]]:
        """Land the sources; their deliveries in order."""
        run = Run.of(night, settings=self.settings, drops=self.path / "drops" / night)
        land.run(run, [f"office_{kind}" for kind in kinds])
        return self.deliveries(*kinds, night=night)

    def deliveries(self, *kinds: str, night: str = NIGHT) -> list[dict[str, Any]]:
        run = Run.of(night, settings=self.settings)
        folders = [store.night_dir(run, "land", f"office_{kind}") for kind in kinds]
        return [one for folder in folders for one in json.loads((folder / DELIVERIES).read_text("utf-8"))]

    def table(self, batch: str) -> pa.Table:
        return store.read_table(store.batch_dir(self.settings, "land", batch) / child.TABLE)

    def split(self, kind: str, data: bytes, *, whole: bool = False) -> tuple[Result, pa.Table | None]:
        """What the parser makes of a file, in this process: for files that are wrong, not hostile."""
        work = self.path / "work"
        work.mkdir(exist_ok=True)
        (work / child.TABLE).unlink(missing_ok=True)
        raw = work / "raw"
        raw.write_bytes(data)
        batch = Batch(f"office_{kind}", "2026-10-01", 0, "0" * 64)
        with raw.open("rb") as file:
            result = child.parse(job_of(self.settings, batch, len(data), whole=whole), file, work)
        return result, None if result.code else store.read_table(work / child.TABLE)
