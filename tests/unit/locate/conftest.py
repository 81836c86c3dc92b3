"""A small library of one street, one estate and one hamlet, and four square grids."""

from __future__ import annotations

import pandas as pd
import pytest
import shapely

from transforms.locate import library
from transforms.locate.match import Matcher

STREET, TOWN, COUNTY, CITY = "445302001011", "445302001000", "445302000000", "445300000000"
OTHER, HAMLET = "445302001012", "445302102201"
PATHS = [
    f"{STREET}|road:人民路|door:12|estate:锦绣花园|building:3|unit:2|room:1502",
    f"{STREET}|road:人民路|door:12|estate:锦绣花园|building:3|unit:2|room:1504",
    f"{STREET}|road:人民路|door:12|estate:锦绣花园|building:4|unit:2|room:1502",
    f"{STREET}|road:人民路|door:14|room:301",
    f"{OTHER}|road:人民路|door:16|room:301",
    f"{OTHER}|road:解放路|door:14|room:301",
    f"{HAMLET}|group:石围|door:5",
    f"{HAMLET}|group:大塘|door:5",
]


def every_node(paths):
    found = {}
    for path in paths:
        steps = path.split("|")
        for end in range(2, len(steps) + 1):
            found["|".join(steps[:end])] = "|".join(steps[: end - 1]) if end > 2 else None
    return found


@pytest.fixture(scope="session")
def places():
    rows = [
        (CITY, "city", None, None, None, CITY), (COUNTY, "county", None, None, COUNTY, CITY),
        (TOWN, "town", None, TOWN, COUNTY, CITY), ("445302102000", "town", None, "445302102000", COUNTY, CITY),
        (STREET, "village", STREET, TOWN, COUNTY, CITY), (OTHER, "village", OTHER, TOWN, COUNTY, CITY),
        (HAMLET, "village", HAMLET, "445302102000", COUNTY, CITY),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["code", "level", "village", "town", "county", "city"], dtype=object)


@pytest.fixture(scope="session")
def mentions():
    nodes = every_node(PATHS)
    rows = [
        {"source": "housing", "record_id": f"r{i:03d}", "entity_id": f"a{i:03d}", "path": path, "parent_path": parent,
         "level": path.rsplit("|", 1)[1].split(":")[0], "name": path.rsplit(":", 1)[1], "full_text": path,
         "village": path.split("|")[0], "building_code": "B3" if path.endswith("building:3") else None,
         "lon": None, "lat": None}
        for i, (path, parent) in enumerate(sorted(nodes.items()))
    ]  # fmt: skip
    return pd.DataFrame(rows, dtype=object)


@pytest.fixture(scope="session")
def buildings():
    return pd.DataFrame({"building_id": ["b3"], "code": ["B3"], "lon": [0.5], "lat": [0.5]})


@pytest.fixture(scope="session")
def nodes(mentions, buildings, places):
    houses = pd.DataFrame({"entity_id": ["h2", "h1"], "address_path": [PATHS[0], PATHS[0]]}, dtype=object)
    return library.build(mentions, buildings, houses, places, {"housing": 95})


@pytest.fixture(scope="session")
def matcher(nodes, places):
    return Matcher(nodes, places)


def grid(grid_id, code, level, box, *, of_type="general", parent=None):
    return {"grid_id": grid_id, "code": code, "level": level, "type": of_type, "parent_code": parent,
            "polygon": shapely.to_wkb(shapely.box(*box))}  # fmt: skip


@pytest.fixture(scope="session")
def grids():
    """One medium square of two small ones side by side, a micro in the first, an exclusive on top of the second."""
    return pd.DataFrame(
        [
            grid("m", STREET, "medium", (0, 0, 4, 2)),
            grid("s1", f"{STREET}1001", "small", (0, 0, 2, 2), parent=STREET),
            grid("s2", f"{STREET}1002", "small", (2, 0, 3, 2), parent=STREET),
            grid("u1", f"{STREET}100101", "micro", (0, 0, 1, 1), parent=f"{STREET}1001"),
            grid("x1", f"{STREET}2001", "small", (2.5, 0, 3, 1), of_type="exclusive", parent=STREET),
            grid("l", STREET[:9], "large", (0, 0, 10, 10)),
        ]
    )
