"""Values go into both databases and come back as they were; settings that cannot work are refused."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.unit.publish.conftest import Home
from transforms import bulk, database, tables
from transforms.errors import ConfigError, GridfactsError
from transforms.publish.schema import ensure_schema
from transforms.run import Settings

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "address_id": TEXT,
            "level": TEXT,
            "name": st.sampled_from(["", '"', ",", "\r\n", "\\N", "\\.", "null", "'"]),
            "full_text": TEXT,
            "status": st.none() | TEXT,
            "lon": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "valid_from": st.dates(min_value=dt.date(1, 1, 1)),
            "provenance": TEXT,
        }
    ),
    max_size=6,
    unique_by=lambda row: str(row["address_id"]),
)


@hypothesis_settings(max_examples=40)
@given(rows=ROWS)
def test_what_goes_in_comes_out(settings: Settings, rows: list[dict[str, object]]) -> None:
    dbs = database.open_databases(settings)
    ensure_schema(dbs)
    table = tables.load_all()["std_address"]
    given_rows = pa.Table.from_pylist([row | {"known_from": 1} for row in rows], table.schema)
    with dbs.release.connect() as connection, connection.begin() as transaction:
        bulk.insert(connection, "std_address", given_rows)
        found = bulk.select(connection, "std_address")
        one = bulk.select(connection, "std_address", ["name"], {"address_id": "a", "status": None})
        transaction.rollback()
    assert found.to_pylist() == given_rows.sort_by("address_id").to_pylist()
    assert one.num_rows == sum(row["address_id"] == "a" and row["status"] is None for row in rows)


def test_a_number_that_is_none_is_refused(settings: Settings) -> None:
    dbs = database.open_databases(settings)
    ensure_schema(dbs)
    rows = pa.table({"source": ["s"], "old_code": ["o"], "grid_id": ["g"], "weight": [float("nan")]})
    with (
        pytest.raises(GridfactsError, match="table grid_crosswalk, column weight"),
        database.writing(dbs.release) as one,
    ):
        bulk.insert(one, "grid_crosswalk", rows)


@pytest.mark.parametrize("url", ["mysql://host/db", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_a_database_that_cannot_serve_is_refused(home: Home, url: str) -> None:
    with pytest.raises(ConfigError, match="GRIDFACTS_DATABASE_URL"):
        database.open_databases(home(url))
