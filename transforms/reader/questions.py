"""The named questions of sql/queries, asked of either database; each look is written down before it is answered."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from rapidfuzz import fuzz
from sqlalchemy.engine import Connection

from transforms import database, tables
from transforms.errors import GridfactsError
from transforms.reader import audit
from transforms.run import Settings

_PARAMETER = re.compile(r"(?<!:):([a-z]+)")
_RELEASES = {"newest": 0, "previous": 1}  # words for a release: how many before the last
_IDS = {"entity": "identity", "house": "house"}  # parameter that is a lasting id → of what
_NAMED = 10  # towns that a message names where the one that was meant is not among them
_WORD = re.compile("(街道办事处|办事处|街道|镇|乡)$")
_FOLDER = tables.SQL / "queries"


@dataclass(frozen=True)
class Question:
    """One file of sql/queries: what it asks, its SELECT, and the parameters it needs."""

    name: str
    asks: str
    text: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """The rows of an answer under the names of its columns."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]


def known() -> dict[str, Question]:
    """Every named question, in alphabetical order."""
    return {path.stem: _question(path) for path in sorted(_FOLDER.glob("*.sql"))}


def ask(settings: Settings, name: str, given: Mapping[str, str], who: str, purpose: str) -> Answer:
    """Ask one of them.

    Args:
        settings: whose release.
        name: the question.
        given: its parameters. A release is a number, ``newest`` or ``previous`` (the one before it); a town is a
            12-digit code or a name.
        who: who reads.
        purpose: what for.

    Raises:
        GridfactsError: ``NO_QUESTION``; ``PARAMETERS``: one is missing, too many, or no number or day where one is
            needed; ``NO_RELEASE``; ``NOT_FOUND``: no such release or town, several towns of the name, or an id that
            nothing ever had (that look is written down, too: so many ids can be tried, so many rows are there).
        DatabaseError: the database refused.
        AuditError: the look cannot be written down; there is no answer.
    """
    if name not in known():
        raise GridfactsError("NO_QUESTION", f"{name!r} is none of {', '.join(known())}")
    question = known()[name]
    if set(given) != set(question.parameters):
        needed = ", ".join(f"{one}=..." for one in question.parameters) or "no parameters"
        raise GridfactsError("PARAMETERS", f"{name} needs {needed}")
    dbs = database.open_databases(settings)
    if not database.current_release(dbs):
        raise GridfactsError("NO_RELEASE", "nothing was published yet")
    with database.reading(dbs.release) as connection:
        bound = {one: _value(connection, one, value) for one, value in given.items()}
        found = connection.execute(sa.text(question.text), bound)
        answer = Answer(tuple(found.keys()), [tuple(row) for row in found])
        nothing = None if answer.rows else _never(connection, given)
    audit.record_read(settings, who=who, action="query", kind=name, purpose=purpose, rows=len(answer.rows))
    if nothing:
        raise GridfactsError("NOT_FOUND", f"no {nothing} ever had this id")
    return answer


def _question(path: Path) -> Question:
    lines = path.read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("--"))
    names = tuple(dict.fromkeys(_PARAMETER.findall(text)))
    return Question(path.stem, lines[0].removeprefix("--").strip(), text, names)


def _value(connection: Connection, name: str, value: str) -> str | int:
    if name == "release" and value in _RELEASES:
        releases = connection.scalars(sa.text("SELECT release FROM release ORDER BY release DESC")).all()
        if len(releases) <= _RELEASES[value]:
            raise GridfactsError("NOT_FOUND", f"there is no {value} release yet")
        return int(releases[_RELEASES[value]])
    if name in ("release", "seq"):
        if not value.isdigit():
            raise GridfactsError("PARAMETERS", f"{name} is a number")
        return int(value)
    if name == "day":
        return _day(value)
    return _town(connection, value) if name == "town" and not value.isdigit() else value


def _never(connection: Connection, given: Mapping[str, str]) -> str | None:
    """What never had the id that is asked about, None where it is known: then there is nothing to tell of it."""
    minted = sa.text("SELECT kind FROM identity WHERE entity_id = :id")
    for parameter in _IDS.keys() & given.keys():
        kind, what = connection.scalar(minted, {"id": given[parameter]}), _IDS[parameter]
        if kind is None or what not in (kind, "identity"):
            return what
    return None


def _day(value: str) -> str:
    """PostgreSQL knows other words for a day, SQLite compares any text: neither may answer what was not asked."""
    try:
        return dt.date.fromisoformat(value).isoformat()
    except ValueError:
        raise GridfactsError("PARAMETERS", "day is written YYYY-MM-DD") from None


def _town(connection: Connection, name: str) -> str:
    text = sa.text("SELECT code, name FROM v1_division WHERE level = 'town' ORDER BY code")
    towns = connection.execute(text).all()
    codes = [str(row.code) for row in towns if row.name == name]
    if len(codes) == 1:
        return codes[0]
    if codes:
        raise GridfactsError("NOT_FOUND", f"several towns have this name: give the code of one ({', '.join(codes)})")
    near = _nearest(name, {str(row.code): str(row.name) for row in towns}, _city(connection))
    more = f" and {len(near) - _NAMED} more" if len(near) > _NAMED else ""
    raise GridfactsError("NOT_FOUND", f"no town of this name; there are {', '.join(near[:_NAMED])}{more}")


def _city(connection: Connection) -> str:
    """How codes of the city begin that the release is about: most of its organizations are there."""
    text = sa.text(
        "SELECT SUBSTR(division_code, 1, 4) AS city FROM v1_organization WHERE division_code IS NOT NULL "
        "GROUP BY SUBSTR(division_code, 1, 4) ORDER BY COUNT(*) DESC, SUBSTR(division_code, 1, 4) LIMIT 1"
    )
    return str(connection.scalar(text) or "")


def _nearest(name: str, towns: Mapping[str, str], city: str) -> list[str]:
    """Names of towns by code, those of the city first, and of these the one that is most like the name first."""
    likeness = {code: fuzz.WRatio(_bare(name), _bare(town)) for code, town in towns.items()}
    return [towns[code] for code in sorted(towns, key=lambda code: (code[:4] != city, -likeness[code], code))]


def _bare(town: str) -> str:
    """A town's name without the word for what it is, in which towns of any names are alike."""
    return _WORD.sub("", town) or town
