"""Numbers that can be read several ways: the library decides only where it knows exactly one reading."""

import pandas as pd
import pytest

from tests.unit.locate.conftest import STREET, TOWN, every_node
from tests.unit.locate.test_match import text
from transforms.locate import library
from transforms.locate.match import Matcher
from transforms.locate.readings import decide, readings

ROAD = f"{STREET}|road:学府路"


def decided(places, paths, residual, **said):
    nodes = sorted(every_node(paths))
    ids = [f"a{i:03d}" for i in range(len(nodes))]
    split = [node.rsplit("|", 1)[1].split(":") for node in nodes]
    mentions = pd.DataFrame(
        {"source": "housing", "record_id": ids, "entity_id": ids, "path": nodes, "parent_path": None,
         "level": [level for level, _ in split], "name": [name for _, name in split], "full_text": nodes,
         "village": STREET, "building_code": None, "lon": None, "lat": None}, dtype=object)  # fmt: skip
    nothing = pd.DataFrame({"building_id": [], "code": [], "lon": [], "lat": []})
    houses = pd.DataFrame({"entity_id": [], "address_path": []}, dtype=object)
    built = library.build(mentions, nothing, houses, places, {"housing": 95})
    asked = pd.DataFrame([text(STREET, TOWN, road="学府路", **said) | {"residual": residual}], dtype=object)
    return [built["path"].iloc[n] for n in decide(asked, Matcher(built, places))["node"]]


@pytest.mark.parametrize(
    ("paths", "residual", "expected"),
    [
        ([f"{ROAD}|door:21-1|room:201"], "21号-1201室", [f"{ROAD}|door:21-1|room:201"]),
        ([f"{ROAD}|door:21|room:1201"], "21号-1201室", [f"{ROAD}|door:21|room:1201"]),
        ([f"{ROAD}|door:21|room:1201", f"{ROAD}|door:21-1|room:201"], "21号-1201室", []),  # both stand there
        ([f"{ROAD}|door:22|room:1201"], "21号-1201室", []),
        ([f"{ROAD}|door:12|building:3|room:501"], "12-3-501", [f"{ROAD}|door:12|building:3|room:501"]),
        ([f"{ROAD}|door:12|building:3|room:502"], "12-3-501", []),
        ([f"{ROAD}|door:12|room:501"], "12-3-501", []),  # nobody says what the 3 is
        ([f"{ROAD}|door:21|room:1201"], "附楼", []),
    ],
)
def test_the_library_reads_what_the_grammar_refuses(places, paths, residual, expected):
    assert decided(places, paths, residual) == expected


def test_a_text_that_already_names_its_door_is_left_alone(places):
    assert decided(places, [f"{ROAD}|door:21|room:1201"], "21号-1201室", door="9") == []


def test_readings_never_change_the_digits():
    found = [said for residual in ("21号-1201室", "12-3-501", "21-123456") for said in readings(residual)]
    assert len(found) > 6
    assert {"".join(said.values()).replace("-", "") for said in found} == {"211201", "123501", "21123456"}
