"""Licences of organizations and the premises they hold for: one premises with many, one licence for many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.config import table
from demo.draw import Dice, Ints
from demo.places import Places

MORE = 2**29  # further premises of an organization: number + MORE; the first has the organization's `premises`


@dataclass(frozen=True)
class Trade:
    """Premises and licences, one table each.

    `premises`: premises (entity id), organization, house, first (bool). `licences`: number, kind, authority,
    organization, premises, house; a licence for several premises has a row for each.
    """

    premises: pd.DataFrame
    licences: pd.DataFrame


def build_trade(organizations: pd.DataFrame, places: Places, rates: dict[str, float], seed: int) -> Trade:
    """The premises organizations trade from (chains have several) and the licences that hold for them."""
    ids = np.flatnonzero((organizations["site"] >= 0).to_numpy()).astype(np.int64)
    chain = Dice(seed, "chain").happens(ids, rates["licence_for_many_premises"])
    chain[:1] = True  # the smallest city has one
    extra = np.where(chain, 1 + Dice(seed, "chain size").below(ids, 3), 0)
    owner = np.repeat(ids, extra)
    number = np.arange(len(owner), dtype=np.int64)
    pool = np.flatnonzero(places.houses["use"].isin(["commercial", "office"]).to_numpy())
    pool = pool if len(pool) else places.dwellings()
    first = pd.DataFrame({
        "premises": organizations["premises"].to_numpy()[ids], "organization": ids,
        "house": organizations["site"].to_numpy()[ids], "first": True,
    })  # fmt: skip
    more = pd.DataFrame({
        "premises": number + MORE, "organization": owner,
        "house": pool[Dice(seed, "chain site").below(owner * 8 + _rank(extra), len(pool))], "first": False,
    })  # fmt: skip
    premises = pd.concat([first, more], ignore_index=True)
    return Trade(premises, _licences(organizations, premises, seed))


def _rank(sizes: Ints) -> Ints:
    """0, 1, 2 ... within every run of the given sizes."""
    ranks: Ints = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return ranks


def _licences(organizations: pd.DataFrame, premises: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Every kind of licence its industry needs (`data/licences.csv`), each with one number per organization."""
    industry = organizations["industry"].to_numpy(dtype=object)[premises["organization"].to_numpy()].astype(str)
    parts = []
    for turn, (prefix, kind, authority, series) in enumerate(table("licences").itertuples(index=False, name=None)):
        rows = premises[np.char.startswith(industry, prefix)]
        code = Dice(seed, "licence number", str(turn)).scramble(rows["organization"].to_numpy(), 38)
        number = [f"{series}{n:012d}" for n in code.tolist()]
        parts.append(rows.drop(columns="first").assign(kind=kind, authority=authority, number=number))
    return pd.concat(parts, ignore_index=True)
