"""Several sources name one node: the library is the one that a single source would have made."""

import pandas as pd

from tests.unit.locate.conftest import COUNTY, STREET, TOWN
from transforms.locate import library, place_grid
from transforms.locate.cut import Cut
from transforms.locate.match import Matcher
from transforms.locate.straddle import COLUMNS as PARTS

NO_PARTS = pd.DataFrame(columns=PARTS)

NO_HOUSES = pd.DataFrame({"entity_id": [], "address_path": []}, dtype=object)
DOOR, LANE = "road:人民路|door:14", "road:北巷|door:3"


def said(mentions, path, entity, source="post", village=None):
    """The row of a mention beside the others."""
    steps = path.split("|")
    new = {"source": source, "record_id": f"x{path}", "entity_id": entity, "path": path, "village": village,
           "parent_path": "|".join(steps[:-1]) if len(steps) > 2 else None, "level": steps[-1].split(":")[0],
           "name": steps[-1].split(":")[1], "full_text": path}  # fmt: skip
    return pd.concat([pd.DataFrame([new], dtype=object), mentions], ignore_index=True)


def entity_of(mentions, path):
    return mentions.set_index("path")["entity_id"][path]


def test_who_names_the_village_speaks_for_the_node_whatever_the_trust(mentions, buildings, places):
    door = entity_of(mentions, f"{STREET}|{DOOR}")
    alone = library.build(mentions, buildings, NO_HOUSES, places, {"housing": 50})
    both = library.build(said(mentions, f"{TOWN}|{DOOR}", door), buildings, NO_HOUSES, places, {"post": 95})
    pd.testing.assert_frame_equal(both, alone)


def test_a_room_below_a_door_of_a_town_stands_in_the_door_s_village(mentions, buildings, places):
    door = entity_of(mentions, f"{STREET}|{DOOR}")
    rows = said(said(mentions, f"{TOWN}|{DOOR}", door), f"{TOWN}|{DOOR}|room:302", "room")
    node = library.build(rows, buildings, NO_HOUSES, places, {}).set_index("address_id").loc["room"]
    assert (node["parent_id"], node["village"], node["town"], node["room"]) == (door, STREET, TOWN, "302")


def test_equal_words_of_two_nodes_are_nobody_s_parent(mentions, buildings, places):
    rows = said(said(mentions, f"{TOWN}|{LANE}", "one"), f"{TOWN}|{LANE}", "two")
    rows = said(rows, f"{TOWN}|{LANE}|room:101", "room")
    nodes = library.build(rows, buildings, NO_HOUSES, places, {}).set_index("address_id")
    assert pd.isna(nodes.loc["room", "parent_id"])


def test_a_node_in_no_village_has_a_reason_and_is_offered_to_no_text(mentions, buildings, places, grids):
    rows = said(mentions, f"{COUNTY}|{LANE}", "open")
    nodes = library.build(rows, buildings, NO_HOUSES, places, {})
    table = place_grid.assign(Cut(grids, "2026-10-01"), nodes, buildings, places, NO_PARTS)
    grid = table.set_index("node_id").loc["open"]
    assert (grid["grid_id"], grid["reason"]) == (None, "no_coordinate")
    text = dict.fromkeys([*library.LEVELS, *library.DIVISIONS, "among", "relation", "residual"])
    texts = pd.DataFrame([text | {"road": "北巷", "door": "3"} | of for of in ({}, {"county": COUNTY})], dtype=object)
    assert not len(Matcher(nodes, places).match(texts))
    known = library.build(said(rows, f"{STREET}|{LANE}", "door", village=STREET), buildings, NO_HOUSES, places, {})
    found = Matcher(known, places).match(texts)
    assert known["address_id"].iloc[found["node"]].tolist() == ["door", "door"]


def test_a_second_source_that_says_the_same_changes_nothing(mentions, buildings, places):
    houses = pd.DataFrame({"entity_id": [], "address_path": []}, dtype=object)
    post = mentions.iloc[::2].assign(source="post", record_id=mentions["record_id"] + "x")
    alone = library.build(mentions, buildings, houses, places, {"housing": 95})
    both = library.build(pd.concat([post, mentions]), buildings, houses, places, {"housing": 95, "post": 95})
    assert len(post) > 2
    assert alone["building_id"].notna().any()
    pd.testing.assert_frame_equal(both, alone)
