"""The same files in the same nights end in the same release, however they are run."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.homes import NIGHTS, ROOT, Home
from transforms import kinds, manifest

STAGES_BEFORE_LANES = ["place"]


def test_running_a_night_again_changes_nothing(
    first_night: Path, city: Path, undisturbed: tuple[str, str], tmp_path: Path
) -> None:
    home = Home.copy_of(first_night, tmp_path / "home")
    night = home.path / "lake" / "night" / NIGHTS[0]
    behind = [path for room in ("link", "locate", "merge") for path in night.glob(f"{room}/*/manifest.json")]
    before = {path: path.stat().st_ino for path in behind}
    assert {path.parts[-3] for path in before} == {"link", "locate", "merge"}
    home.run(NIGHTS[0], city / "drops" / NIGHTS[0])
    assert home.call("checksum").stdout.split() == ["1", undisturbed[0]]
    # resolve meets homes and identities of its own now, names everything as before, and no room behind it works again
    assert {path: path.stat().st_ino for path in behind} == before


def by_several_processes(home: Home, drops: Path, threads: str) -> str:
    """The checksum after both nights with so many threads (all other homes have one)."""
    several = Home(home.path, (("GRIDFACTS_THREADS", threads),))
    for night in NIGHTS:
        several.run(night, drops / night)
        told = {path.parent.name for path in (home.path / "lake").glob(f"night/{night}/account/heard/*/told.json")}
        groups = {"person-live", "facility-pairs", "household-entities", "stage-household"}
        assert groups <= told, "a process beside the rooms told the doors ahead"
    return several.checksum()


@pytest.mark.thorough("test_shuffled_rows_files_and_threads_change_nothing has eight threads")
@pytest.mark.parametrize("threads", ["2", "8"])
def test_threads_change_nothing(home: Home, city: Path, undisturbed: tuple[str, str], threads: str) -> None:
    assert by_several_processes(home, city / "drops", threads) == undisturbed[1]


def test_no_lane_reads_what_another_leaves(first_night: Path) -> None:
    declared = kinds.load_all(ROOT / "expectations").values()
    parts = [{*lane, *(kind.kind for kind in declared if kind.stage in lane)} for lane in kinds.LANES]
    assert sorted([*STAGES_BEFORE_LANES, *(stage for lane in kinds.LANES for stage in lane)]) == sorted(kinds.STAGES)
    lake = first_night / "lake"
    for own, other in (parts, reversed(parts)):
        left = [path for path in lake.glob(f"night/{NIGHTS[0]}/*/*/manifest.json") if path.parent.name in own]
        assert {path.parents[1].name for path in left} >= {"locate", "link", "resolve", "merge"}
        found = [manifest.require(lake, path.parent, path.parents[1].name) for path in left]
        read = [Path(name).parts for one in found for name in one.inputs]
        assert not [parts for parts in read if parts[0] == "night" and parts[3] in other]


def shuffled_lines(path: Path, header: bool, encoding: str) -> None:
    lines = path.read_bytes().decode(encoding).splitlines(keepends=True)
    first, rest = (lines[:1], lines[1:]) if header else ([], lines)
    random.Random(3).shuffle(rest)
    path.write_bytes("".join([*first, *rest]).encode(encoding))


def test_shuffled_rows_files_and_threads_change_nothing(
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
    assert by_several_processes(home, drops, "8") == undisturbed[1]
