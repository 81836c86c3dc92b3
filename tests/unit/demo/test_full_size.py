"""The whole city's divisions and grids, drawn without one resident: counts, exact tiling, exclusive and micro grids."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pytest
import shapely

from demo.config import city_config, divisions
from demo.draw import Flags
from demo.settlement import all_villages, choose, draw_grids, outlines, village_cells
from demo.tiling import Cells, Surveyor

SEED = 7


@dataclass(frozen=True)
class Full:
    """Villages and grids of a city at its published size."""

    name: str
    villages: pd.DataFrame
    grids: pd.DataFrame
    cells: list[Cells]

    @cached_property
    def polygons(self) -> np.ndarray:
        surveyor = Surveyor(SEED)
        rings = [surveyor.ring(part) for part in self.cells]
        corners = np.concatenate([np.array(ring) for ring in rings])
        return shapely.polygons(
            shapely.linearrings(corners, indices=np.repeat(np.arange(len(rings)), list(map(len, rings))))
        )

    @cached_property
    def place(self) -> dict[str, int]:
        return {code: at for at, code in enumerate(self.grids["code"])}

    def of(self, level: str, kind: str) -> pd.DataFrame:
        return self.grids[(self.grids["level"] == level) & (self.grids["type"] == kind)]

    def in_villages(self, grids: pd.DataFrame, column: str) -> Flags:
        flags: Flags = self.villages[column].to_numpy()[grids["village"].to_numpy()]
        return flags


def full(name: str) -> Full:
    config = city_config(name)
    everything = all_villages(config, SEED)
    chosen = choose(everything, config, config.residents, SEED)
    grids = draw_grids(chosen, village_cells(everything, chosen, config), SEED)
    return Full(name, chosen, grids.table, grids.cells)


@pytest.fixture(scope="module")
def yunfu() -> Full:
    return full("yunfu")


def test_the_published_figures(yunfu: Full) -> None:
    """63 towns and streets, 972 villages and communities, 14 069 small grids (published by the city)."""
    general = yunfu.grids[yunfu.grids["type"] == "综合"].groupby("level").size()
    assert (general["大网格"], general["中网格"], general["小网格"]) == (63, 972, 14_069)
    assert not yunfu.grids["code"].duplicated().any()


def test_towns_villages_and_communities_are_the_real_ones(yunfu: Full) -> None:
    """55 towns and 8 streets, 847 villages and 125 communities (statistics bureau's codes of 2023-06-30)."""
    towns = yunfu.villages.drop_duplicates("town_code")
    assert (len(towns) - towns["street"].sum(), towns["street"].sum()) == (55, 8)
    assert Counter(yunfu.villages["community"].tolist()) == {False: 847, True: 125}
    table = divisions().set_index("code")
    named = table.loc[yunfu.villages["code"]]
    assert (named["name"].to_numpy() == yunfu.villages["name"].to_numpy()).all()
    assert (named["pseudo"] == "false").all()


def test_a_second_city_has_all_its_own_divisions() -> None:
    """Changzhou, by configuration alone: every unit of its table that is no pseudo-unit, and the grids asked for."""
    table = divisions()
    real = table[(table["pseudo"] == "false") & (table["valid_to"] == "") & table["code"].str.startswith("3204")]
    counts = real.groupby("level").size()
    assert counts["village"] > 900
    changzhou = full("changzhou")
    general = changzhou.grids[changzhou.grids["type"] == "综合"].groupby("level").size()
    wanted = (counts["town"], counts["village"], city_config("changzhou").small_grids)
    assert (general["大网格"], general["中网格"], general["小网格"]) == wanted
    assert changzhou.grids["code"].str.startswith("3204").all()


def test_every_parent_is_tiled_without_gap_or_overlap(yunfu: Full) -> None:
    """Exact by shapely at full size: the union is the parent, and the areas add up."""
    shapes, grids = yunfu.polygons, yunfu.grids
    assert shapely.is_valid(shapes).all()
    assert shapely.area(shapes).min() > 0
    families = grids[grids["parent"] != ""].groupby("parent").groups
    assert len(families) > 63 + 972 + 100
    for parent, children in families.items():
        whole = shapes[yunfu.place[str(parent)]]
        parts = shapes[children.to_numpy()]
        assert shapely.union_all(parts).symmetric_difference(whole).area < 1e-15, parent
        assert shapely.area(parts).sum() == pytest.approx(whole.area, rel=1e-9), parent


def test_towns_fill_one_region_inside_each_real_county(yunfu: Full) -> None:
    shapes = outlines(city_config("yunfu"))
    large = yunfu.of("大网格", "综合")
    county = large["code"].str[:6] + "000000"
    assert county.nunique() == 5
    for code, rows in large.groupby(county).groups.items():
        towns = yunfu.polygons[rows.to_numpy()]
        whole = shapely.union_all(towns)
        assert isinstance(whole, shapely.Polygon), "one piece"
        assert not whole.interiors, "no gap"
        assert shapely.area(towns).sum() == pytest.approx(whole.area, rel=1e-9), "no overlap"
        assert shapely.covers(shapes[str(code)], whole)


def test_exclusive_grids_are_cut_out_of_a_general_one(yunfu: Full) -> None:
    """Each lies beside the general grid it was cut out of, and together they are one region of the village."""
    special = yunfu.of("小网格", "专属")
    general = yunfu.of("小网格", "综合")
    assert 300 < len(special) < 2000
    siblings = general.groupby("parent").indices
    rows = general.index.to_numpy()
    for at, parent in special["parent"].items():
        hole = yunfu.polygons[at]
        touching = [r for r in rows[siblings[parent]] if yunfu.polygons[r].intersection(hole).length > 0]
        assert touching
        assert any(isinstance(shapely.union(hole, yunfu.polygons[r]), shapely.Polygon) for r in touching)


def test_every_community_has_an_exclusive_grid(yunfu: Full) -> None:
    special = yunfu.of("小网格", "专属")
    with_one = set(special["parent"])
    communities = yunfu.villages.loc[yunfu.villages["community"], "code"]
    assert np.mean([code in with_one for code in communities]) > 0.97, "a community of two tiny grids may have none"
    villages = yunfu.villages.loc[~yunfu.villages["community"], "code"]
    assert 0.1 < np.mean([code in with_one for code in villages]) < 0.6


def test_micro_grids_are_in_towns_and_under_general_grids_only(yunfu: Full) -> None:
    """Streets' communities have four levels; exclusive grids are not divided further (practice of the seeds)."""
    micro = yunfu.of("微网格", "综合")
    assert len(micro) > 500
    assert (yunfu.in_villages(micro, "street") & yunfu.in_villages(micro, "community")).all()
    parents = yunfu.grids.set_index("code").loc[micro["parent"]]
    assert (parents["level"] == "小网格").all()
    assert (parents["type"] == "综合").all()
    assert micro.groupby("parent").size().min() > 1
    town = yunfu.of("小网格", "综合")
    town = town[yunfu.in_villages(town, "street") & yunfu.in_villages(town, "community")]
    assert town["code"].isin(micro["parent"]).mean() > 0.5
