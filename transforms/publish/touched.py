"""What a delta could have broken: of which rows a check is asked, given that the release before held it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.engine import Connection

from transforms import bulk, checksum, tables
from transforms.publish.checks import EXISTS, MEMBER, ONE, Check, asks, load_all, tables_of, viewed
from transforms.publish.delta import Delta, begun_keys, ended_keys

_APPENDED = ("change", "source_state")  # rows come with their release and stay as they are
_PLACE, _GRID = "place_grid", "std_grid"
# How a view finds where a fact lies: kind of node, and the fact's column that names one.
_PLACED = re.compile(r"LEFT JOIN v1_place AS (\w+)\s+ON \1\.node_kind = '(\w+)' AND \1\.node_id = fact\.(\w+)")
_LEFT = "left_places"
_STAYS = {_GRID: ("cut",)}  # beside the key, what makes a row that begins the one that ended: who asks for it finds it


@dataclass(frozen=True)
class Touched:
    """What was written, as far as it decides which rows are asked.

    Attributes:
        delta: what was written.
        lost: the tables of which a key ended and did not begin again.
        recut: the newest cut is another than before: whatever reads grids is asked of all rows, but where facts lie.
        apart: the newest cut of places is not that of the grids: that is asked of all facts too.
        left: places of the cut before lie in no newest one; they are staged.
    """

    delta: Delta
    lost: frozenset[str]
    recut: bool
    apart: bool = False
    left: bool = False

    def queries(self, check: Check) -> list[str]:
        """The queries that find what a delta broke.

        Of an appended table the rows of this release are asked, or all where it asks of them together (without
        ``WHERE``).

        A row can break a check that began tonight and differs, in what the check looks at, from the row of its key
        that ended tonight. A row that stays can break it only through another table: where the check asks whether
        something is there (``LEFT JOIN ... AS other``, none found), through one that is lost; where it asks what
        belongs to a row (``... AS member``), through one that left or came there; where it asks for a fact's grid (a
        view with ``v1_place``), through a place that is lost (of a new cut: that it has not), since of one that stays
        checks of its own hold that it lies in a grid of the newest cut or says why not; else through any change, and
        then all rows are asked.
        """
        if check.table in _APPENDED and "WHERE" in check.query:
            tonights = rf"FROM (SELECT * FROM \1 WHERE release = {int(self.delta.number)}) AS one"  # noqa: S608
            return [ONE.sub(tonights, check.query, count=1)]
        found, member = EXISTS.search(check.query), MEMBER.search(check.query)
        if member and self._only(check, member["other"]):
            return self._of_some(check, _members(member, self.delta))
        placed = _PLACED.findall(viewed(check))
        if placed and not found and not self.apart and self._only(check, _PLACE, _GRID):
            return self._of_some(check, self._lying(check.table, placed))
        if self.recut and _GRID in tables_of(check.query):
            return [check.query]
        if not found and not self._only(check):
            return [check.query]
        queries = []
        if check.table in self.delta.begun:
            key = tables.load_all()[check.table].key
            queries.append(_among(check, _anew(check, self.delta), {name: name for name in key}))
        if found and found["other"] in self.lost:
            queries.append(_among(check, _lost(found["other"], self.delta), {found["column"]: found["key"]}))
        return queries if check.table in checksum.counted() else [check.query]

    def _lying(self, table: str, placed: Sequence[tuple[str, str, str]]) -> list[str]:
        """Selects the keys of facts that lay at a place that is lost; nothing where none is."""
        if not (self.left if self.recut else _PLACE in self.lost):
            return []
        places = f"SELECT node_kind, node_id FROM {_LEFT}" if self.recut else _lost(_PLACE, self.delta)  # noqa: S608
        lost = f"SELECT node_id FROM ({places}) AS went WHERE node_kind ="  # noqa: S608 - names of our own
        lay = " OR ".join(f"\"{column}\" IN ({lost} '{kind}')" for _, kind, column in placed)
        [key] = tables.load_all()[table].key
        return [f'SELECT "{key}" FROM {table} WHERE known_to IS NULL AND ({lay})']  # noqa: S608 - a view's words

    def _only(self, check: Check, *others: str) -> bool:
        """Whether of the other tables that the check reads none was written but these."""
        return not (tables_of(check.query) - {check.table, *others}) & (self.delta.ended | self.delta.begun)

    def _of_some(self, check: Check, parts: list[str]) -> list[str]:
        """The check asked once of each row that began, or that one of the parts names by its key."""
        [key] = tables.load_all()[check.table].key
        if check.table in self.delta.begun:
            parts = [f'SELECT "{key}" FROM ({_anew(check, self.delta)}) AS anew', *parts]  # noqa: S608 - the catalogue's names
        # By IN, not by a join: for a union of unknown size SQLite reads both tables through and indexes them itself.
        asked = rf'FROM (SELECT * FROM \1 WHERE "{key}" IN ({" UNION ".join(parts)})) AS one'  # noqa: S608
        return [ONE.sub(asked, check.query, count=1)] if parts else []


def look(connection: Connection, delta: Delta) -> Touched:
    """What was written, whose rows lie staged."""
    written = delta.begun | delta.ended
    lost = {name for name in delta.ended if name not in delta.begun or _any(connection, _lost(name, delta))}
    recut = any(_any(connection, text) for name in (_PLACE, _GRID) if name in written for text in _recut(name, delta))
    if not recut:
        return Touched(delta, frozenset(lost), recut)
    apart = not _any(connection, f"SELECT 1 WHERE {_newest(_PLACE)} = {_newest(_GRID)}")
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {_LEFT}")
    end = "ON COMMIT DROP" if bulk.is_postgres(connection) else ""
    connection.exec_driver_sql(f"CREATE TEMP TABLE {_LEFT} {end} AS {_left(delta)}")
    return Touched(delta, frozenset(lost), recut, apart, _any(connection, f"SELECT 1 FROM {_LEFT}"))  # noqa: S608


@lru_cache(maxsize=1)
def staged_columns() -> Mapping[str, Sequence[str]]:
    """Table → what of tonight's rows lies where checks find it: the key, and the columns that decide who is asked."""
    found: dict[str, set[str]] = {name: set(_STAYS.get(name, ())) for name in checksum.counted()}
    for check in load_all():
        if check.table in found:
            found[check.table] |= asks(check) or frozenset()
        if member := MEMBER.search(check.query):
            found[member["other"]].add(member["column"])
    keys = {name: tables.load_all()[name].key for name in found}
    return {name: (*keys[name], *sorted(columns - set(keys[name]))) for name, columns in found.items()}


