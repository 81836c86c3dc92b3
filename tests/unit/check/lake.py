"""A lake with batches as land leaves them, for tests of the room and its report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from tests.unit.check.rows import EXPECTATIONS, Broken, Row, landed
from transforms import check, manifest, model, store
from transforms.run import Run, Settings

NIGHT = "2026-10-01"


@dataclass
class Lake:
    """A home below a temporary folder; ``said`` collects what the room told."""

    home: Path
    expectations: Path = EXPECTATIONS
    said: list[str] = field(default_factory=list)

    def run(self, night: str = NIGHT) -> Run:
        told = {"GRIDFACTS_HOME": str(self.home), "GRIDFACTS_EXPECTATIONS": str(self.expectations)}
        settings = Settings.from_environment(told)
        return Run(settings, night, settings.drops, self.said.append)

    def land(self, source: str, rows: Sequence[Broken | Row], *, hold: str | None = None, night: str = NIGHT) -> str:
        """Write a landed batch and return its id."""
        batch = model.Batch(source, night, 0, f"{len(rows):064x}").id
        folder = store.batch_dir(self.run().settings, "land", batch)
        table = landed(source, rows)
        table = table.set_column(0, "batch", pa.array([batch] * len(rows), pa.string()))
        with store.output(folder) as fresh:
            store.write_table(fresh / "rows.parquet", table)
            facts = {"first_night": night, "file": f"{source}.csv", "bytes": 1, "rows": len(rows), "hold": hold}
            manifest.write(fresh, "land", {"raw": "0"}, facts)
        return batch

    def check(self, *sources: str, night: str = NIGHT) -> list[model.Report]:
        return check.run(self.run(night), list(sources))

    def folder(self, batch: str) -> Path:
        return store.batch_dir(self.run().settings, "check", batch)

    def facts(self, batch: str) -> dict[str, str | int | None]:
        return manifest.require(self.run().settings.lake, self.folder(batch), "check").facts

    def suite(self, batch: str) -> dict:
        return json.loads((self.folder(batch) / "suite.json").read_text("utf-8"))

    def page(self, source: str, night: str = NIGHT) -> str:
        return (self.home / "reports" / night / f"{source}.html").read_text("utf-8")

    def telling(self, marks: Sequence[str]) -> list[str]:
        """Where a person may read one of these marks."""
        paths = [p for p in self.home.rglob("*") if p.is_file() and p.suffix in (".html", ".json", ".txt", ".log")]
        texts = {str(path): path.read_text("utf-8") for path in paths} | {"said": "\n".join(self.said)}
        return [f"{mark} in {where}" for where, text in texts.items() for mark in marks if mark in text]
