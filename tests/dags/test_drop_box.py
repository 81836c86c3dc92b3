"""The watcher over the drop box: once for every change, after a while of quiet, and no file name leaves it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import pytest
from airflow.sdk.module_loading import import_string

from dags.drop_box import DropBoxTrigger, quiet_sources
from tests.unit.land.test_faults import as_nobody


def drop(box: Path, source: str, name: str, content: bytes = b"x") -> None:
    (box / source).mkdir(parents=True, exist_ok=True)
    (box / source / name).write_bytes(content)


def test_a_folder_that_lies_still_is_seen_and_one_being_written_is_not(tmp_path: Path) -> None:
    drop(tmp_path, "gongan_hukou", "张标记.csv")
    (tmp_path / "shebao_canbao").mkdir()
    assert quiet_sources(tmp_path, settle_seconds=60) == {}
    time.sleep(0.02)
    seen = quiet_sources(tmp_path, settle_seconds=0.01)
    assert list(seen) == ["gongan_hukou"]
    assert "标记" not in str(seen)
    assert quiet_sources(tmp_path / "nowhere", settle_seconds=0) == {}


def test_every_change_changes_what_was_seen(tmp_path: Path) -> None:
    drop(tmp_path, "a", "1.csv")
    states = [quiet_sources(tmp_path, 0)["a"]]
    drop(tmp_path, "a", "2.csv")
    states.append(quiet_sources(tmp_path, 0)["a"])
    drop(tmp_path, "a", "2.csv", b"longer")
    states.append(quiet_sources(tmp_path, 0)["a"])
    assert len(set(states)) == 3
    assert quiet_sources(tmp_path, 0)["a"] == states[-1]


def test_links_and_pipes_are_not_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "link").symlink_to("/etc/hostname")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert quiet_sources(tmp_path, 0) == {}


def test_a_folder_that_nobody_lets_us_read_stops_no_other() -> None:
    with tempfile.TemporaryDirectory() as folder:
        box = Path(folder)
        box.chmod(0o755)
        for source in ("a", "b"):
            drop(box, source, "1.csv")
        (box / "a").chmod(0)
        with as_nobody():
            assert list(quiet_sources(box, 0)) == ["b"]
        (box / "a").chmod(0o755)
        assert list(quiet_sources(box, 0)) == ["a", "b"]


async def _sources(trigger: DropBoxTrigger, box: Path) -> list[str]:
    """What the trigger says of two drops, of nothing new, then of one more."""
    told: list[str] = []

    async def listen() -> None:
        async for event in trigger.run():
            told.append(event.payload["source"])

    task = asyncio.create_task(listen())
    for _ in range(2):
        await asyncio.sleep(0.3)
    drop(box, "b", "2.csv")
    await asyncio.sleep(0.3)
    task.cancel()
    return told


def test_the_trigger_fires_once_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDFACTS_HOME", str(tmp_path))
    drop(tmp_path / "drops", "a", "1.csv")
    drop(tmp_path / "drops", "b", "1.csv")
    trigger = DropBoxTrigger(settle_seconds=0, poll_seconds=0.05)
    assert asyncio.run(_sources(trigger, tmp_path / "drops")) == ["a", "b", "b"]


def test_the_triggerer_can_build_it_again() -> None:
    path, arguments = DropBoxTrigger(settle_seconds=5, poll_seconds=2).serialize()
    again = import_string(path)(**arguments)
    assert again.serialize() == (path, arguments)
