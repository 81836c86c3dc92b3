"""Runs the checks of sql/tables/<table>/checks.sql inside the publish transaction; each returns what breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sqlalchemy.engine import Connection

from transforms import bulk, checksum, tables
from transforms.errors import GridfactsError
from transforms.publish.delta import Delta, begun_keys, ended_keys

_ONE = re.compile(r"FROM (\w+) AS one\b")
EXISTS = re.compile(r"LEFT JOIN (?P<other>\w+) AS other ON other\.(?P<key>\w+) = one\.(?P<column>\w+)")
MEMBER = re.compile(r"LEFT JOIN (?P<other>\w+) AS member ON member\.(?P<column>\w+) = one\.(?P<key>\w+)")
_APPENDED = ("change", "source_state")  # rows come with their release and stay as they are
READ = re.compile(r"(?:FROM|JOIN) (\w+)")
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


def offending(connection: Connection, query: str) -> int:
    """How many rows break a check."""
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM ({query}) AS offending").scalar_one())  # noqa: S608


def require(count: Callable[[str], int], delta: Delta) -> dict[str, int]:
    """Run every check, over all rows or, where that is as good, over what the delta changed.

    Args:
        count: how many rows a query finds in what was written.
        delta: what was written.

    Returns:
        ``<table>.<check>`` → rows, of the #warn checks that found some.

    Raises:
        CheckError: a #fail check found rows.
    """
    found = {check: sum(map(count, [check.query] if delta.whole else changed(check, delta))) for check in load_all()}
    broken = {
        effect: {
            f"{check.table}.{check.name}": rows for check, rows in found.items() if rows and check.effect == effect
        }
        for effect in ("fail", "warn")
    }
    if broken["fail"]:
        raise CheckError(broken["fail"])
    return broken["warn"]


def changed(check: Check, delta: Delta) -> list[str]:
    """The queries that find what a delta broke, given that the release before held the check.

    Of an appended table the rows of this release are asked, or all where it asks of them together (without ``WHERE``).

    A row can break it that began tonight. A row that stays can break it only through another table: where the check
    asks whether something is there (``LEFT JOIN ... AS other``, none found), through a row of it that ended; where it
    asks what belongs to a row (``... AS member``), through one that ended or began there; else through any change, and
    then all rows are asked.
    """
    if check.table in _APPENDED and "WHERE" in check.query:
        tonights = rf"FROM (SELECT * FROM \1 WHERE release = {int(delta.number)}) AS one"  # noqa: S608 - our own number
        return [_ONE.sub(tonights, check.query, count=1)]
    found, member = EXISTS.search(check.query), MEMBER.search(check.query)
    others = tables_of(check.query) - {check.table}
    if not found and (others - {member["other"] if member else ""}) & (delta.ended | delta.begun):
        return [check.query]
    if member:
        return _of_members(check, member, delta)
    queries = []
    if check.table in delta.begun:
        queries.append(_among(check, begun_keys(check.table), {key: key for key in tables.load_all()[check.table].key}))
    if found and found["other"] in delta.ended:
        queries.append(_among(check, ended_keys(found["other"]), {found["column"]: found["key"]}))
    return queries if check.table in checksum.counted() else [check.query]


def _among(check: Check, staged: str, on: dict[str, str]) -> str:
    """The check asked only of the rows that a staged table names."""
    same = " AND ".join(f'one."{column}" = among."{key}"' for column, key in on.items())
    named = f"FROM (SELECT DISTINCT {bulk.listed(list(on.values()))} FROM {staged}) AS among INNER JOIN"  # noqa: S608
    return _ONE.sub(rf"{named} \1 AS one ON {same}", check.query, count=1)


def _of_members(check: Check, member: re.Match[str], delta: Delta) -> list[str]:
    """The check asked once of each row that began, or to which rows belong or belonged that ended or began."""
    other, column, key = member["other"], member["column"], member["key"]
    same = " AND ".join(f'theirs."{name}" = among."{name}"' for name in tables.load_all()[other].key)
    parts = [f'SELECT "{key}" FROM {begun_keys(check.table)}'] if check.table in delta.begun else []  # noqa: S608
    for some, staged in ((delta.ended, ended_keys(other)), (delta.begun, begun_keys(other))):
        if other in some:
            theirs = f'INNER JOIN "{other}" AS theirs ON {same} WHERE theirs."{column}" IS NOT NULL'
            parts.append(f'SELECT DISTINCT theirs."{column}" AS "{key}" FROM {staged} AS among {theirs}')  # noqa: S608
    # By IN, not by a join: for a union of unknown size SQLite reads both tables through and makes indexes of its own.
    asked = rf'FROM (SELECT * FROM \1 WHERE "{key}" IN ({" UNION ".join(parts)})) AS one'  # noqa: S608
    return [_ONE.sub(asked, check.query, count=1)] if parts else []


@lru_cache(maxsize=256)
def tables_of(query: str) -> frozenset[str]:
    """The tables a query reads, those behind its views included."""
    found: set[str] = set()
    for name in READ.findall(query):
        view = tables.SQL / "views" / f"{name}.sql"
        found |= tables_of(view.read_text("utf-8")) if view.exists() else {name}
    return frozenset(found & set(tables.of("release")))
