"""A room refuses an input whose manifest is missing, incomplete or stale, saying stored, required and remedy."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pyarrow as pa
import pytest

from transforms import manifest, store
from transforms.errors import StaleInputError
from transforms.model import Batch
from transforms.run import Run, Settings


def made(lake: Path, room: str, inputs: dict[str, str], value: str = "a") -> Path:
    folder = lake / room / "registry"
    with store.output(folder) as fresh:
        store.write_table(fresh / "rows.parquet", pa.table({"x": [value]}))
        manifest.write(fresh, room, inputs, {"rows": 1})
    return folder


def test_a_complete_output_is_accepted_and_reused(tmp_path: Path) -> None:
    folder = made(tmp_path, "land", {"configuration": "c"})
    assert manifest.require(tmp_path, folder, "land").facts == {"rows": 1}
    assert manifest.fresh(folder, "land", {"configuration": "c"}) is not None
    assert manifest.fresh(folder, "land", {"configuration": "d"}) is None


def missing(folder: Path) -> None:
    (folder / manifest.NAME).unlink()


def incomplete(folder: Path) -> None:
    told = json.loads((folder / manifest.NAME).read_text())
    (folder / manifest.NAME).write_text(json.dumps(told | {"status": "writing"}))


def damaged(folder: Path) -> None:
    store.write_table(folder / "rows.parquet", pa.table({"x": ["b"]}))


def gone(folder: Path) -> None:
    (folder / "rows.parquet").unlink()


@pytest.mark.parametrize("spoil", [missing, incomplete, damaged, gone])
def test_a_spoilt_output_is_refused_with_a_remedy(tmp_path: Path, spoil: object) -> None:
    folder = made(tmp_path, "land", {})
    assert callable(spoil)
    spoil(folder)
    with pytest.raises(StaleInputError, match=r"stored .*; required .*; remedy: run 'gridfacts room land'"):
        manifest.require(tmp_path, folder, "land")


@pytest.mark.parametrize("spoil", [damaged, gone])
def test_one_file_after_the_other_is_refused_once_it_is_not_as_written(tmp_path: Path, spoil: object) -> None:
    folder = made(tmp_path, "land", {})
    found = manifest.require(tmp_path, folder, "land", files=())
    manifest.whole(folder, found, "rows.parquet")
    assert callable(spoil)
    spoil(folder)
    assert manifest.require(tmp_path, folder, "land", files=()) == found
    with pytest.raises(StaleInputError, match="run 'gridfacts room land'"):
        manifest.whole(folder, found, "rows.parquet")


def test_of_an_input_only_the_files_that_are_read_must_be_whole(tmp_path: Path) -> None:
    folder = made(tmp_path, "land", {})
    damaged(folder)
    assert manifest.require(tmp_path, folder, "land", ["others.parquet"]).facts == {"rows": 1}
    for files in (["others.parquet", "rows.parquet"], None):
        with pytest.raises(StaleInputError):
            manifest.require(tmp_path, folder, "land", files)


def test_a_file_that_was_whole_is_refused_once_it_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_SETTLED", 0)  # as if it had lain there for long
    path = made(tmp_path, "land", {}) / "rows.parquet"
    manifest.require(tmp_path, path.parent, "land")
    manifest.require(tmp_path, path.parent, "land")
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    with pytest.raises(StaleInputError):
        manifest.require(tmp_path, path.parent, "land")


def test_an_output_made_from_another_input_is_stale(tmp_path: Path) -> None:
    first = made(tmp_path, "land", {})
    inputs = dict([manifest.upstream(tmp_path, first, manifest.require(tmp_path, first, "land"))])
    second = made(tmp_path, "check", inputs)
    manifest.require(tmp_path, second, "check")
    made(tmp_path, "land", {}, "changed")
    with pytest.raises(StaleInputError, match="made from"):
        manifest.require(tmp_path, second, "check")


def told(lake: Path, folder: Path, room: str) -> dict[str, str]:
    """The entry of an output among the inputs of a room behind it."""
    return dict([manifest.upstream(lake, folder, manifest.require(lake, folder, room))])


def test_an_output_that_came_out_the_same_leaves_those_behind_it_as_they_are(tmp_path: Path) -> None:
    first = made(tmp_path, "land", {"home.rows": "one"})
    second = made(tmp_path, "check", told(tmp_path, first, "land"))
    behind = told(tmp_path, second, "check")
    third = made(tmp_path, "standardise", behind)
    made(tmp_path, "land", {"home.rows": "another"})
    assert manifest.fresh(second, "check", told(tmp_path, first, "land")) is not None
    made(tmp_path, "land", {}, "changed")
    with pytest.raises(StaleInputError, match="made from"):
        manifest.require(tmp_path, second, "check")
    made(tmp_path, "check", told(tmp_path, first, "land"))
    assert told(tmp_path, second, "check") == behind
    assert manifest.fresh(third, "standardise", behind) is not None


def test_the_digest_moves_with_everything_that_matters(tmp_path: Path) -> None:
    found = manifest.Manifest.read(made(tmp_path, "land", {}))
    assert found is not None
    others = [
        dataclasses.replace(found, inputs={"a": "b"}),
        dataclasses.replace(found, code="other"),
        dataclasses.replace(found, facts={"rows": 2}),
        dataclasses.replace(found, files={"rows.parquet": {"sha256": "0", "rows": 1}}),
    ]
    assert len({found.digest, *(other.digest for other in others)}) == 1 + len(others)


def test_a_file_touched_a_moment_ago_is_read_again_even_if_its_times_say_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system's clock has a grain: within it a second write leaves every time as it was."""
    path = made(tmp_path, "land", {}) / "rows.parquet"
    assert store.settled(path) is None
    written = path.stat().st_ctime_ns
    monkeypatch.setattr(store.time, "time_ns", lambda: written + 2_000_000_000)
    seen = store.settled(path)
    assert seen is not None
    assert store.settled(path) == seen
    path.touch()
    monkeypatch.setattr(store.time, "time_ns", lambda: path.stat().st_ctime_ns + 2_000_000_000)
    assert store.settled(path) not in (seen, None)


