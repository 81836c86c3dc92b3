"""Sources side by side: a city's register goes through its rooms by itself, and what is found is the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import NIGHTS
from transforms.commands import night
from transforms.run import Run, Settings

LARGE, SMALL = "canlian_renyuan", "rexian_12345"


def test_a_register_and_a_small_source_are_told_alike(
    keyed: Path, city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops, told, through = tmp_path / "drops", [], []
    whole = night._through
    monkeypatch.setattr(night, "_through", lambda *asked: through.append(asked[2]) or whole(*asked))
    for source in (LARGE, SMALL):
        shutil.copytree(city / "drops" / NIGHTS[0] / source, drops / source)
    sizes = [sum(path.stat().st_size for path in (drops / source).iterdir()) for source in (LARGE, SMALL)]
    assert sizes[0] > sizes[1]
    for most in (sizes[1], sizes[0]):  # one is a register, none is
        monkeypatch.setattr(night, "_REGISTER", most)
        home = tmp_path / f"home{most}"
        shutil.copytree(keyed, home)
        environment = {"GRIDFACTS_HOME": str(home), "GRIDFACTS_THREADS": "2"}
        run = Run.of(NIGHTS[0], settings=Settings.from_environment(environment), drops=drops)
        told.append({(one.room, one.part): one.counts for one in night.source_rooms(run, ("land", "check"))})
    assert through == [LARGE]
    assert told[0] == told[1]
    assert {(room, part.partition("-")[0]) for room, part in told[0]} == {
        (room, source) for room in ("land", "check") for source in (LARGE, SMALL)
    }
