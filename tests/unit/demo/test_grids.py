from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.config import city_config
from demo.settlement import all_villages, choose, outlines
from demo.tiling import Cells, Surveyor, divide
from tests.unit.demo.sample import City

NIGHTS = ["2026-10-01", "2026-10-02"]


def polygons(city: City, night: str) -> dict[str, tuple[shapely.Polygon, dict[str, object]]]:
    rows = city.rows(night, "zhengfa_wangge").values()
    return {str(r["网格编码"]): (shapely.polygons(r["geometry"]["coordinates"][0]), r) for r in rows}


def struck(city: City, night: str) -> set[str]:
    """Codes of grids that the truth says were drawn with a corner off."""
    truth = city.truth("grid").query("night == @night and source == 'zhengfa_wangge'")
    rows = city.rows(night, "zhengfa_wangge")
    wrong = truth[truth["errors"].map(len) > 0]
    assert {name for names in wrong["errors"] for name in names} == {"grid_gap", "grid_overlap"}
    return {str(rows[line]["网格编码"]) for line in wrong["line"]}


def edges(polygon: shapely.Polygon) -> set[tuple[tuple[float, ...], tuple[float, ...]]]:
    ring = list(polygon.exterior.coords)
    return set(itertools.pairwise(ring))


@pytest.mark.parametrize("night", NIGHTS)
def test_grids_tile_their_parents_exactly(city: City, night: str) -> None:
    """Every edge of a child is an edge of a sibling backwards or an edge of the parent: no gap, no overlap.

    Where the truth says that a corner was drawn wrong there is one, and it is small.
    """
    grids, wrong = polygons(city, night), struck(city, night)
    children, beside = defaultdict(list), set()
    for polygon, row in grids.values():
        assert polygon.is_valid
        assert polygon.exterior.is_ccw
        if row["上级编码"]:
            assert str(row["网格编码"]).startswith(str(row["上级编码"]))
            children[str(row["上级编码"])].append(polygon)
            if str(row["网格编码"]) in wrong:
                beside.add(str(row["上级编码"]))
    assert len(children) > 10
    for parent, parts in children.items():
        if parent in wrong | beside:
            whole = shapely.union_all(parts)
            off = whole.symmetric_difference(grids[parent][0]).area + sum(p.area for p in parts) - whole.area
            assert 1e-9 < off < 1e-6, "hundreds or thousands of square metres"
            continue
        inner = [edge for part in parts for edge in edges(part)]
        assert len(inner) == len(set(inner)), "an edge in the same direction twice would be an overlap"
        border = {edge for edge in inner if edge[::-1] not in set(inner)}
        assert border == edges(grids[parent][0])
        assert shapely.union_all(parts).symmetric_difference(grids[parent][0]).area < 1e-15
        assert sum(p.area for p in parts) == pytest.approx(grids[parent][0].area, rel=1e-9)


def test_levels_and_codes(city: City) -> None:
    rows = pd.DataFrame([row for _, row in polygons(city, NIGHTS[0]).values()])
    widths = rows.groupby(["网格层级", "网格类型"])["网格编码"].agg(lambda codes: set(codes.str.len()))
    assert widths.to_dict() == {
        ("大网格", "综合"): {9}, ("中网格", "综合"): {12}, ("小网格", "综合"): {16}, ("小网格", "专属"): {16},
        ("微网格", "综合"): {18},
    }  # fmt: skip


def test_large_grids_lie_inside_the_real_county(city: City) -> None:
    shapes = outlines(city_config("yunfu"))
    large = [p for p, row in polygons(city, NIGHTS[0]).values() if row["网格层级"] == "大网格"]
    assert large
    assert all(any(shapely.covers(shape, polygon) for shape in shapes.values()) for polygon in large)


@pytest.mark.parametrize("night", NIGHTS)
def test_every_building_lies_in_exactly_its_small_grid(city: City, night: str) -> None:
    grids = polygons(city, night)
    small = {code: polygon for code, (polygon, row) in grids.items() if row["网格层级"] == "小网格"}
    truth = city.truth("building").query("night == @night and source == 'zhujian_fangwu'").drop_duplicates("building")
    truth = truth[~truth["errors"].map(lambda names: bool({"zero_coordinates", "swapped_coordinates"} & set(names)))]
    rows = city.rows(night, "zhujian_fangwu")
    points = [shapely.Point(float(str(rows[n]["经度"])), float(str(rows[n]["纬度"]))) for n in truth["line"]]
    tree = shapely.STRtree(list(small.values()))
    point, polygon = tree.query(points, predicate="intersects")
    assert len(points) > 300
    assert np.bincount(point, minlength=len(points)).tolist() == [1] * len(points)
    codes = np.array(list(small))[polygon]
    assert codes.tolist() == truth["grid"].to_numpy()[point].tolist()


def test_a_building_lies_in_two_small_grids_where_the_truth_says_so_and_most_of_it_in_its_own(city: City) -> None:
    drawn = struck(city, NIGHTS[0])
    small = {code: polygon for code, (polygon, row) in polygons(city, NIGHTS[0]).items() if row["网格层级"] == "小网格"}
    codes, tree = np.array(list(small)), shapely.STRtree(list(small.values()))
    truth = city.truth("building").query("night == @NIGHTS[0] and source == 'ziran_zongdi'")
    rows = city.rows(NIGHTS[0], "ziran_zongdi")
    told, found = set(), set()
    for line, own, cases in zip(truth["line"], truth["grid"], truth["cases"], strict=True):
        shape = shapely.polygons(rows[line]["geometry"]["coordinates"][0])
        met = codes[tree.query(shape)]
        if drawn & set(met):
            continue
        shares = {code: small[code].intersection(shape).area / shape.area for code in met}
        found |= {line} if sum(share >= 0.01 for share in shares.values()) > 1 else set()
        told |= {line} if "straddler" in cases else set()
        assert max(shares, key=lambda code: shares[code]) == own
        assert shares[own] > (0.55 if line in found else 0.99)
    assert 0 < len(told) < len(truth) / 50
    assert found == told


def test_smaller_cities_are_whole_towns_in_one_order() -> None:
    config = city_config("yunfu")
    everything = all_villages(config, 5)
    small, large = (set(choose(everything, config, n, 5)["town_code"]) for n in (200_000, 400_000))
    assert 2 < len(small) < len(large)
    assert len(small - large) <= 1


@settings(max_examples=40)
@given(st.integers(6, 30), st.integers(6, 30), st.lists(st.floats(0.5, 3), min_size=1, max_size=9))
def test_dividing_a_region_loses_and_doubles_no_square(wide: int, high: int, weights: list[float]) -> None:
    x, y = (part.ravel() for part in np.meshgrid(np.arange(wide), np.arange(high)))
    parts = divide(Cells(x, y), weights)
    squares = [(a, b) for part in parts for a, b in zip(part.x.tolist(), part.y.tolist(), strict=True)]
    assert len(parts) == len(weights)
    assert all(len(part) for part in parts)
    assert sorted(squares) == sorted(zip(x.tolist(), y.tolist(), strict=True))
    assert all(shapely.Polygon(Surveyor(1).ring(part)).is_valid for part in parts)
