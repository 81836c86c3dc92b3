"""The crosswalk of old business grids against the truth: where those who were met in an old grid really live."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.homes import NIGHTS, Home
from transforms.account.suppress import LEAST

WALK = "wangge_renkou"
_SMALL = 16  # digits of a small grid's code; a micro grid's begins with its small one's


def crossed(home: Path, truth: Path) -> pd.DataFrame:
    """``old_grid grid persons``: rows of the walk by their old grid and the small grid they truly live in."""
    live = pd.read_parquet(home / "lake/night" / NIGHTS[0] / "account/live/person.parquet")
    walked = live.loc[live["source"].eq(WALK), ["batch", "line", "old_grid"]]
    walked = walked.assign(file_sha256=walked["batch"].str.rsplit("-", n=1).str[-1])
    known = pd.read_parquet(truth / "person.parquet", columns=["source", "file_sha256", "line", "grid"])
    rows = walked.merge(known[known["source"].eq(WALK)], on=["file_sha256", "line"], validate="1:1")
    assert len(rows) == len(walked) > 0
    rows = rows.assign(grid=rows["grid"].str[:_SMALL])
    return rows.groupby(["old_grid", "grid"]).size().rename("persons").reset_index()


def published(home: Path) -> pd.DataFrame:
    folder = home / "lake/night" / NIGHTS[0]
    rows = pd.read_parquet(folder / "account/release/grid_crosswalk.open.parquet")
    code = pd.read_parquet(folder / "merge/grid/std_grid.parquet").set_index("grid_id")["code"]
    rows = rows[rows["source"].eq(WALK)]
    return rows.assign(grid=rows["grid_id"].map(code))[["old_code", "grid", "weight"]]


def test_the_crosswalk_is_where_people_of_an_old_grid_really_live(first_night: Path, city: Path) -> None:
    truth, found = crossed(first_night, city / "truth"), published(first_night)
    whole = truth.groupby("old_grid")["persons"].transform("sum")
    real = truth.assign(share=truth["persons"] / whole)
    both = real.merge(found, left_on=["old_grid", "grid"], right_on=["old_code", "grid"], how="right")
    assert len(both) > 5
    assert both["share"].notna().all()  # nobody is sent into a grid in which nobody of the old one lives
    # what stale and unreadable addresses cost: measured over 48 shares of a city of 6000, 0.062 at most
    assert (both["share"] - both["weight"]).abs().max() < 0.15
    told = real[real["persons"] >= 2 * LEAST].merge(both, on=["old_grid", "grid"], how="left")
    assert len(told) > 3
    assert told["weight"].notna().all()


def test_old_grids_are_told_whole_split_and_unmatched(first_night: Path) -> None:
    home = Home(first_night)
    answer = home.call("grid", "crosswalk", "--night", NIGHTS[0]).stdout
    codes = pd.read_parquet(first_night / "lake/night" / NIGHTS[0] / "account/release/old_grid.parquet")
    for source, of_source in codes.groupby("source"):
        counts = of_source["state"].value_counts()
        told = ", ".join(f"{counts.get(state, 0)} {state}" for state in ("whole", "split", "unmatched"))
        assert f"{source}: {told}" in answer
    assert set(codes["source"]) == {WALK, "chengguan_bujian"}
    grids = published(first_night).groupby("old_code").size()
    walked = codes[codes["source"].eq(WALK)].set_index("old_code")
    assert walked.loc[walked["grids"] > 0, "grids"].to_dict() == grids.to_dict()
