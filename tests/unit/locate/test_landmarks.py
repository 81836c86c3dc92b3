"""Landmarks: names that stand for nodes, places beside a node, and refusals where several fit."""

import pandas as pd
import pytest

from tests.unit.locate.conftest import CITY, COUNTY, HAMLET, OTHER, PATHS, STREET, TOWN
from tests.unit.locate.test_match import live, text
from transforms.locate import landmarks, located
from transforms.locate.beside import Landmarks
from transforms.locate.verdicts import Ground

NAMES = {
    CITY: "云浮市", COUNTY: "云城区", TOWN: "云城街道", STREET: "金山社区居委会", OTHER: "育才社区",
    "445302102000": "高峰镇", HAMLET: "石围村村委会",
}  # fmt: skip


def at(nodes, path):
    return int(nodes.index[nodes["path"] == path][0])


@pytest.fixture(scope="module")
def entries(nodes):
    sites = pd.DataFrame(
        {
            "name": [
                "云城街道金山小学",
                "云城街道卫生院",
                "云浮市人民政府",
                "云城区鸿盛店",
                "云城区鸿盛店",
                "金山社区居委会",
            ],
            "node": [at(nodes, path) for path in (PATHS[3], PATHS[0], PATHS[3], PATHS[3], PATHS[4], PATHS[3])],
        }
    )
    return landmarks.entries(sites, nodes, NAMES)


@pytest.fixture(scope="module")
def find(matcher, nodes, entries):
    grids = {
        "address": pd.DataFrame(
            {"grid_id": ["s1", "s2"], "method": ["building", "polygon"], "reason": [None, None]},
            index=[nodes["address_id"][at(nodes, PATHS[0].rsplit("|", 2)[0])], nodes["address_id"][at(nodes, DOOR)]],
        ),
        "division": pd.DataFrame({"grid_id": ["m"], "method": ["village"], "reason": [None]}, index=[STREET]),
    }
    known, ground = Landmarks(nodes, matcher, entries), Ground(nodes, grids)
    path_of = nodes.set_index("address_id")["path"]

    def look(*said):
        rows = [row | {"level": None} for row in said]
        table = located.addresses(live(*rows), "address", matcher, ground, known)
        return table.assign(path=table["address_id"].map(path_of))

    return look


DOOR = f"{STREET}|road:人民路|door:14"
ROAD = f"{STREET}|road:人民路"
BUILDING = PATHS[0].rsplit("|", 2)[0]


def test_a_name_is_known_by_each_way_of_leaving_out_divisions(entries):
    told = entries[entries["word"].str.endswith("小学")]
    assert set(zip(told["word"], told["division"], strict=True)) == {
        ("云城街道金山小学", None), ("金山小学", TOWN), ("小学", STREET),
    }  # fmt: skip


def test_a_committee_is_its_village_and_a_landmark_is_no_room(entries, nodes):
    assert set(entries["word"][entries["word"].str.contains("居委会")]) == {"金山社区居委会"}
    level = nodes.set_index("address_id")["level"]
    assert set(entries["address_id"].map(level)) == {"building", "door"}


def test_where_a_body_is_speaks_before_where_it_is_registered():
    names = pd.Series(["甲", "甲", "乙", None])
    found = landmarks.sites(names, {"actual": pd.Series([3, -1, -1, 5]), "registered": pd.Series([8, 8, 9, 9])})
    assert found.to_dict("list") == {"name": ["甲", "乙"], "node": [3, 9]}


@pytest.mark.parametrize(
    ("said", "path"),
    [
        (text(None, TOWN, residual="卫生院"), BUILDING),
        (text(None, TOWN, estate="金山小学"), DOOR),
        (text(STREET, estate="小学"), DOOR),
        (text(residual="政府"), DOOR),
        (text(residual="人民政府"), DOOR),
        (text(None, TOWN, residual="小学"), None),  # which school of the street is not said
        (text(OTHER, residual="卫生院"), None),  # it stands in another village
        (text(None, None, COUNTY, residual="鸿盛店"), None),  # there are two
        (text(STREET, residual="鸿盛店"), DOOR),
        (text(STREET, road="解放路", residual="卫生院"), None),  # it stands at another road
        (text(None, TOWN, residual="中学"), None),
    ],
)
def test_who_names_a_landmark_is_at_its_node_or_refused(find, said, path):
    first = find(said).iloc[0]
    assert (first["path"] if isinstance(first["path"], str) else None) == path
    assert first["match_class"] == ("landmark" if path else "unresolved")
    assert first["house_id"] is None


@pytest.mark.parametrize(
    ("said", "path", "landmark", "grid"),
    [
        (text(STREET, road="人民路", relation="14 旁"), ROAD, DOOR, "s2"),
        (text(None, TOWN, road="人民路", relation="14 对面"), ROAD, DOOR, "s2"),  # the road is of two villages
        (text(None, TOWN, relation="附近", residual="卫生院"), ROAD, BUILDING, "s1"),
        (text(STREET, estate="锦绣花园", relation="3 旁"), PATHS[0].rsplit("|", 3)[0], BUILDING, "s1"),
        (text(HAMLET, group="石围", relation="5 旁"), f"{HAMLET}|group:石围", PATHS[6], None),
    ],
)
def test_what_is_beside_a_landmark_reaches_the_area_and_the_landmarks_grid(find, said, path, landmark, grid):
    table = find(said)
    first = table.iloc[0]
    assert (first["path"], first["match_class"], first["grid_id"]) == (path, "landmark", grid)
    assert first["method"] == ("landmark" if grid else None)
    assert first["building_id"] is None
    assert first["level"] not in ("door", "building", "room")
    second = table.iloc[1]
    assert (second["path"], second["match_class"], second["rank"]) == (landmark, "landmark", 2)


def test_beside_one_of_two_is_refused_with_both_as_candidates(find):
    table = find(
        text(None, TOWN, relation="附近", residual="鸿盛店"), text(None, TOWN, road="人民路", relation="99 旁")
    )
    first = table[table["record_id"] == "p0"]
    assert first["match_class"].tolist() == ["unresolved"] * 3
    assert set(first["path"][1:]) == {DOOR, f"{OTHER}|road:人民路|door:16"}
    assert table[table["record_id"] == "p1"]["match_class"].iloc[0] == "unresolved"


def test_the_verdict_is_the_same_in_any_order(find):
    said = [
        text(None, TOWN, residual="卫生院"),
        text(STREET, road="人民路", relation="14 旁"),
        text(STREET, road="人民路"),
    ]
    forward, backward = find(*said), find(*said[::-1])
    names = {"p0": "p2", "p1": "p1", "p2": "p0"}
    backward = backward.assign(record_id=backward["record_id"].map(names)).sort_values(["record_id", "rank"])
    pd.testing.assert_frame_equal(forward, backward.reset_index(drop=True))
