"""The settings of a deployment and the night that is being run. Nothing here reads a department's data."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ByteSize, TypeAdapter, ValidationError

from transforms.errors import ConfigError

REPOSITORY = Path(__file__).resolve().parent.parent
_NIGHT = re.compile(r"\d{4}-\d{2}-\d{2}")
_SIZE = TypeAdapter(ByteSize)
KEYS_YAML = "GRIDFACTS_KEYS_YAML"  # the text of a key file, where a secret store hands out variables
_LEAST = 1_000_000  # bytes; a number without a unit, or of percents, is less


@dataclass(frozen=True)
class Settings:
    """Where things lie and how much of the machine may be used, read from the environment once."""

    home: Path
    database_url: str
    expectations: Path
    keys: Path | None
    engine: str
    threads: int
    memory: str
    keys_yaml: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read ``GRIDFACTS_*`` (README, "Settings").

        Raises:
            ConfigError: an engine that does not exist, threads that are no positive whole number, memory that is
                no size, or keys told twice.
        """
        env = os.environ if environ is None else environ
        home = Path(env.get("GRIDFACTS_HOME", "var")).resolve()
        threads = env.get("GRIDFACTS_THREADS", str(os.cpu_count() or 1))
        if not threads.isdigit() or int(threads) < 1:
            raise ConfigError(f"GRIDFACTS_THREADS must be a positive whole number, got {threads!r}")
        engine = env.get("GRIDFACTS_ENGINE", "duckdb")
        if engine != "duckdb":
            raise ConfigError(f"GRIDFACTS_ENGINE={engine!r} is not built yet; only 'duckdb' is")
        keys, keys_yaml = env.get("GRIDFACTS_KEYS"), env.get(KEYS_YAML)
        if keys and keys_yaml is not None:
            raise ConfigError(f"GRIDFACTS_KEYS (a file) and {KEYS_YAML} (its text) are both set: unset one of them")
        found = cls(
            home=home,
            database_url=env.get("GRIDFACTS_DATABASE_URL", f"sqlite:///{home / 'release.db'}"),
            expectations=Path(env.get("GRIDFACTS_EXPECTATIONS", REPOSITORY / "expectations")).resolve(),
            keys=Path(keys).resolve() if keys else None,
            engine=engine,
            threads=int(threads),
            memory=env.get("GRIDFACTS_MEMORY", "4GB"),
            keys_yaml=keys_yaml,
        )
        try:
            sized = found.memory_bytes >= _LEAST
        except ValidationError:
            sized = False
        if not sized:
            raise ConfigError(f"GRIDFACTS_MEMORY must be a size such as 4GB, got {found.memory!r}")
        return found

    @property
    def memory_bytes(self) -> int:
        """How much memory one step may hold, in bytes: a thousand to the kB, 1024 to the KiB."""
        return int(_SIZE.validate_python(self.memory))

    @property
    def key_file(self) -> Path:
        """Where keys lie that do not come in the environment itself."""
        return self.keys or self.home / "keys.yml"

    @property
    def lake(self) -> Path:
        """The root of raw bytes and room tables."""
        return self.home / "lake"

    @property
    def drops(self) -> Path:
        """The default drop box: one folder per source code."""
        return self.home / "drops"


def _quiet(_message: str) -> None:
    """Say nothing: the default of a run without a person watching."""


@dataclass(frozen=True)
class Run:
    """One night's work: its date (ISO text), where drops lie, and how progress is told."""

    settings: Settings
    night: str
    drops: Path
    say: Callable[[str], None] = field(default=_quiet, compare=False)

    @classmethod
    def of(
        cls,
        night: str,
        *,
        settings: Settings | None = None,
        drops: Path | None = None,
        say: Callable[[str], None] = _quiet,
    ) -> Run:
        """Make a run from the environment's settings.

        Raises:
            ConfigError: ``night`` is not YYYY-MM-DD, or ``drops`` is given and is no directory.
        """
        if not _NIGHT.fullmatch(night):
            raise ConfigError(f"a night is a date like 2026-10-01, got {night!r}")
        settings = settings or Settings.from_environment()
        if drops is not None and not drops.is_dir():
            raise ConfigError(f"--drops {drops} is not a directory")
        return cls(settings, night, (drops or settings.drops).resolve(), say)
