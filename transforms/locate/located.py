"""The hand-over table of one kind: up to three candidates per record and address, a place or a reason for each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from transforms.divisions import LEVELS as DIVISIONS
from transforms.locate.cut import Cut
from transforms.locate.library import LEVELS
from transforms.locate.match import Matcher
from transforms.locate.readings import decide
from transforms.model import LOCATED

_OUTSIDE = "outside"  # the level standardise gives an address of elsewhere; where no grids are sent, all is outside
_SAID = ("level", "among", *DIVISIONS, *LEVELS, "relation", "residual")
_UNREAD = 1_500  # as much as a level dropped


def columns(prop: str) -> list[str]:
    """The clean columns of an address property that its place hangs on."""
    return [prop, *(f"{prop}_{name}" for name in _SAID)]


def addresses(
    live: pd.DataFrame, prop: str, matcher: Matcher, library: pd.DataFrame, grid_of: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    """Locate one address property of a kind.

    Args:
        live: live records with ``record_id`` and the property's clean columns.
        prop: the property's name.
        matcher: of the library.
        library: the library itself.
        grid_of: node kind → ``grid_id method reason`` by node id, of tonight's cut.

    Returns:
        Columns of ``model.LOCATED``; every record has rank 1.
    """
    said = live[columns(prop)[1:]].set_axis(list(_SAID), axis=1)
    said = said.where(said.notna(), None)
    texts, of_text = _distinct(said)
    texts, found = _matched(texts, matcher)
    rows = pd.DataFrame(
        {"record_id": live["record_id"].to_numpy(), "text": of_text, "silent": live[prop].isna().to_numpy()}
    )
    located = rows.merge(found, on="text", how="left")
    located = located.assign(
        rank=located["rank"].fillna(1), node=located["node"].fillna(-1), score=located["score"].fillna(0),
        match_class=located["match_class"].where(located["match_class"].notna(), "unresolved"),
    )  # fmt: skip
    told = texts.take(located["text"].to_numpy()).set_axis(located.index)
    located = _with_unread(located, told)
    return _finished(_placed(located, told, library), told, grid_of).assign(property=prop)[LOCATED.names]


def points(live: pd.DataFrame, prop: str, lon: str, lat: str, cut: Cut | None) -> pd.DataFrame:
    """Locate records that have a point of their own by the polygon around it."""
    if cut is None:
        found = pd.DataFrame({"grid_id": None, "reason": "outside"}, index=live.index, dtype=object)
    else:
        found = cut.assign(live[lon], live[lat])
    table = pd.DataFrame(None, index=live.index, columns=LOCATED.names, dtype=object)
    return table.assign(
        record_id=live["record_id"], property=prop, rank=1, score=0, grid_id=found["grid_id"], reason=found["reason"],
        method=found["grid_id"].notna().map({True: "polygon", False: None}),
    )  # fmt: skip


def _distinct(said: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Distinct parsed addresses and, per row, the position of its own."""
    group = said.fillna("").groupby(list(_SAID), sort=False).ngroup().to_numpy(dtype=np.int64)
    first = ~pd.Series(group).duplicated().to_numpy()
    return said[first].reset_index(drop=True), group


def _matched(texts: pd.DataFrame, matcher: Matcher) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The texts, without the residuals that the library could read, and what was found for each."""
    found, read = matcher.match(texts), decide(texts, matcher)
    told = texts["residual"].mask(texts.index.isin(read["text"]), None)
    rest = found[~found["text"].isin(read["text"])]
    return texts.assign(residual=told), pd.concat([rest, read.assign(rank=1, match_class="normalised")])


def _with_unread(located: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """A text that says more than could be read (a number, a relation) names a place inside the node, not the node."""
    unread = told["residual"].str.contains(r"\d", na=False) | told["relation"].notna()
    unread &= located["match_class"].isin(["exact", "normalised"])
    return located.assign(
        match_class=located["match_class"].mask(unread, "parent"), score=located["score"] - _UNREAD * unread
    )


def _placed(located: pd.DataFrame, told: pd.DataFrame, library: pd.DataFrame) -> pd.DataFrame:
    """Adds ids, level and village of the node, or what the text alone says."""
    node = located["node"].to_numpy(dtype=np.int64)
    hit = node >= 0
    values = {
        name: np.full(len(node), None, dtype=object)
        for name in ("address_id", "building_id", "house_id", "level", "village")
    }
    for name, value in values.items():
        value[hit] = library[name].to_numpy(dtype=object)[node[hit]]
    finest = told["village"].where(told["village"].notna(), told["town"]).to_numpy(dtype=object)
    values["village"] = np.where(hit, values["village"], finest)
    values["level"] = np.where(hit, values["level"], np.where(located["rank"].eq(1), told["level"], None))
    return located.assign(**values)


def _finished(located: pd.DataFrame, told: pd.DataFrame, grid_of: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Adds grid, method and reason: of the address, or why its node stands in no grid and its village neither."""
    hit = located["address_id"].notna()
    elements = told[list(LEVELS)].notna().any(axis=1)
    reason = pd.Series("unresolved", index=located.index, dtype=object)
    reason[~elements & located["village"].notna()] = "village_only"
    reason[told["level"].eq(_OUTSIDE)] = "outside"
    reason[located["silent"]] = "no_address"
    address = grid_of["address"].reindex(located["address_id"]).set_axis(located.index)
    division = grid_of["division"].reindex(located["village"]).set_axis(located.index)
    own = address["grid_id"].notna()
    grid = address["grid_id"].where(own, division["grid_id"])
    reason = reason.where(~hit, address["reason"].fillna(_OUTSIDE).where(grid.isna(), None))
    located = located.assign(reason=reason, grid_id=grid, method=address["method"].where(own, division["method"]))
    return located.where(located.notna(), None)