def _any(connection: Connection, text: str) -> bool:
    return connection.exec_driver_sql(f"{text} LIMIT 1").first() is not None


def _among(check: Check, staged: str, on: dict[str, str]) -> str:
    """The check asked only of the rows that a staged table names."""
    same = " AND ".join(f'one."{column}" = among."{key}"' for column, key in on.items())
    named = f"FROM (SELECT DISTINCT {bulk.listed(list(on.values()))} FROM ({staged}) AS staged) AS among"  # noqa: S608
    return ONE.sub(rf"{named} INNER JOIN \1 AS one ON {same}", check.query, count=1)


def _anew(check: Check, delta: Delta) -> str:
    """Selects the keys of rows that began and are, in what the check looks at, not as those that ended.

    A city moves little: of most rows that begin another column is what changed.
    """
    key, looks = tables.load_all()[check.table].key, asks(check)
    if check.table not in delta.ended or looks is None:
        return f"SELECT {bulk.listed(key)} FROM {begun_keys(check.table)}"  # noqa: S608 - the catalogue's names
    return _first_only(begun_keys(check.table), ended_keys(check.table), [*key, *sorted(looks)])


def _lost(table: str, delta: Delta) -> str:
    """Selects the keys that ended and did not begin again."""
    key = (*tables.load_all()[table].key, *_STAYS.get(table, ()))
    return _first_only(ended_keys(table), begun_keys(table) if table in delta.begun else "", key)


def _differing(table: str, columns: Sequence[str], delta: Delta) -> list[str]:
    """Selects keys and columns of what ended or began, without what did both and is in them as it was."""
    names = [*tables.load_all()[table].key, *columns]
    sides = [(ended_keys(table), table in delta.ended), (begun_keys(table), table in delta.begun)]
    return [
        _first_only(mine, theirs if too else "", names)
        for (mine, there), (theirs, too) in (sides, sides[::-1])
        if there
    ]


def _first_only(one: str, other: str, names: Sequence[str]) -> str:
    less = f" EXCEPT SELECT {bulk.listed(names)} FROM {other}" if other else ""  # noqa: S608 - the catalogue's names
    return f"SELECT {bulk.listed(names)} FROM {one}{less}"  # noqa: S608 - the catalogue's names


def _members(member: re.Match[str], delta: Delta) -> list[str]:
    """Selects the keys of rows to which rows belong or belonged that ended or began."""
    column = member["column"]
    return [
        f'SELECT "{column}" FROM ({some}) AS went WHERE "{column}" IS NOT NULL'  # noqa: S608 - names of our own
        for some in _differing(member["other"], [column], delta)
    ]


def _recut(table: str, delta: Delta) -> list[str]:
    """Queries of which one finds a row if the newest cut of what stands in the table is another than it was."""
    newest = _newest(table)
    stayed = f"one.known_to IS NULL AND one.known_from < {int(delta.number)} AND one.cut = {newest}"
    queries = [f"SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {table} AS one WHERE {stayed})"]  # noqa: S608 - as above
    if table in delta.ended:
        queries.append(f"SELECT 1 FROM {ended_keys(table)} AS one WHERE one.cut > {newest}")  # noqa: S608 - as above
    return queries


def _newest(table: str) -> str:
    return f"(SELECT MAX(last.cut) FROM {table} AS last WHERE last.known_to IS NULL)"  # noqa: S608 - a name of ours


def _left(delta: Delta) -> str:
    """Selects the places of the newest cut before that are not in the newest now."""
    number, names = int(delta.number), "one.node_kind, one.node_id"
    stood = f"(one.known_to = {number} OR one.known_to IS NULL AND one.known_from < {number})"
    before = f"(SELECT MAX(one.cut) FROM {_PLACE} AS one WHERE {stood})"  # noqa: S608 - names of our own
    return (
        f"SELECT {names} FROM {_PLACE} AS one WHERE {stood} AND one.cut = {before} "  # noqa: S608 - as above
        f"EXCEPT SELECT {names} FROM {_PLACE} AS one WHERE one.known_to IS NULL AND one.cut = {_newest(_PLACE)}"
    )
