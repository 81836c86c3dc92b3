"""Premises: one place with many licences, one organization with many places; the place alone proves nothing."""

import pyarrow as pa
import pytest

from tests.located import best_of
from transforms import kinds, model, store
from transforms.engine import Engine
from transforms.link.room import key_edges
from transforms.live import Live
from transforms.run import REPOSITORY, Settings

HERE, THERE = "445302001011|road:人民路|door:12|room:101", "445302001011|road:解放路|door:3"

COUNTY = "445302000000"


def pairs(tmp_path, *rows, located=None):
    """Pairs of record numbers that premises.yml joins.

    A row is (trade name, path, credit code, licence) and, where it has them, its whole name and its source.
    """
    names = ("name_trade", "address_path", "credit_code", "licence", "name_key", "source")
    own = [(*row, *(None, f"s{at}")[len(row) - 4 :]) for at, row in enumerate(rows)]
    columns = {name: pa.array([row[i] for row in own], pa.string()) for i, name in enumerate(names)}
    villages = [row[1][:12] if row[1] and not row[1].startswith(COUNTY) else None for row in rows]
    columns["address_village"] = pa.array(villages, pa.string())
    ids = {"record_id": [f"r{i}" for i in range(len(rows))]}
    store.write_table(tmp_path / "premises.parquet", pa.table(ids | columns))
    live = Live(tmp_path / "premises.parquet")
    settings = Settings(tmp_path, "sqlite://", REPOSITORY / "expectations", None, "duckdb", 1, "1GB")
    with Engine(settings) as engine:
        kind = kinds.load_all(settings.expectations)["premises"]
        found = key_edges(engine, kind, live, None if located is None else best_of(located, live.ids))
    return list(zip(found.u.tolist(), found.v.tolist(), strict=True))


@pytest.mark.parametrize(
    ("other", "joined"),
    [
        (("鸿盛", HERE, "C2", "L2"), True),  # a second licence at the same counter
        (("金源", HERE, "C2", "L2"), False),  # the shop that was here before, in an old register
        (("金源", HERE, "C1", "L2"), True),  # the same operator under a new name
        (("鸿盛", THERE, "C1", "L2"), False),  # its other branch
        (("鸿盛", THERE, "C2", "L1"), True),  # the licence with an old address
        (("金源", THERE, "C2", "L1"), False),  # a mistyped licence
        (("鸿盛", None, "C1", None), False),
    ],
)
def test_what_makes_two_rows_one_premises(tmp_path, other, joined):
    assert pairs(tmp_path, ("鸿盛", HERE, "C1", "L1"), other) == ([(0, 1)] if joined else [])


SHOP = "云浮市云城区鸿盛餐饮店"


@pytest.mark.parametrize(
    ("others", "joined"),
    [
        ([("鸿盛", THERE, "C2", None, SHOP)], [(0, 1)]),  # the register still has the old address
        ([("鸿盛", THERE, "C2", None, SHOP), ("鸿盛", None, "C2", None, SHOP, "s1")], []),  # its two shops of a list
        ([("鸿盛", THERE, "C2", None, "云浮市云城区鸿盛服装店")], []),
    ],
)
def test_a_whole_name_joins_where_no_register_lists_it_twice(tmp_path, others, joined):
    assert pairs(tmp_path, ("鸿盛", HERE, "C1", "L1", SHOP), *others) == joined


def test_a_licence_for_several_places_joins_none_of_them(tmp_path):
    one, two = ("鸿盛", HERE, "C1", "L1", None, "s"), ("鸿盛", THERE, "C1", "L1", None, "s")
    assert pairs(tmp_path, one, two) == []
    assert pairs(tmp_path, one, (*two[:-1], "t")) == [(0, 1)]


def test_the_located_node_joins_what_was_written_differently(tmp_path):
    rows = [("鸿盛", HERE, None, None), ("鸿盛", f"{HERE}|floor:1", None, None)]
    assert pairs(tmp_path, *rows) == []
    found = [{"record_id": f"r{i}", "property": "address", "rank": 1, "address_id": "a1", "level": "room",
              "match_class": "exact"} for i in range(2)]  # fmt: skip
    assert pairs(tmp_path, *rows, located=pa.Table.from_pylist(found, model.LOCATED)) == [(0, 1)]


@pytest.mark.parametrize(("scope", "joined"), [("445302001011", True), (COUNTY, False)])
def test_equal_words_are_one_place_only_in_a_village(tmp_path, scope, joined):
    """A county's 人民路12号 may stand in several of its towns."""
    path = f"{scope}|road:人民路|door:12"
    assert pairs(tmp_path, ("鸿盛", path, "C1", None), ("鸿盛", path, "C2", None)) == ([(0, 1)] if joined else [])


HAMLET = {"address_county": COUNTY, "address_group": "竹园", "address_door": "67"}
FLAT = {"address_county": COUNTY, "address_estate": "丽景", "address_building": "2", "address_room": "601"}


@pytest.mark.parametrize("place", [HAMLET, FLAT])
@pytest.mark.parametrize(
    ("name", "code", "elsewhere", "joined"),
    [
        ("鸿盛", "C2", {}, True),  # the second licence
        ("金源", "C1", {}, True),  # the same operator
        ("金源", "C2", {}, False),  # a neighbour, or a hamlet of the same name in another village
        ("鸿盛", "C1", {"address_door": "68", "address_room": "602"}, False),
        ("鸿盛", "C2", {"address_county": "445303000000"}, False),
    ],
)
def test_an_address_without_its_village_is_the_operators_own_door(tmp_path, place, name, code, elsewhere, joined):
    other = place | {k: v for k, v in elsewhere.items() if k in place}
    columns = {"record_id": ["r0", "r1"], "name_trade": ["鸿盛", name], "credit_code": ["C1", code]}
    columns |= {key: [place[key], other[key]] for key in place} | {"source": ["s", "s"]}
    store.write_table(tmp_path / "premises.parquet", pa.table(columns))
    settings = Settings(tmp_path, "sqlite://", REPOSITORY / "expectations", None, "duckdb", 1, "1GB")
    with Engine(settings) as engine:
        kind = kinds.load_all(settings.expectations)["premises"]
        found = key_edges(engine, kind, Live(tmp_path / "premises.parquet"), None)
    assert len(found.u) == joined
