"""The release checksum: equal for equal content in any order, different for any counted value."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import small_release as small
from transforms import tables
from transforms.checksum import EMPTY, advance, canonical, tables_checksum

CITY = small.arrow(small.first_city())
COUNTED = [
    (name, column)
    for name, table in tables.of("release").items()
    if table.checksum
    for column in table.counted
    if column in table.facts.names
]


def other(name: str, column: str) -> dict[str, pa.Table]:
    """The city with one value changed."""
    table = CITY[name]
    values = table[column].to_pylist()
    kind = tables.load_all()[name].columns[column].type
    new = {"text": "other", "integer": 77, "number": 7.5, "day": small.dt.date(1999, 9, 9), "boolean": True}[kind]
    values[0] = new
    at = table.schema.get_field_index(column)
    return CITY | {
        name: table.set_column(at, table.schema.field(column), pa.array(values, table.schema.field(column).type))
    }


def test_the_definition_by_hand() -> None:
    table = tables.load_all()["rel_person_house"]
    row = 'rel_person_house\x1dt:per1\x1ft:h1\x1ft:actual\x1ft:rec1\x1fd:2026-09-30\x1fn:\x1ft:{"name": "rec1"}'
    assert canonical(table, CITY["rel_person_house"]).to_pylist() == [row]
    twice = pa.concat_tables([CITY["rel_person_house"]] * 2)
    digest = hashlib.sha256(row.encode()).digest()
    lanes = [int.from_bytes(digest[at : at + 8], "big") for at in range(0, 32, 8)]
    expected = "".join(f"{2 * lane % 2**64:016x}" for lane in lanes)
    assert tables_checksum({"rel_person_house": twice}) == expected


def test_the_next_release_follows_from_the_one_before() -> None:
    second = small.arrow(small.second_city())
    assert tables_checksum(second) != tables_checksum(CITY)
    assert advance(tables_checksum(CITY), CITY, second) == tables_checksum(second)
    assert advance(tables_checksum(CITY), CITY, {}) == EMPTY


@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(random: object) -> None:
    shuffled = {}
    for name, table in CITY.items():
        order = list(range(table.num_rows))
        random.shuffle(order)  # type: ignore[attr-defined]
        shuffled[name] = table.take(order)
    assert tables_checksum(shuffled) == tables_checksum(CITY)


def test_every_counted_value_matters() -> None:
    assert len(COUNTED) > 100
    whole = tables_checksum(CITY)
    assert [(n, c) for n, c in COUNTED if tables_checksum(other(n, c)) == whole] == []


@pytest.mark.parametrize(
    ("name", "column"),
    [("record", "batch"), ("record", "line"), ("identity", "minted_release"), ("vault_identifier", "key_id")],
)
def test_what_is_no_content_does_not_matter(name: str, column: str) -> None:
    assert column not in tables.load_all()[name].counted
    assert tables_checksum(other(name, column)) == tables_checksum(CITY)


def test_numbers_have_seven_digits_and_no_negative_zero() -> None:
    table = tables.load_all()["std_building"]
    rows = pa.Table.from_pylist([{"building_id": "b", "lon": -0.00000001, "lat": 22.12345678}], table.facts)
    text = canonical(table, rows).to_pylist()[0].split("\x1f")
    at = list(table.counted).index("lon")
    assert text[at : at + 2] == ["f:0.0000000", "f:22.1234568"]


def test_rows_that_are_no_longer_current_do_not_count() -> None:
    ended = CITY["fact_person"].append_column("known_to", pa.array([None, None, 2], pa.int64()))
    assert tables_checksum(CITY | {"fact_person": ended}) == tables_checksum(
        CITY | {"fact_person": CITY["fact_person"].slice(0, 2)}
    )


def test_an_identity_that_retired_is_history() -> None:
    [standing, *_] = [row for row in CITY["identity"].to_pylist() if row["state"] == "live"]
    gone = {"entity_id": "gone", "state": "retired", "retired_release": 2, "signpost": standing["entity_id"]}
    retired = pa.Table.from_pylist([standing | gone], CITY["identity"].schema)
    longer = pa.concat_tables([CITY["identity"], retired])
    assert tables_checksum(CITY | {"identity": longer}) == tables_checksum(CITY)
    assert advance(tables_checksum(CITY), {}, {"identity": retired}) == tables_checksum(CITY)
    back = pa.Table.from_pylist([standing | {"entity_id": "gone"}], CITY["identity"].schema)
    assert advance(tables_checksum(CITY), {"identity": retired}, {"identity": back}) != tables_checksum(CITY)
