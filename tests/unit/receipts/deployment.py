"""A home with one small source of its own, landed and judged by the real rooms up to the fold of its deliveries."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa

from tests.homes import ROOT
from transforms import account, check, keys, land, manifest, receipts, standardise, store
from transforms.account.night import Night
from transforms.account.outcome import outcome
from transforms.account.pages import Pages
from transforms.receipts.make import Made
from transforms.run import Run, Settings

SOURCE = "ceshi_renyuan"
CONTRACT = """
source: ceshi_renyuan
label: 测试局·人员
owner: {department: 市测试局, contact: 测试科, answers_within_days: 4}
arrives:
  format: csv
  encoding: gb18030
  delimiter: ","
  header_row: 1
  file_pattern: '.*_(?P<as_of>\\d{8})(?:_更正(?P<correction>\\d+))?\\.csv'
  cadence: daily
  mode: %(mode)s
  %(operation)s
  same_period: hold
  rows: {min: 1, max: 1000}
key: [编号]
feeds:
  person: {key: [编号]}
  household: {key: [户号]}
columns:
  - {heading: 姓名, to: person.name, required: true, purpose: P-POPULATION}
  - {heading: 证件号码, to: person.document, document_kind: '111', purpose: P-POPULATION}
  - {heading: 性别, to: person.sex, codes: {男: male, 女: female}, purpose: P-POPULATION}
  - {heading: 户号, to: household.code, purpose: P-POPULATION}
ignored:
  - {heading: 编号, reason: the natural key of the record}
  - {heading: 操作, reason: read as the operation}
trust: {name: 50}
"""
HEADINGS = ("编号", "操作", "姓名", "证件号码", "性别", "户号", "收入")
Row = tuple[str, ...]


def row(key: str, name: str, **told: str) -> Row:
    """A row of the file; what is not told is sound."""
    sound = {"编号": key, "操作": "I", "姓名": name, "证件号码": "", "性别": "女", "户号": "H1", "收入": "9999"}
    return tuple((sound | told).values())


@dataclass(frozen=True)
class Deployment:
    """A home, its expectations and its drop boxes below a temporary folder."""

    home: Path
    mode: str = "snapshot"

    def make(self) -> Deployment:
        """Write expectations and keys."""
        mine = self.home / "expectations"
        for part in ("kinds", "lookups"):
            shutil.copytree(ROOT / "expectations" / part, mine / part)
        (mine / "contracts").mkdir()
        delta = "operation: {heading: 操作, upsert: [I], delete: [D]}" if self.mode == "delta" else ""
        text = CONTRACT % {"mode": self.mode, "operation": delta}
        (mine / "contracts" / f"{SOURCE}.yml").write_text(text, "utf-8")
        keys.create(self.home / "keys.yml")
        return self

    @property
    def settings(self) -> Settings:
        told = {"GRIDFACTS_HOME": str(self.home), "GRIDFACTS_EXPECTATIONS": str(self.home / "expectations"),
                "GRIDFACTS_THREADS": "1"}  # fmt: skip
        return Settings.from_environment(told)

    def run(self, night: str) -> Run:
        return Run.of(night, settings=self.settings, drops=self._box(night))

    def _box(self, night: str) -> Path:
        box = self.home / "boxes" / night
        (box / SOURCE).mkdir(parents=True, exist_ok=True)
        return box

    def drop(self, night: str, name: str, rows: Sequence[Row], headings: Sequence[str] = HEADINGS) -> None:
        """Put a file into the drop box of a night."""
        lines = [",".join(headings), *(",".join(_quoted(cell) for cell in row) for row in rows)]
        (self._box(night) / SOURCE / name).write_bytes(("\n".join(lines) + "\n").encode("gb18030"))

    def night(self, night: str, *, done: bool = True) -> None:
        """Land and check what lies there and, where ``done``, fold it and say that the books are closed."""
        run = self.run(night)
        land.run(run, [SOURCE])
        check.run(run, [SOURCE])
        if not done:
            return
        standardise.run(run, [SOURCE])
        account.apply(run)
        books = outcome(Pages(Night(run)))
        with store.output(store.night_dir(run, "account", "release")) as folder:
            store.write_table(folder / "outcome.parquet", books)
            manifest.write(folder, "account", {})
        with store.output(store.night_dir(run, "locate", "place")) as folder:
            store.write_table(
                folder / "library.parquet", pa.table({n: [""] for n in ("address_id", "path", "full_text")})
            )
            manifest.write(folder, "locate", {})

    def receipts(self, night: str, most_rows: int = 1000) -> list[Made]:
        return receipts.make(self.run(night), self.home / "receipts", SOURCE, most_rows)

    def folder(self, night: str) -> Path:
        return self.home / "receipts" / SOURCE / night

    def book(self, night: str, stem: str) -> list[dict[str, Any]]:
        """The rows of a receipt by heading."""
        return read(self.folder(night) / f"{stem}.回执.xlsx")

    def told(self, night: str, stem: str) -> dict[str, Any]:
        """The part for programs."""
        found: dict[str, Any] = json.loads((self.folder(night) / f"{stem}.回执.json").read_text("utf-8"))
        return found


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a receipt's workbook by heading."""
    head, *rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if {'"', ",", "\n"} & set(cell) else cell
