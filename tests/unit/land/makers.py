"""Synthetic files of every format and the contracts that promise them; nothing here is a real person."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from tests.unit.land import layers, old_books, packages
from transforms import land, store
from transforms.land import child
from transforms.land.batch import job_of
from transforms.land.child import Result
from transforms.land.room import DELIVERIES
from transforms.model import Batch
from transforms.run import REPOSITORY, Run, Settings

NIGHT = "2026-10-02"
HEADINGS = ("编号", "姓名", "住址", "备注")
LANDED = ("姓名", "住址", "编号")
ROWS = [("1", "张三", "测试路1号", "甲"), ("2", "李四", "测试路2号", "乙"), ("3", "王五", "测试路3号", "丙")]
MARKS = ("张三", "李四", "王五", "测试路")  # every fault is tried on rows that say one: none may be told
FORMATS = ("csv", "utf", "xlsx", "jsonl", "parquet", "geojson", "shapefile", "gpkg", "dbf", "xls")
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
    if kind in ("csv", "utf", "jsonl", "geojson", "dbf"):
        arrives["encoding"] = "gb18030" if kind in ("csv", "dbf") else "utf-8"
    if kind in ("xlsx", "xls"):
        arrives |= {"sheet": SHEET, "header_row": 2}
    columns = [
        {"heading": "姓名", "to": "person.name", "purpose": "P-POPULATION", "required": True},
        {"heading": "住址", "to": "person.actual_address", "purpose": "P-ADDRESS"},
    ]
    if kind == "shapefile":
        arrives |= {"encoding": "gb18030", "crs": "gcj02"}
    if kind == "gpkg":
        arrives["crs"] = "cgcs2000"
    if kind in ("geojson", "shapefile", "gpkg"):
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
    makers: dict[str, Callable[[Sequence[str], Sequence[Row]], bytes]] = {
        "csv": lambda names, told: _csv(names, told).encode("gb18030"),
        "utf": lambda names, told: _csv(names, told).encode(),
        "parquet": _parquet,
        "gpkg": packages.package,
        "dbf": lambda names, told: layers.attributes(names, told, "gb18030"),
        "shapefile": lambda names, told: layers.zipped(layers.parts(names, told)),
        "jsonl": lambda names, told: "".join(f"{one}\n" for one in _objects(names, told)).encode(),
        "geojson": _collection,
        "xlsx": lambda names, told: workbook([names, *told]),
        "xls": lambda names, told: old_books.workbook([names, *told], SHEET),
    }
    return makers[kind](headings, rows)


def _csv(headings: Sequence[str], rows: Sequence[Row]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([headings, *rows])
    return text.getvalue()


def _parquet(headings: Sequence[str], rows: Sequence[Row]) -> bytes:
    columns = {h: pa.array([row[i] for row in rows], pa.string()) for i, h in enumerate(headings)}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, write_page_checksum=True)
    return sink.getvalue()


def _objects(headings: Sequence[str], rows: Sequence[Row]) -> list[str]:
    return [json.dumps(dict(zip(headings, row, strict=True)), ensure_ascii=False) for row in rows]


def _collection(headings: Sequence[str], rows: Sequence[Row]) -> bytes:
    features = ", ".join(map(feature, _objects(headings, rows)))
    return f'{{"type": "FeatureCollection", "features": [{features}]}}'.encode()


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
    """A home of its own with contracts, and drop boxes; ``told``: what the parser answered, values aside."""

    path: Path
    told: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return Settings.from_environment(
            {"GRIDFACTS_HOME": str(self.path / "home"), "GRIDFACTS_EXPECTATIONS": str(self.path / "expectations")}
        )

    def promise(self, told: dict[str, Any]) -> None:
        folder = self.path / "expectations" / "contracts"
        folder.mkdir(parents=True, exist_ok=True)
        if not (kinds := folder.parent / "kinds").exists():
            kinds.symlink_to(REPOSITORY / "expectations" / "kinds")
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
        found = [one for folder in folders for one in json.loads((folder / DELIVERIES).read_text("utf-8"))]
        self.told.append(repr(found))
        return found

    def leaks(self) -> list[str]:
        """What a person can read of a row of :data:`ROWS` in answers, manifests and whatever lies beside the rows."""
        beside = [p for p in self.path.rglob("*") if p.is_file() and p.suffix in (".json", ".txt", ".html", ".log")]
        texts = [*self.told, *(path.read_text("utf-8") for path in beside if "drops" not in path.parts)]
        return [f"{mark} in {text[:600]}" for text in texts for mark in MARKS if mark in text]

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
        self.told.append(repr(result))
        return result, None if result.code else store.read_table(work / child.TABLE)
