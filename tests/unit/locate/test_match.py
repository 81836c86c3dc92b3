"""Matching by element: vetoes, missing elements, parents, refusals; and the table that is handed over."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.locate.conftest import CITY, COUNTY, HAMLET, OTHER, PATHS, STREET, TOWN
from transforms.locate import library, located
from transforms.locate.beside import Landmarks
from transforms.locate.landmarks import COLUMNS
from transforms.locate.library import LEVELS
from transforms.locate.match import Matcher
from transforms.locate.verdicts import Ground
from transforms.model import LOCATED

DIVISIONS = {STREET: (TOWN, COUNTY, CITY), OTHER: (TOWN, COUNTY, CITY), HAMLET: ("445302102000", COUNTY, CITY)}
NO_NAMES = pd.DataFrame(columns=list(COLUMNS), dtype=object)
FLAT = {"road": "人民路", "door": "12", "estate": "锦绣花园", "building": "3", "unit": "2", "room": "1502"}


def text(village=None, town=None, county=None, among=None, **said):
    chain = {"village": village, "town": town, "county": county or (COUNTY if town else None), "city": CITY}
    if village:
        chain |= dict(zip(("town", "county", "city"), DIVISIONS[village], strict=True))
    return chain | {"among": among, "relation": None, "residual": None} | dict.fromkeys(LEVELS) | said


def found(matcher, nodes, *texts):
    table = matcher.match(pd.DataFrame(list(texts), dtype=object))
    table["path"] = [nodes["path"].iloc[n] if n >= 0 else None for n in table["node"]]
    return table


@pytest.mark.parametrize(
    ("said", "path", "match_class"),
    [
        (text(STREET, **FLAT), PATHS[0], "exact"),
        (text(None, TOWN, **FLAT), PATHS[0], "exact"),
        (text(None, None, COUNTY, **FLAT), PATHS[0], "exact"),
        (text(**{**FLAT, "unit": None}), PATHS[0], "normalised"),
        (text(STREET, **{**FLAT, "road": None, "door": None}), PATHS[0], "normalised"),
        (text(STREET, **{**FLAT, "estate": None}), PATHS[0], "normalised"),
        (text(HAMLET, group="石围", door="5"), PATHS[6], "exact"),
        (text(STREET, road="人民路", door="14", unit="1", room="301"), PATHS[3], "normalised"),
    ],
)
def test_the_right_node_with_elements_missing_on_either_side(matcher, nodes, said, path, match_class):
    row = found(matcher, nodes, said).iloc[0]
    assert (row["path"], row["match_class"], row["rank"]) == (path, match_class, 1)


@pytest.mark.parametrize(
    ("said", "path"),
    [
        (text(STREET, **{**FLAT, "room": "1503"}), PATHS[0].rsplit("|", 1)[0]),  # 1502 is not 1503
        (text(STREET, **{**FLAT, "building": "5"}), "|".join(PATHS[0].split("|")[:4])),
        (text(STREET, road="人民路", door="13", room="301"), f"{STREET}|road:人民路"),
        (text(HAMLET, group="石围", door="6"), f"{HAMLET}|group:石围"),
    ],
)
def test_a_number_in_conflict_is_a_veto_and_leaves_the_parent(matcher, nodes, said, path):
    row = found(matcher, nodes, said).iloc[0]
    assert (row["path"], row["match_class"]) == (path, "parent")


def test_equal_candidates_are_listed_and_none_is_chosen(matcher, nodes):
    table = found(matcher, nodes, text(None, TOWN, road="人民路"))
    assert table["node"].tolist()[0] == -1
    assert table["match_class"].tolist()[0] == "unresolved"
    assert set(table["path"][1:]) == {f"{STREET}|road:人民路", f"{OTHER}|road:人民路"}
    assert table["rank"].tolist() == [1, 2, 3]


def test_a_flat_of_two_buildings_goes_to_their_estate_with_both_as_candidates(matcher, nodes):
    table = found(matcher, nodes, text(STREET, **{**FLAT, "building": None}))
    assert table["path"].tolist() == [PATHS[0].split("|building")[0], PATHS[0], PATHS[2]]
    assert table["match_class"].tolist()[0] == "parent"


def test_divisions_left_open_narrow_the_search(matcher, nodes):
    both = found(matcher, nodes, text(among=f"{STREET}|{HAMLET}", road="人民路", door="14", room="301")).iloc[0]
    assert both["path"] == PATHS[3]
    neither = found(matcher, nodes, text(among=f"{HAMLET}", road="人民路", door="14", room="301"))
    assert not len(neither)


def test_another_villages_road_is_no_match(matcher, nodes):
    assert not len(found(matcher, nodes, text(HAMLET, road="人民路", door="14", room="301")))


def test_the_verdict_does_not_depend_on_the_order_of_texts(matcher, nodes):
    texts = [text(STREET, **FLAT), text(None, TOWN, road="人民路"), text(HAMLET, group="大塘", door="5")]
    forward, backward = found(matcher, nodes, *texts), found(matcher, nodes, *texts[::-1])
    backward = backward.assign(text=2 - backward["text"]).sort_values(["text", "rank"], ignore_index=True)
    pd.testing.assert_frame_equal(forward, backward)


def live(*rows):
    frame = pd.DataFrame([{f"address_{k}": v for k, v in row.items()} for row in rows], dtype=object)
    frame["record_id"] = [f"p{i}" for i in range(len(frame))]
    frame["address"] = [row.get("clean", "text") for row in rows]
    return frame


def test_every_record_has_a_place_or_a_reason(matcher, nodes):
    nowhere = text() | {"city": None, "level": "outside"}
    rows = [
        text(STREET, **FLAT) | {"level": "room"},
        text(STREET) | {"level": "village"},
        text(None, TOWN) | {"level": "town"},
        nowhere,
        text() | {"city": None, "level": None, "clean": None},
        text(road="无名路", door="1") | {"level": "door"},
    ]
    grids = {
        "address": pd.DataFrame(
            {"grid_id": ["u1"], "method": ["building"], "reason": [None]},
            index=[nodes.loc[nodes["path"] == PATHS[0], "address_id"].iloc[0]],
        ),
        "division": pd.DataFrame({"grid_id": ["m"], "method": ["village"], "reason": [None]}, index=[STREET]),
    }
    table = located.addresses(
        live(*rows), "address", matcher, Ground(nodes, grids), Landmarks(nodes, matcher, NO_NAMES)
    ).set_index("record_id")
    assert list(table.reset_index().columns)
    assert set(LOCATED.names) == set(table.reset_index().columns)
    first = table[table["rank"] == 1]
    assert first["reason"].tolist() == [None, "village_only", "village_only", "outside", "no_address", "unresolved"]
    assert (first["grid_id"].notna() | first["reason"].notna()).all()
    assert first["grid_id"].tolist()[:2] == ["u1", "m"]
    assert first["method"].tolist()[:2] == ["building", "village"]
    assert first["village"].tolist()[:3] == [STREET, STREET, TOWN]
    assert (first["building_id"].iloc[0], first["house_id"].iloc[0]) == ("b3", "h1")


@pytest.mark.parametrize("more", [{"residual": "12-3-501"}, {"relation": "99 对面"}])
def test_a_text_with_more_than_could_be_read_is_at_a_parent(matcher, nodes, more):
    rows = [text(STREET, road="人民路") | {"level": "road"} | told for told in ({}, {"residual": "附楼"}, more)]
    nothing = pd.DataFrame({"grid_id": [], "method": [], "reason": []}, dtype=object)
    grids = {"address": nothing, "division": nothing}
    table = located.addresses(
        live(*rows), "address", matcher, Ground(nodes, grids), Landmarks(nodes, matcher, NO_NAMES)
    )
    assert table["match_class"].tolist() == ["exact", "exact", "parent"]
    assert table["score"].iloc[2] < table["score"].iloc[0]


def test_library_nodes_know_their_parents_building_and_house(nodes):
    by_path = nodes.set_index("path")
    room = by_path.loc[PATHS[0]]
    assert by_path["address_id"][PATHS[0].rsplit("|", 1)[0]] == room["parent_id"]
    assert (room["building_id"], room["house_id"], room["lon"], room["town"], room["city"]) == (
        "b3",
        "h1",
        0.5,
        TOWN,
        CITY,
    )
    assert by_path.loc[PATHS[2], "building_id"] is None or pd.isna(by_path.loc[PATHS[2], "building_id"])
    assert pd.isna(by_path.loc[f"{STREET}|road:人民路", "lon"])
    assert nodes["address_id"].is_monotonic_increasing
    assert not np.any(nodes["address_id"].duplicated())


def test_a_node_is_found_by_every_name_of_its_road(mentions, buildings, places):
    of_door = mentions[mentions["path"].str.startswith(f"{STREET}|road:人民路|door:14")]
    before = of_door.assign(path=of_door["path"].str.replace("人民路", "旧街"), record_id="z" + of_door["record_id"])
    no_house = pd.DataFrame(
        {"entity_id": ["h9"], "address_path": [f"{STREET}|road:旧街|door:14|room:301"]}, dtype=object
    )
    both = library.build(pd.concat([mentions, before]), buildings, no_house, places, {"housing": 95})
    asked = [text(STREET, road=road, door="14", room="301") for road in ("人民路", "旧街", "新街")]
    found = Matcher(both, places).match(pd.DataFrame(asked, dtype=object))
    first = found[found["rank"] == 1].set_index("text")
    assert first["match_class"].reindex([0, 1]).tolist() == ["exact", "exact"]
    assert first["node"][0] == first["node"][1]
    assert (both["path"][first["node"][0]], both["house_id"][first["node"][0]]) == (PATHS[3], "h9")
    assert 2 not in first.index or first["node"][2] == -1


def test_a_library_of_before_roads_had_several_names_is_read(nodes, places):
    asked = pd.DataFrame([text(STREET, road="人民路", door="14", room="301")], dtype=object)
    assert Matcher(nodes.drop(columns="other_roads"), places).match(asked)["match_class"].tolist() == ["exact"]
