"""A new cut with bad polygons: each is quarantined by name, its grid keeps its last good shape, overlaps are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import shapely

from tests.homes import NIGHTS, Home

Feature = dict[str, Any]


def self_crossing(feature: Feature) -> None:
    west, south, east, north = shapely.from_geojson(json.dumps(feature["geometry"])).bounds
    feature["geometry"]["coordinates"] = [[[west, south], [east, north], [east, south], [west, north], [west, south]]]


def empty(feature: Feature) -> None:
    feature["geometry"]["coordinates"] = []


def out_of_country(feature: Feature) -> None:
    shape = shapely.transform(shapely.from_geojson(json.dumps(feature["geometry"])), lambda xy: xy - [112.0, 0.0])
    feature["geometry"] = json.loads(shapely.to_geojson(shape))


def in_metres(feature: Feature) -> None:
    """A layer without the coordinate system that the contract promises."""
    shape = shapely.transform(shapely.from_geojson(json.dumps(feature["geometry"])), lambda xy: xy * 111_000.0)
    feature["geometry"] = json.loads(shapely.to_geojson(shape))


def a_line(feature: Feature) -> None:
    feature["geometry"] = {"type": "LineString", "coordinates": feature["geometry"]["coordinates"][0]}


def missing(feature: Feature) -> None:
    feature["geometry"] = None


BAD: tuple[tuple[Callable[[Feature], None], str], ...] = (
    (self_crossing, "GEOMETRY_INVALID"), (empty, "GEOMETRY_INVALID"), (out_of_country, "GEOMETRY_INVALID"),
    (in_metres, "GEOMETRY_INVALID"), (a_line, "GEOMETRY_INVALID"), (missing, "REQUIRED"),
)  # fmt: skip


def half(layer: bytes) -> bytes:
    return layer[: len(layer) // 2]


def another_file(_: bytes) -> bytes:
    """A description of data that lie elsewhere, which GDAL would read on the server."""
    layer = b'<OGRVRTLayer name="x"><SrcDataSource>/etc/hostname</SrcDataSource></OGRVRTLayer>'
    return b"<OGRVRTDataSource>" + layer + b"</OGRVRTDataSource>"


def no_layer(layer: bytes) -> bytes:
    return layer.replace(b'"FeatureCollection"', b'"GeometryCollection"', 1)


REFUSED: tuple[tuple[Callable[[bytes], bytes], str], ...] = (
    (half, "TRUNCATED"), (another_file, "WRONG_TYPE"), (no_layer, "WRONG_TYPE"),
)  # fmt: skip


def built(home: Home) -> set[str]:
    """Codes of the grids in which buildings stood on the first night."""
    placed = pd.read_parquet(home.path / "lake/night" / NIGHTS[0] / "locate/place/place_grid.parquet")
    here = placed.loc[placed["node_kind"].eq("building"), "grid_id"]
    known = grids(home, NIGHTS[0])
    return set(known.index[known["grid_id"].isin(here)])


@pytest.fixture(scope="module")
def spoiled(
    first_night: Path, city: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Home, list[str], tuple[str, str]]:
    """A home after a night whose cut has one bad polygon of each sort, the codes of these, and of two that overlap."""
    base = tmp_path_factory.mktemp("bad_layers")
    home = Home.copy_of(first_night, base / "home")
    (sent,) = (city / "drops" / NIGHTS[0] / "zhengfa_wangge").iterdir()
    layer = json.loads(sent.read_text("utf-8"))
    micro = [f for f in layer["features"] if f["properties"]["网格层级"] == "微网格"]
    under = next(f for f in micro if f["properties"]["网格编码"] in built(home))
    over = next(f for f in micro if f is not under)
    bad = [f for f in layer["features"] if f is not over and f is not under][-len(BAD) :]
    for feature, (spoil, _) in zip(bad, BAD, strict=True):
        spoil(feature)
    both = shapely.union_all([shapely.from_geojson(json.dumps(f["geometry"])) for f in (over, under)])
    over["geometry"] = json.loads(shapely.to_geojson(both))
    drop = base / "drops" / "zhengfa_wangge"
    drop.mkdir(parents=True)
    (drop / "网格划分_20261002.geojson").write_text(json.dumps(layer, ensure_ascii=False), "utf-8")
    for number, (spoil_all, _) in enumerate(REFUSED, start=1):
        (drop / f"网格划分_20261002_更正{number}.geojson").write_bytes(spoil_all(sent.read_bytes()))
    home.run(NIGHTS[1], base / "drops")
    codes = [str(f["properties"]["网格编码"]) for f in (over, under, *bad)]
    return home, codes[2:], (codes[0], codes[1])


def grids(home: Home, night: str) -> pd.DataFrame:
    table = pd.read_parquet(home.path / "lake/night" / night / "merge/grid/std_grid.parquet")
    return table.set_index("code")


def test_each_bad_polygon_is_quarantined_by_name(spoiled: tuple[Home, list[str], tuple[str, str]]) -> None:
    home, codes, _ = spoiled
    refused = pd.read_parquet(home.path / "lake/night" / NIGHTS[1] / "account/release/quarantine.parquet")
    refused = refused[refused["source"].eq("zhengfa_wangge") & refused["state"].eq("open")]
    assert len(codes) == len(BAD)
    assert sorted(refused["rule"]) == sorted(rule for _, rule in BAD)


def test_a_grid_with_a_bad_polygon_keeps_its_last_good_shape(spoiled: tuple[Home, list[str], tuple[str, str]]) -> None:
    home, codes, _ = spoiled
    before, now = (grids(home, night) for night in NIGHTS)
    assert now.loc[codes, "polygon"].tolist() == before.loc[codes, "polygon"].tolist()
    assert set(now.index) == set(before.index)


def test_a_layer_refused_as_a_whole_leaves_the_one_before_in_use(
    spoiled: tuple[Home, list[str], tuple[str, str]],
) -> None:
    home, _, _ = spoiled
    told = json.loads((home.path / "lake/night" / NIGHTS[1] / "land/zhengfa_wangge/deliveries.json").read_text("utf-8"))
    states = {delivery["file"]: (delivery["state"], delivery["code"]) for delivery in told}
    refused = {f"网格划分_20261002_更正{number}.geojson": code for number, (_, code) in enumerate(REFUSED, start=1)}
    assert {name: code for name, (state, code) in states.items() if state == "refused"} == refused
    assert states["网格划分_20261002.geojson"][0] == "landed"
    assert len(grids(home, NIGHTS[1])) == len(grids(home, NIGHTS[0])) > len(BAD)


def test_overlapping_grids_are_told_and_nothing_is_put_into_either(
    spoiled: tuple[Home, list[str], tuple[str, str]],
) -> None:
    home, _, pair = spoiled
    told = json.loads(home.call("grid", "report", "--night", NIGHTS[1], "--json").stdout)
    found = {(f["code"], f["other"]): f["area_m2"] for f in told["findings"] if f["rule"] == "overlap"}
    assert [set(codes) for codes in found] == [set(pair)]
    assert min(found.values()) > 1000
    placed = pd.read_parquet(home.path / "lake/night" / NIGHTS[1] / "locate/place/place_grid.parquet")
    buildings = placed[placed["node_kind"].eq("building")]
    assert buildings["reason"].eq("overlap").sum() > 0
    assert buildings.loc[buildings["reason"].eq("overlap"), "grid_id"].isna().all()
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"
