"""Runs the checks of sql/tables/<table>/checks.sql inside the publish transaction; each returns what breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sqlalchemy.engine import Connection

from transforms import tables
from transforms.errors import GridfactsError

ONE = re.compile(r"FROM (\w+) AS one\b")
EXISTS = re.compile(r"LEFT JOIN (?P<other>\w+) AS other ON other\.(?P<key>\w+) = one\.(?P<column>\w+)")
MEMBER = re.compile(r"LEFT JOIN (?P<other>\w+) AS member ON member\.(?P<column>\w+) = one\.(?P<key>\w+)")
_BY_ONE, _BY_FACT = re.compile(r"\bone\.(\w+)"), re.compile(r"\bfact\.(\w+)")
_STANDS = re.compile(r"\b(?:one|fact)\.known_to IS NULL")  # of what begins tonight as of what ended by it
_OUTPUT = re.compile(r",\n  (?! )")  # between the columns that a view shows
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


def require(count: Callable[[str], int], queries: Callable[[Check], Sequence[str]]) -> dict[str, int]:
    """Run every check.

    Args:
        count: how many rows a query finds in what was written.
        queries: what is asked for a check: the check itself, or as much of it as what was written could have broken.

    Returns:
        ``<table>.<check>`` → rows, of the #warn checks that found some.

    Raises:
        CheckError: a #fail check found rows.
    """
    found = {check: sum(map(count, queries(check))) for check in load_all()}
    broken = {
        effect: {
            f"{check.table}.{check.name}": rows for check, rows in found.items() if rows and check.effect == effect
        }
        for effect in ("fail", "warn")
    }
    if broken["fail"]:
        raise CheckError(broken["fail"])
    return broken["warn"]


@lru_cache(maxsize=256)
def asks(check: Check) -> frozenset[str] | None:
    """The columns of a check's table, its key apart, by which alone a row breaks it or not; None: that is not known.

    What it asks of a view is followed to the columns behind: the view's ``fact``, as it joins by them and shows them.
    """
    table = tables.load_all()[check.table]
    again = check.query.count(f"FROM {check.table} AS") > 1
    if again or ("HAVING" in check.query and not MEMBER.search(check.query)):  # rows are asked together
        return None
    asked = _BY_ONE.findall(_STANDS.sub("", check.query.partition("\nFROM ")[2]))
    if told := viewed(check):
        shown, _, joins = _STANDS.sub("", told).partition("\nFROM ")
        outputs = {part.split()[-1].rpartition(".")[2]: part for part in _OUTPUT.split(shown)}
        asked = [name for text in (*map(outputs.__getitem__, asked), joins) for name in _BY_FACT.findall(text)]
    found = frozenset(asked) - set(table.key)
    return None if found & set(tables.KNOWN) else found


def viewed(check: Check) -> str:
    """How the view is made that a check asks; nothing where it asks a table."""
    named = ONE.search(check.query)
    view = tables.SQL / "views" / f"{named[1] if named else ''}.sql"
    return view.read_text("utf-8") if view.exists() else ""


@lru_cache(maxsize=256)
def tables_of(query: str) -> frozenset[str]:
    """The tables a query reads, those behind its views included."""
    found: set[str] = set()
    for name in READ.findall(query):
        view = tables.SQL / "views" / f"{name}.sql"
        found |= tables_of(view.read_text("utf-8")) if view.exists() else {name}
    return frozenset(found & set(tables.of("release")))
