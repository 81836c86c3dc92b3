"""Runs the checks of sql/tables/<table>/checks.sql inside the publish transaction; each returns what breaks it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sqlalchemy.engine import Connection

from transforms import tables
from transforms.errors import GridfactsError

_CHECK = re.compile(r"^-- check: ([a-z][a-z0-9_]*) #(fail|warn)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """One named query; ``fail`` stops the release, ``warn`` is told and counted."""

    table: str
    name: str
    effect: Literal["fail", "warn"]
    query: str


class CheckError(GridfactsError):
    """A #fail check found rows: the release is rolled back."""

    def __init__(self, broken: dict[str, int]) -> None:
        """Name the checks and how many rows each found, never a row."""
        found = "; ".join(f"{name}: {rows} rows" for name, rows in broken.items())
        super().__init__("CHECK_FAILED", f"nothing was published: {found}")
        self.broken = broken


@lru_cache(maxsize=1)
def load_all() -> tuple[Check, ...]:
    """Every check of the release database, by table and in the files' order.

    Raises:
        ValueError: text in a checks.sql that belongs to no check, or a table without checks.
    """
    found = []
    for name in tables.of("release"):
        parts = _CHECK.split((tables.SQL / "tables" / name / "checks.sql").read_text("utf-8"))
        preamble = [line for line in parts[0].splitlines() if line.strip() and not line.startswith("--")]
        if preamble or len(parts) == 1:
            raise ValueError(f"sql/tables/{name}/checks.sql: every query needs a line '-- check: <name> #fail|#warn'")
        for check, effect, query in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            found.append(Check(name, check, "fail" if effect == "fail" else "warn", query.strip()))
    return tuple(found)


def offending(connection: Connection, check: Check) -> int:
    """How many rows break a check."""
    query = f"SELECT count(*) FROM ({check.query}) AS offending"  # noqa: S608 - our own file
    return int(connection.exec_driver_sql(query).scalar_one())


def require(connection: Connection) -> dict[str, int]:
    """Run every check.

    Returns:
        ``<table>.<check>`` → rows, of the #warn checks that found some.

    Raises:
        CheckError: a #fail check found rows.
    """
    broken: dict[str, dict[str, int]] = {"fail": {}, "warn": {}}
    for check in load_all():
        if rows := offending(connection, check):
            broken[check.effect][f"{check.table}.{check.name}"] = rows
    if broken["fail"]:
        raise CheckError(broken["fail"])
    return broken["warn"]
