"""Street furniture and fire facilities beside buildings, classes by GB/T 30428.2 (see README)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.config import table
from demo.draw import Dice, Floats, Texts, pick
from demo.places import Places
from demo.tiling import SHIFT, STEP

URBAN, RURAL = 16, 4  # facilities per small grid
METRE = 9.0e-6  # degrees of latitude
FIRE, TRANSPORT = ("0106", "0121", "0122"), ("0201", "0202", "0203", "0204")  # classes whose owners deliver their own
_SLOTS = 3  # a side: places of a lattice square where things of one class stand, about 19 m from each other
_TOGETHER = 0.04  # chosen: stands beside another of its class, as two lids over one shaft and two signs on one post do
_MARGIN = SHIFT + 0.04  # of a square, as for buildings: the border's nodes may be shifted


def build_facilities(villages: pd.DataFrame, places: Places, small_grids: int, seed: int) -> pd.DataFrame:
    """Facilities, one row each: class, class_name, owner, building, lon, lat, code (16 digits), own_number."""
    community = villages["community"].to_numpy()[places.buildings["village"].to_numpy()]
    weight = np.where(community, URBAN, RURAL)
    share = weight / (np.bincount(places.buildings["grid"])[places.buildings["grid"].to_numpy()])
    count = max(60, round(float(share.sum())))
    ids = np.arange(count, dtype=np.int64)
    frame = pd.DataFrame({"building": Dice(seed, "facility site").weighted(ids, share)})
    classes = table("facility_classes")
    town = community[frame["building"]]
    every = classes["weight"].astype(float).to_numpy()
    rural = np.where(classes["urban_only"] == "1", 0.0, every)
    dice = Dice(seed, "facility class")
    kind = np.where(town, dice.weighted(ids, every), dice.weighted(ids, rural))
    frame["class"] = classes["code"].to_numpy(dtype=object)[kind]
    frame["class_name"] = classes["name"].to_numpy(dtype=object)[kind]
    frame["owner"] = classes["owner"].to_numpy(dtype=object)[kind]
    frame["lon"], frame["lat"] = _points(frame, places, Dice(seed, "facility point"))
    county = villages["county_code"].str[:6].to_numpy(dtype=object)
    village = places.buildings["village"].to_numpy()[frame["building"]]
    group = county[village] + frame["class"].to_numpy(dtype=object)
    order = np.lexsort((Dice(seed, "facility number").bits(ids), group.astype(np.int64)))
    rank = pd.Series(group[order]).groupby(group[order]).cumcount().to_numpy()
    serial = np.empty(count, dtype=np.int64)
    serial[order] = rank + 1
    frame["code"] = np.array([f"{g}{s:06d}" for g, s in zip(group, serial.tolist(), strict=True)], dtype=object)
    frame["own_number"] = _own_numbers(frame["class"], seed)
    frame["state"] = pick(["完好", "破损", "丢失", "废弃"], Dice(seed, "facility state").weighted(ids, [93, 4, 1, 2]))
    frame["county"] = villages["county"].to_numpy(dtype=object)[village]
    return frame


def _own_numbers(classes: pd.Series[str], seed: int) -> Texts:
    """The owner's number, which stands on the thing: of the owners that deliver theirs, else empty."""
    ids = np.arange(len(classes), dtype=np.int64)
    fire = [f"XF{n:010d}" for n in Dice(seed, "fire number").scramble(ids, 32).tolist()]
    transport = [f"JT{n:08d}" for n in Dice(seed, "transport number").scramble(ids, 26).tolist()]
    known: Texts = np.where(classes.isin(FIRE), np.array(fire, dtype=object), "")
    return np.where(classes.isin(TRANSPORT), np.array(transport, dtype=object), known).astype(object)


def _points(frame: pd.DataFrame, places: Places, dice: Dice) -> tuple[Floats, Floats]:
    """Where the facilities stand, in the lattice square of their building: of one class mostly some metres apart.

    Lamps stand 25 to 35 m apart and hydrants at most 120 m (CJJ 45 and GB 50974, from memory); of one class and square
    nine stand in places of their own before two share one, but for those that stand together.
    """
    ids = np.arange(len(frame), dtype=np.int64)
    squares = places.buildings[["x", "y"]].to_numpy()[frame["building"]].astype(np.int64)
    crowd = pd.factorize(pd.Series(squares[:, 0] * 1_000_003 + squares[:, 1]).astype(str) + frame["class"])[0]
    apart = pd.Series(~dice.happens(ids, _TOGETHER, 5)).groupby(crowd).cumsum().to_numpy().astype(np.int64)
    slot = (dice.below(crowd.astype(np.int64), _SLOTS**2, 6) + 2 * apart) % _SLOTS**2
    degrees = []
    for axis, (number, turn) in enumerate(((slot % _SLOTS, 1), (slot // _SLOTS, 2))):
        jitter = (dice.uniform(ids, turn) - 0.5) * 6 * METRE  # 3 m to each side
        middle = squares[:, axis] + _MARGIN + (number + 0.5) / _SLOTS * (1 - 2 * _MARGIN)
        degrees.append(np.round(middle * STEP + jitter, 7))
    return degrees[0], degrees[1]
