"""SIGKILL of the whole process group at seeded instants, then a plain re-run: the release of an undisturbed night."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.homes import NIGHTS, Home

INSTANTS = 20 if os.environ.get("CI") else 3  # all twenty in CI; every one costs two runs of a night


@pytest.fixture(scope="module")
def seconds(both_nights: Path) -> float:
    """How long the second night takes here and now: only the range instants are drawn from."""
    return float((both_nights.parent / "seconds").read_text())


def killed_after(home: Home, drops: Path, delay: float) -> bool:
    """Start the second night, kill its process group after ``delay`` seconds; True if it was still running."""
    words = home.command("run", "--night", NIGHTS[1], "--drops", str(drops))
    with subprocess.Popen(
        words, env=home.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            process.wait(timeout=delay)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return True
    return False


@pytest.mark.timeout(2700)
def test_a_killed_night_ends_as_an_undisturbed_one(
    first_night: Path, city: Path, undisturbed: tuple[str, str], seconds: float, tmp_path: Path
) -> None:
    draw = random.Random(20261001)
    drops = city / "drops" / NIGHTS[1]
    killed = 0
    for number in range(INSTANTS):
        several = (("GRIDFACTS_THREADS", str(1 + number % 2)),)  # with two, other processes work beside the rooms
        home = Home.copy_of(first_night, tmp_path / f"home{number}", *several)
        delay = draw.uniform(0.1, 0.98) * seconds
        killed += killed_after(home, drops, delay)
        assert home.checksum() in undisturbed, "a reader saw neither the old release nor the new"
        home.run(NIGHTS[1], drops)
        assert home.checksum() == undisturbed[1], f"killed after {delay:.2f} s"
        shutil.rmtree(home.path)
    assert killed > INSTANTS // 2
