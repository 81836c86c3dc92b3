"""A cut of the grids: every rule of the report has a cut that breaks it and one that does not."""

import pandas as pd
import pytest
import shapely

from transforms.locate import drawing, topology

VILLAGE = "445302001001"
AREA = topology.check(
    pd.DataFrame(
        {"code": ["1"], "level": ["large"], "type": ["general"], "parent_code": [None],
         "polygon": [shapely.to_wkb(shapely.box(112, 22, 112.001, 22.001))]}
    )
).area_m2["large"]  # fmt: skip


def cut(*changed, drop=()):
    """One large, one medium and two small squares side by side, with two micro ones in the first."""
    boxes = {
        "445302001": ("large", None, (112, 22, 112.01, 22.01)),
        VILLAGE: ("medium", "445302001", (112, 22, 112.01, 22.01)),
        f"{VILLAGE}1001": ("small", VILLAGE, (112, 22, 112.005, 22.01)),
        f"{VILLAGE}1002": ("small", VILLAGE, (112.005, 22, 112.01, 22.01)),
        f"{VILLAGE}100101": ("micro", f"{VILLAGE}1001", (112, 22, 112.005, 22.005)),
        f"{VILLAGE}100102": ("micro", f"{VILLAGE}1001", (112, 22.005, 112.005, 22.01)),
    }
    rows = [
        {
            "code": code,
            "level": level,
            "type": "general",
            "parent_code": parent,
            "polygon": shapely.to_wkb(shapely.box(*box)),
        }
        for code, (level, parent, box) in boxes.items()
        if code not in drop
    ]
    return pd.DataFrame([*rows, *changed])


def small(code, box, *, level="small", of_type="general", parent=VILLAGE):
    shape = box if isinstance(box, bytes) or box is None else shapely.to_wkb(shapely.box(*box))
    return {"code": code, "level": level, "type": of_type, "parent_code": parent, "polygon": shape}


def test_a_sound_cut_has_no_faults_and_its_levels_have_one_area():
    found = topology.check(cut())
    assert found.findings == ()
    assert len({round(found.area_m2[level]) for level in ("large", "medium", "small")}) == 1
    assert found.area_m2["small"] == pytest.approx(2 * found.area_m2["micro"], rel=1e-6)
    assert found.grids == {"large general": 1, "medium general": 1, "micro general": 2, "small general": 2}


def test_areas_are_square_metres():
    assert pytest.approx(111.19 * 111.19 * 0.92718, rel=0.01) == AREA  # 0.001 degree squared at 22 degrees north


@pytest.mark.parametrize(
    ("grids", "rule", "pair"),
    [
        (cut(small(f"{VILLAGE}1003", (112.004, 22, 112.006, 22.01))), "overlap", (f"{VILLAGE}1001", f"{VILLAGE}1003")),
        (cut(drop=[f"{VILLAGE}1002"]), "gap", (VILLAGE, None)),
        (cut(small(f"{VILLAGE}1003", (112.01, 22, 112.011, 22.01))), "outside_parent", (f"{VILLAGE}1003", VILLAGE)),
        (cut(small("9999", (112.02, 22, 112.021, 22.01))), "prefix", ("9999", VILLAGE)),
        (cut(small(f"{VILLAGE}1003", None)), "invalid", (f"{VILLAGE}1003", None)),
        (cut(small(f"{VILLAGE}1003", shapely.to_wkb(shapely.Polygon()))), "invalid", (f"{VILLAGE}1003", None)),
        (cut(small(f"{VILLAGE}1003", shapely.to_wkb(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])))), "invalid",
         (f"{VILLAGE}1003", None)),  # it crosses itself
        (cut(small(f"{VILLAGE}1003", (1, 1, 2, 2), parent=None)), "no_parent", (f"{VILLAGE}1003", None)),
        (cut(small(f"{VILLAGE}1003", (1, 1, 2, 2), parent="404")), "unknown_parent", (f"{VILLAGE}1003", "404")),
        (cut(small("4453020013", (1, 1, 2, 2), parent="445302001")), "wrong_level_of_parent",
         ("4453020013", "445302001")),
    ],
)  # fmt: skip
def test_every_rule_finds_its_fault(grids, rule, pair):
    found = topology.check(grids)
    assert pair in [(f.code, f.other) for f in found.findings if f.rule == rule]
    assert topology.check(grids.iloc[::-1]).findings == found.findings


def test_an_exclusive_grid_may_lie_over_general_ones_but_has_no_micro_grids():
    over = small(f"{VILLAGE}2001", (112.001, 22.001, 112.002, 22.002), of_type="exclusive")
    assert topology.check(cut(over)).findings == ()
    micro = small(f"{VILLAGE}200101", (112.001, 22.001, 112.002, 22.002), level="micro", parent=f"{VILLAGE}2001")
    assert "micro_in_exclusive" in topology.check(cut(over, micro)).counts()


def test_an_exclusive_grid_cut_out_of_the_general_ones_leaves_no_gap():
    hole = small(f"{VILLAGE}2001", (112.005, 22, 112.01, 22.01), of_type="exclusive")
    assert topology.check(cut(hole, drop=[f"{VILLAGE}1002"])).findings == ()


def test_households_are_measured_against_the_band():
    counted = pd.Series({f"{VILLAGE}1001": 400, f"{VILLAGE}1002": 20, f"{VILLAGE}100101": 71})
    found = topology.check(cut(), counted).households
    assert found["small"] == {"below": 1, "within": 1, "above": 0}
    assert found["micro"] == {"below": 1, "within": 0, "above": 1}


def test_the_picture_shows_grids_and_faults_and_asks_nobody_for_anything():
    grids = cut(small(f"{VILLAGE}1003", (112.004, 22, 112.006, 22.01)))
    shapes = list(zip(grids["level"], grids["type"], grids["polygon"], strict=True))
    sound = drawing.draw(shapes, ())
    faulty = drawing.draw(shapes, topology.check(grids).findings)
    assert sound.count("<path") == len(grids)
    assert faulty.count("<path") > len(grids)
    assert faulty == drawing.draw(shapes[::-1], topology.check(grids).findings)
    assert faulty.count("http") == 1  # the name of the format
    assert "<script" not in faulty
    assert drawing.draw([], ()).startswith("<svg")
