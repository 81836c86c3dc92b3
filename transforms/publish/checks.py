"""Runs the checks of sql/tables/<table>/checks.sql inside the publish transaction; each returns what breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
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
_BY_ONE, _BY_FACT = re.compile(r"\bone\.(\w+)"), re.compile(r"\bfact\.(\w+)")
_STANDS = re.compile(r"\b(?:one|fact)\.known_to IS NULL")  # of what begins tonight as of what ended by it
_OUTPUT = re.compile(r",\n  (?! )")  # between the columns that a view shows
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

    A row can break it that began tonight and differs, in what the check looks at, from the row of its key that ended
    tonight. A row that stays can break it only through another table: where the check asks whether something is there
    (``LEFT JOIN ... AS other``, none found), through a row of it that ended; where it asks what belongs to a row
    (``... AS member``), through one that left or came there; else through any change, and then all rows are asked.
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
        key = tables.load_all()[check.table].key
        queries.append(_among(check, _anew(check, delta), {name: name for name in key}))
    if found and found["other"] in delta.ended:
        queries.append(_among(check, ended_keys(found["other"]), {found["column"]: found["key"]}))
    return queries if check.table in checksum.counted() else [check.query]


def _among(check: Check, staged: str, on: dict[str, str]) -> str:
    """The check asked only of the rows that a staged table names."""
    same = " AND ".join(f'one."{column}" = among."{key}"' for column, key in on.items())
    named = f"FROM (SELECT DISTINCT {bulk.listed(list(on.values()))} FROM {staged}) AS among INNER JOIN"  # noqa: S608
    return _ONE.sub(rf"{named} \1 AS one ON {same}", check.query, count=1)


def _anew(check: Check, delta: Delta) -> str:
    """The keys of rows that began and are, in what the check looks at, not as those that ended: a city moves little."""
    key, looks = tables.load_all()[check.table].key, asks(check)
    if check.table not in delta.ended or looks is None:
        return begun_keys(check.table)
    names = bulk.listed([*key, *sorted(looks)])
    begun, ended = (f"SELECT {names} FROM {keys(check.table)}" for keys in (begun_keys, ended_keys))  # noqa: S608
    return f"({begun} EXCEPT {ended}) AS anew"


def _of_members(check: Check, member: re.Match[str], delta: Delta) -> list[str]:
    """The check asked once of each row that began, or to which rows belong or belonged that ended or began."""
    other, column, key = member["other"], member["column"], member["key"]
    parts = [f'SELECT "{key}" FROM {_anew(check, delta)}'] if check.table in delta.begun else []  # noqa: S608
    named = bulk.listed([*tables.load_all()[other].key, column])
    sides = [(ended_keys(other), other in delta.ended), (begun_keys(other), other in delta.begun)]
    for (mine, there), (theirs, too) in (sides, sides[::-1]):  # who is on both sides neither left nor came
        less = f" EXCEPT SELECT {named} FROM {theirs}" if too else ""  # noqa: S608 - names of our own
        if there:
            some = f"(SELECT {named} FROM {mine}{less}) AS went"  # noqa: S608 - names of our own
            parts.append(f'SELECT "{column}" FROM {some} WHERE "{column}" IS NOT NULL')  # noqa: S608
    # By IN, not by a join: for a union of unknown size SQLite reads both tables through and makes indexes of its own.
    asked = rf'FROM (SELECT * FROM \1 WHERE "{key}" IN ({" UNION ".join(parts)})) AS one'  # noqa: S608
    return [_ONE.sub(asked, check.query, count=1)] if parts else []


@lru_cache(maxsize=256)
def asks(check: Check) -> frozenset[str] | None:
    """The columns of a check's table, its key apart, by which alone a row breaks it or not; None: that is not known.

    What it asks of a view is followed to the columns behind: the view's ``fact``, as it joins by them and shows them.
    """
    table, named = tables.load_all()[check.table], _ONE.search(check.query)
    again = check.query.count(f"FROM {check.table} AS") > 1
    if again or ("HAVING" in check.query and not MEMBER.search(check.query)):  # rows are asked together
        return None
    asked = _BY_ONE.findall(_STANDS.sub("", check.query.partition("\nFROM ")[2]))
    view = tables.SQL / "views" / f"{named[1] if named else ''}.sql"
    if view.exists():
        shown, _, joins = _STANDS.sub("", view.read_text("utf-8")).partition("\nFROM ")
        outputs = {part.split()[-1].rpartition(".")[2]: part for part in _OUTPUT.split(shown)}
        asked = [name for text in (*map(outputs.__getitem__, asked), joins) for name in _BY_FACT.findall(text)]
    found = frozenset(asked) - set(table.key)
    return None if found & set(tables.KNOWN) else found


@lru_cache(maxsize=1)
def staged_columns() -> Mapping[str, Sequence[str]]:
    """Table → what of tonight's rows lies where checks find it: the key, and the columns that decide who is asked."""
    found: dict[str, set[str]] = {name: set() for name in checksum.counted()}
    for check in load_all():
        if check.table in found:
            found[check.table] |= asks(check) or frozenset()
        if member := MEMBER.search(check.query):
            found[member["other"]].add(member["column"])
    keys = {name: tables.load_all()[name].key for name in found}
    return {name: (*keys[name], *sorted(columns - set(keys[name]))) for name, columns in found.items()}


@lru_cache(maxsize=256)
def tables_of(query: str) -> frozenset[str]:
    """The tables a query reads, those behind its views included."""
    found: set[str] = set()
    for name in READ.findall(query):
        view = tables.SQL / "views" / f"{name}.sql"
        found |= tables_of(view.read_text("utf-8")) if view.exists() else {name}
    return frozenset(found & set(tables.of("release")))
