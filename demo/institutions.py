"""Bodies that no market register knows: committees, schools, clinics, hospitals, offices, associations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from demo.config import CityConfig, table
from demo.draw import Dice, Ints, Texts, pick
from demo.numbers import credit_codes
from demo.people import TODAY
from demo.places import Places

BASE = 2**30  # institutions and their premises are entities of their own: position + BASE
COLUMNS = ["kind", "label", "name", "code", "house", "village", "owner", "owner_name", "owner_number", "phone",
           "established", "capacity", "from_night"]  # fmt: skip


class Sort(NamedTuple):
    """A row of `data/institutions.csv`."""

    kind: str
    label: str
    per: str
    where: str
    number: str
    capacity: str
    pattern: str
    first_two: str


def build_institutions(
    config: CityConfig, villages: pd.DataFrame, places: Places, persons: pd.DataFrame, lived_in: Ints, seed: int
) -> pd.DataFrame:
    """Institutions, one row each, with the columns of `COLUMNS`.

    How many of each kind stand in a village or town, and how they are named, is in `data/institutions.csv`
    (`per`: village or town; `number`: how many on average; every kind occurs at least once). They sit in public
    buildings and in dwellings nobody lives in.
    """
    kinds = table("institutions")
    parts = [_of_kind(Sort(**row), villages, seed) for row in kinds.to_dict("records")]
    frame = pd.concat(parts, ignore_index=True)
    ids = np.arange(len(frame), dtype=np.int64)
    frame["house"] = _houses(frame["village"].to_numpy(), places, lived_in, seed)
    frame["name"] = _names(frame, villages)
    first_two = frame.pop("first_two").to_numpy(dtype=object)
    frame["code"] = credit_codes(first_two, config.credit_region, Dice(seed, "credit code"), ids + 2**27)
    birth = persons["birth"].to_numpy()
    adults = np.flatnonzero((birth < TODAY - 30 * 365) & (birth > TODAY - 60 * 365))
    owner = adults[Dice(seed, "principal").below(ids, len(adults))]
    frame["owner"] = owner
    frame["owner_name"] = persons["name"].iloc[owner].to_numpy(dtype=object)
    frame["owner_number"] = persons["number"].iloc[owner].to_numpy(dtype=object)
    digits = Dice(seed, "institution phone").below(ids, 1_000_000)
    frame["phone"] = [f"{config.area_code}-0{n:06d}" for n in digits.tolist()]
    days = Dice(seed, "institution established").below(ids, 40 * 365) + 200
    frame["established"] = np.datetime_as_string((TODAY - days).astype("datetime64[D]")).astype(object)
    frame["from_night"] = 1
    return frame[COLUMNS]


def _of_kind(kind: Sort, villages: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The institutions of one kind: village, serial within it, words and capacity."""
    dice = Dice(seed, "institutions", kind.kind)
    places = np.arange(len(villages), dtype=np.int64)
    if kind.per == "town":
        places = np.flatnonzero(~villages["town_code"].duplicated().to_numpy()).astype(np.int64)
    if kind.where != "any":
        community = villages["community"].to_numpy()[places]
        places = places[community == (kind.where == "community")]
    average = float(kind.number)
    codes = villages["code"].astype(np.int64).to_numpy()[places]
    count = np.floor(average + dice.uniform(codes)).astype(np.int64)
    if len(count) and not count.any():
        count[0] = 1
    village = np.repeat(places, count)
    serial = np.arange(len(village)) - np.repeat(np.cumsum(count) - count, count) + 1
    ids = villages["code"].astype(np.int64).to_numpy()[village] * 100 + serial
    size = float(kind.capacity)
    capacity = np.round(size * np.exp(0.4 * dice.normal(ids))).astype(np.int64)
    words = {name: getattr(kind, name) for name in ("kind", "label", "pattern", "first_two")}
    return pd.DataFrame({**words, "village": village, "serial": serial, "capacity": capacity})


def _houses(village: Ints, places: Places, lived_in: Ints, seed: int) -> Ints:
    """A free house in each institution's village: public buildings first, then empty dwellings."""
    houses = places.houses
    use = houses["use"].to_numpy(dtype=object)
    at = places.buildings["village"].to_numpy()[houses["building"].to_numpy()]
    standing = places.buildings["from_night"].to_numpy()[houses["building"].to_numpy()] == 1
    empty = np.ones(len(houses), dtype=bool)
    empty[lived_in] = False
    rank = np.where(use == "public", 0, np.where((use == "dwelling") & empty, 1, 2))
    ids = np.flatnonzero((rank < 2) & standing).astype(np.int64)
    order = ids[np.lexsort((Dice(seed, "institution house").bits(ids), rank[ids], at[ids]))]
    sizes = np.bincount(at[order], minlength=int(at.max()) + 1)
    starts = np.cumsum(sizes) - sizes
    turn = pd.Series(village).groupby(village).cumcount().to_numpy()
    place = starts[village] + turn % np.maximum(sizes[village], 1)
    spare = np.flatnonzero(standing)
    found: Ints = np.where(sizes[village] > 0, order[np.minimum(place, len(order) - 1)], spare[0]).astype(np.int64)
    return found


def _names(frame: pd.DataFrame, villages: pd.DataFrame) -> Texts:
    """Patterns filled with county, town, the village's name and a Chinese serial where there are several."""
    serial = frame.pop("serial").to_numpy()
    pattern = frame.pop("pattern").to_numpy(dtype=object)
    columns = {name: villages[name].to_numpy(dtype=object)[frame["village"].to_numpy()]
               for name in ("county", "town", "short", "name")}  # fmt: skip
    words = pick(["", "第二", "第三", "第四", "第五", "第六", "第七", "第八", "第九"], np.minimum(serial, 9) - 1)
    rows = zip(pattern, columns["county"], columns["town"], columns["short"], columns["name"], words, serial.tolist(),
               strict=True)  # fmt: skip
    offices = ["民政局", "教育局", "财政局", "水务局", "交通运输局", "农业农村局", "司法局", "审计局"]
    return np.array(
        [p.format(county=c, town=t, short=s.removesuffix("社区").removesuffix("村"), name=n, nth=w,
                  office=offices[(k - 1) % len(offices)]) for p, c, t, s, n, w, k in rows],
        dtype=object,
    )  # fmt: skip
