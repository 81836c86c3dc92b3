"""The same files in the same nights end in the same release, however they are run."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.homes import NIGHTS, Home


def test_running_a_night_again_changes_nothing(
    first_night: Path, city: Path, undisturbed: tuple[str, str], tmp_path: Path
) -> None:
    home = Home(Path(shutil.copytree(first_night, tmp_path / "home")))
    home.run(NIGHTS[0], city / "drops" / NIGHTS[0])
    assert home.call("checksum").stdout.split() == ["1", undisturbed[0]]


@pytest.mark.parametrize("threads", ["2", "8"] if os.environ.get("CI") else ["8"])  # all other homes have one
def test_threads_change_nothing(home: Home, city: Path, undisturbed: tuple[str, str], threads: str) -> None:
    several = Home(home.path, (("GRIDFACTS_THREADS", threads),))
    for night in NIGHTS:
        several.run(night, city / "drops" / night)
        told = {path.parent.name for path in (home.path / "lake").glob(f"night/{night}/account/heard/*/told.json")}
        assert {"kind-person", "stage-household"} <= told, "a process beside the rooms told the doors ahead"
    assert several.checksum() == undisturbed[1]


def shuffled_lines(path: Path, header: bool, encoding: str) -> None:
    lines = path.read_bytes().decode(encoding).splitlines(keepends=True)
    first, rest = (lines[:1], lines[1:]) if header else ([], lines)
    random.Random(3).shuffle(rest)
    path.write_bytes("".join([*first, *rest]).encode(encoding))


def test_shuffled_rows_and_files_change_nothing(
    home: Home, city: Path, undisturbed: tuple[str, str], tmp_path: Path
) -> None:
    drops = Path(shutil.copytree(city / "drops", tmp_path / "drops"))
    formats: dict[str, Callable[[Path], None]] = {
        "gongan_hukou": lambda p: shuffled_lines(p, header=True, encoding="gb18030"),
        "shuiwu_nashui": lambda p: shuffled_lines(p, header=True, encoding="utf-8"),
        "chengguan_bujian": lambda p: shuffled_lines(p, header=False, encoding="utf-8"),
    }
    shuffled = 0
    for source, shuffle in formats.items():
        for path in sorted(drops.glob(f"*/{source}/*")):
            shuffle(path)
            shuffled += 1
    assert shuffled >= len(formats)
    for night in NIGHTS:
        home.run(night, drops / night)
    assert home.checksum() == undisturbed[1]
