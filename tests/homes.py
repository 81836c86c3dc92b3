"""A GRIDFACTS_HOME of a test's own, and the real command line in it."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from transforms.cli import main

ROOT = Path(__file__).parents[1]
NIGHTS = ("2026-10-01", "2026-10-02")
RESIDENTS = 700


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Home:
    """A GRIDFACTS_HOME and the command line in it."""

    path: Path
    extra: tuple[tuple[str, str], ...] = ()

    @classmethod
    def copy_of(cls, home: Path, to: Path, *extra: tuple[str, str]) -> Home:
        """A home that a test may change, while others read the one it comes from (SQLite's ``-shm`` comes and goes)."""
        return cls(Path(shutil.copytree(home, to, symlinks=True, ignore=shutil.ignore_patterns("*-shm"))), extra)

    @property
    def settings(self) -> dict[str, str]:
        """The variables of this home; every other GRIDFACTS_* variable is unset."""
        return {"GRIDFACTS_HOME": str(self.path), "GRIDFACTS_THREADS": "1", **dict(self.extra)}

    @property
    def environment(self) -> dict[str, str]:
        """For a process of its own (:meth:`command`)."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith("GRIDFACTS_")}
        return plain | {"PYTHONPATH": str(ROOT)} | self.settings

    def command(self, *words: str) -> list[str]:
        """The command line as a process, for what must be killed."""
        return [sys.executable, "-c", "from transforms.cli import main; main()", *words]

    def call(self, *words: str, check: bool = True, given: str | None = None) -> Done:
        """The command line in this process: its imports are paid once; ``given`` stands on its stdin."""
        unset = {name: None for name in os.environ if name.startswith("GRIDFACTS_")}
        result = CliRunner(env={**unset, **self.settings}).invoke(main, words, input=given)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        done = Done(result.exit_code, result.stdout, result.stderr)
        if check and done.returncode:
            raise AssertionError(f"gridfacts {' '.join(words)} exited {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def run(self, night: str, drops: Path, check: bool = True) -> Done:
        return self.call("run", "--night", night, "--drops", str(drops), check=check)

    def checksum(self) -> str:
        """The checksum of the current release; a dash before the first."""
        return self.call("checksum").stdout.split()[1]
