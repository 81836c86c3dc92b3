"""The task ``brakes``, called as Airflow calls it: a poisoned source is frozen and the night computed again, here."""

from __future__ import annotations

import json
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time.context import set_current_context

from dags import rooms
from tests.homes import NIGHTS, Home

SOURCE, SENT, POISONED, ENCODING = "jiaoyu_xueji", "学籍20261001.tsv", "学籍20261002.tsv", "gb18030"


@pytest.fixture
def poisoned(city: Path, tmp_path: Path) -> Path:
    """A drop box with one file: last night's, in which every pupil was born on the same day."""
    sent = (city / "drops" / NIGHTS[0] / SOURCE / SENT).read_text(ENCODING)
    heads, *rows = [line.split("\t") for line in sent.splitlines()]
    born = heads.index("出生日期(学籍)")
    assert len({row[born] for row in rows}) > 50
    for row in rows:
        row[born] = rows[0][born]
    path = tmp_path / "drops" / SOURCE / POISONED
    path.parent.mkdir(parents=True)
    path.write_text("".join("\t".join(row) + "\n" for row in [heads, *rows]), ENCODING)
    return tmp_path / "drops"


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch, poisoned: Path) -> Any:
    """What Airflow tells a task of its run, and settings that only the test gives."""
    for name in os.environ:
        if name.startswith("GRIDFACTS_"):
            monkeypatch.delenv(name)
    run = SimpleNamespace(run_after=datetime(2026, 10, 1, 17, 30, tzinfo=UTC), dag_id="nightly_merge", run_id="test")
    return {"params": {"night": NIGHTS[1], "drops": str(poisoned)}, "dag_run": run}


def persons(home: Home) -> list[tuple[object, ...]]:
    with sqlite3.connect(home.path / "release.db") as release:
        found = release.execute("SELECT * FROM fact_person ORDER BY person_id, known_from").fetchall()
    assert len(found) > 100
    return found


@pytest.mark.thorough("test_poisoned_source freezes on the command line, unit/brakes judges each budget")
def test_the_brake_freezes_a_source_and_computes_the_night_again(
    task: Any, poisoned: Path, first_night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home.copy_of(first_night, tmp_path / "home")
    before, people = home.checksum(), persons(home)
    home.call("run", "--dry-run", "--night", NIGHTS[1], "--drops", str(poisoned))
    for name, value in home.settings.items():
        monkeypatch.setenv(name, value)
    with set_current_context(task):
        assert rooms.brake() == {}, "nothing is beyond its budget in the night computed again"
    [hold] = json.loads(home.call("hold", "list", "--json").stdout)
    assert (hold["source"], hold["night"], hold["decision"]) == (SOURCE, NIGHTS[1], None)
    home.call("room", "publish", "--night", NIGHTS[1])
    assert persons(home) == people, "the source stands at its last good state"

    home.call("drop", "recall", f"{SOURCE}:{POISONED}", "--by", "Chen", "--reason", "the wrong file")
    home.run(NIGHTS[1], poisoned)
    assert home.checksum() == before, "a recalled delivery accuses nobody, and the night ends"
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"
