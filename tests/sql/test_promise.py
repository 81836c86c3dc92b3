"""v1 keeps what it promised: a column that is gone, renamed or of another type is found on either database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.sql.test_structure import _TYPES
from transforms import database, tables
from transforms.database import Databases
from transforms.errors import ConfigError
from transforms.reader import dictionary, promise

FACTS = ("v1_facility", "v1_house", "v1_household", "v1_organization", "v1_person", "v1_premises")
GOING = """
v1_house:
  area: {type: number, since: 2026-10-01, deprecated: {told: 2027-01-01, until: 2028-01-01, instead: floor_area}}
  rooms: {type: integer, since: 2026-10-01,
          deprecated: {told: 2026-11-01, until: 2027-11-01, instead: house_id, gone: 2027-11-02}}
"""


def broken(dbs: Databases) -> list[str]:
    """Every difference between the views as they are and what was promised. SQLite knows no type of an expression."""
    looked, found = sa.inspect(dbs.release), []
    views = {name: {c["name"]: _TYPES.get(str(c["type"])) for c in looked.get_columns(name)}
             for name in looked.get_view_names()}  # fmt: skip
    for view, columns in promise.load().items():
        there = views.pop(view, {})
        for column, one in columns.items():
            if one.stands and column not in there:
                found.append(f"{view}.{column} is gone")
            elif one.stands and there.pop(column) not in (one.type, None if dbs.dialect == "sqlite" else one.type):
                found.append(f"{view}.{column} is of another type")
        found += [f"{view}.{column} is not promised" for column in there]
    return found + [f"{view} is not promised" for view in views]


def test_every_view_is_as_promised(filled: Databases) -> None:
    assert len(promise.load()) > 11
    assert broken(filled) == []


def test_a_column_that_goes_or_changes_its_type_is_found(filled: Databases) -> None:
    text = (tables.SQL / "views" / "v1_source.sql").read_text("utf-8")
    changed = text.replace("  state.as_of,\n", "").replace(
        "newest.night,", "CAST(state.rows AS BIGINT) AS night, 1 AS one,"
    )
    with database.writing(filled.release) as connection:
        connection.exec_driver_sql("DROP VIEW v1_source")
        connection.exec_driver_sql(changed)
    told = {"v1_source.as_of is gone", "v1_source.one is not promised"}
    retyped = {"v1_source.night is of another type"} if filled.dialect == "postgresql" else set()
    assert set(broken(filled)) == told | retyped
    with database.writing(filled.release) as connection:
        connection.exec_driver_sql("DROP VIEW v1_source")
    assert sum("v1_source" in line for line in broken(filled)) == len(promise.load()["v1_source"])


def test_every_fact_says_how_certain_it_is_and_every_source_how_fresh(filled: Databases) -> None:
    assert [view for view in FACTS if not promise.load()[view]["certainty"].stands] == []
    with database.reading(filled.release) as connection:
        found = connection.exec_driver_sql("SELECT release, night, source, as_of, state, rows FROM v1_source").all()
        certain = {view: set(connection.scalars(sa.text(f"SELECT certainty FROM {view}"))) for view in FACTS}
    assert [tuple(row) for row in found] == [(2, "2026-10-02", "src", "2026-10-02", "fresh", 3)]
    assert all(certain.values())
    assert set().union(*certain.values()) == {"number", "scored", "single"}


def test_the_dictionary_shows_what_will_go_until_it_went() -> None:
    page = "\n".join(dictionary.views(promise.read(GOING)))
    assert "deprecated 2027-01-01, stays until 2028-01-01: floor_area" in page
    assert "rooms" not in page
    whole = "\n".join(dictionary.views(promise.load()))
    columns = {f"<code>{name}</code>" for view in promise.load().values() for name in view}
    assert len(columns) > 50
    assert [one for one in columns if one not in whole] == []


@pytest.mark.parametrize(
    ("was", "now"),
    [("until: 2028-01-01", "until: 2027-06-01"), ("gone: 2027-11-02", "gone: 2027-11-01"),
     ("type: number", "type: float"), ("since: 2026-10-01, deprecated: {told: 2027", "deprecated: {told: 2027"),
     ("instead: floor_area", "why: nobody")],
)  # fmt: skip
def test_a_column_goes_with_a_years_notice_or_not_at_all(was: str, now: str) -> None:
    assert was in GOING
    with pytest.raises(ConfigError, match=r"v1_house\.(area|rooms)"):
        promise.read(GOING.replace(was, now, 1))
