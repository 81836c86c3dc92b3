"""The command line says what no source takes where a night ends, well or not, and where a whole drop box is landed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.homes import Home
from transforms.commands import night
from transforms.errors import GridfactsError
from transforms.run import Run, Settings

TOLD = "drop box: 1 thing that no source takes, 1 file, 4 bytes"


@pytest.fixture
def drops(tmp_path: Path) -> Path:
    stray = tmp_path / "drops" / "gongan_hukuo"
    stray.mkdir(parents=True)
    (stray / "a.csv").write_bytes(b"1234")
    return stray.parent


def test_a_night_that_fails_tells_it_too(drops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run.of("2026-10-01", settings=Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)}), drops=drops)
    with pytest.raises(GridfactsError), night._strays_told(run):
        raise GridfactsError("RELEASE_HELD", "a brake")
    assert capsys.readouterr().err.count(TOLD) == 1


def test_the_room_alone_tells_it_of_a_whole_drop_box(keyed: Path, drops: Path, tmp_path: Path) -> None:
    home = Home.copy_of(keyed, tmp_path / "home")
    words = ["room", "land", "--night", "2026-10-01", "--drops", str(drops)]
    assert home.call(*words).stderr.count(TOLD) == 1
    assert TOLD not in home.call(*words, "--source", "gongan_hukou").stderr
    (drops / "gongan_hukuo").rename(drops / "gongan_hukou")
    assert "drop box" not in home.call(*words).stderr
