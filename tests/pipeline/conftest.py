"""A small city of whole villages, made once, and homes in which its nights are run through the real command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NIGHTS = ("2026-10-01", "2026-10-02")
RESIDENTS = 700


@dataclass(frozen=True)
class Home:
    """A GRIDFACTS_HOME and the command line in it."""

    path: Path
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        plain = {k: v for k, v in os.environ.items() if not k.startswith("GRIDFACTS_")}
        return (
            plain
            | {"GRIDFACTS_HOME": str(self.path), "PYTHONPATH": str(ROOT), "GRIDFACTS_THREADS": "1"}
            | dict(self.extra)
        )

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-c", "from transforms.cli import main; main()", *words]

    def call(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*words), env=self.environment, capture_output=True, text=True, check=False, timeout=280
        )
        if check and done.returncode:
            raise AssertionError(f"gridfacts {' '.join(words)} exited {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def run(self, night: str, drops: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.call("run", "--night", night, "--drops", str(drops), check=check)

    def checksum(self) -> str:
        return self.call("checksum").stdout.split()[1]


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("city")
    Home(tmp_path_factory.mktemp("nowhere")).call(
        "demo", "city", "--residents", str(RESIDENTS), "--nights", "2", "--seed", "5", "--out", str(out)
    )
    assert [p.name for p in sorted((out / "drops").iterdir())] == list(NIGHTS)
    return out


@pytest.fixture(scope="session")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home with demonstration keys; homes copied from it mint the same ids."""
    home = Home(tmp_path_factory.mktemp("keyed") / "home")
    home.call("demo", "keys")
    return home.path


@pytest.fixture
def home(keyed: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(keyed, tmp_path / "home")))


@pytest.fixture(scope="session")
def first_night(keyed: Path, city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after the first night; copy it before changing it."""
    home = Home(Path(shutil.copytree(keyed, tmp_path_factory.mktemp("first") / "home")))
    home.run(NIGHTS[0], city / "drops" / NIGHTS[0])
    return home.path


@pytest.fixture(scope="session")
def undisturbed(first_night: Path, city: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The checksums of both nights, run without disturbance."""
    home = Home(Path(shutil.copytree(first_night, tmp_path_factory.mktemp("both") / "home")))
    first = home.checksum()
    home.run(NIGHTS[1], city / "drops" / NIGHTS[1])
    return first, home.checksum()