ROOMS = ("land", "check")


def delivered(run: Run, day: str) -> str:
    """A delivery that was landed and checked under the rules ``r``."""
    lake, batch = run.settings.lake, Batch("registry", day, 0, "ab" * 32).id
    with store.output(store.batch_dir(run.settings, "land", batch)) as fresh:
        landed = manifest.write(fresh, "land", {}, {"first_night": day})
    given = manifest.upstream(lake, store.batch_dir(run.settings, "land", batch), landed)
    with store.output(store.batch_dir(run.settings, "check", batch)) as fresh:
        store.write_table(fresh / "rows.parquet", pa.table({"x": ["a"]}))
        manifest.write(fresh, "check", {given[0]: given[1], "rules": "r"})
    return batch


@pytest.fixture
def night(tmp_path: Path) -> Run:
    return Run.of("2026-10-03", settings=Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)}))


def test_the_delivery_before_is_the_last_one_of_an_earlier_day(night: Run) -> None:
    first, second, third = (delivered(night, f"2026-10-0{day}") for day in (1, 2, 3))
    found = manifest.delivery_before(night, third, ROOMS, {"rules": "r"})
    assert found is not None
    assert (found[0].id, found[1].room) == (second, "land")
    assert manifest.delivery_before(night, first, ROOMS, {"rules": "r"}) is None
    assert manifest.delivery_before(night, third, ROOMS, {"rules": "others"}) is None


def of_other_code(folder: Path) -> None:
    told = json.loads((folder / manifest.NAME).read_text())
    (folder / manifest.NAME).write_text(json.dumps(told | {"code": "another"}))


@pytest.mark.parametrize("spoil", [of_other_code, missing, damaged])
def test_a_delivery_before_that_does_not_stand_is_passed_over(night: Run, spoil: object) -> None:
    first, second, third = (delivered(night, f"2026-10-0{day}") for day in (1, 2, 3))
    assert callable(spoil)
    spoil(store.batch_dir(night.settings, "check", second))
    found = manifest.delivery_before(night, third, ROOMS, {"rules": "r"})
    assert found is not None
    assert found[0].id == first
