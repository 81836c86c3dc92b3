"""Street furniture and fire facilities beside buildings, classes by GB/T 30428.2 (see README)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.config import table
from demo.draw import Dice, pick
from demo.places import Places

URBAN, RURAL = 16, 4  # facilities per small grid
METRE = 9.0e-6  # degrees of latitude


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
    offset = Dice(seed, "facility point")
    for axis, turn in (("lon", 1), ("lat", 2)):
        base = places.buildings[axis].to_numpy()[frame["building"]]
        frame[axis] = np.round(base + (offset.uniform(ids, turn) - 0.5) * 6 * METRE, 7)
    county = villages["county_code"].str[:6].to_numpy(dtype=object)
    village = places.buildings["village"].to_numpy()[frame["building"]]
    group = county[village] + frame["class"].to_numpy(dtype=object)
    order = np.lexsort((Dice(seed, "facility number").bits(ids), group.astype(np.int64)))
    rank = pd.Series(group[order]).groupby(group[order]).cumcount().to_numpy()
    serial = np.empty(count, dtype=np.int64)
    serial[order] = rank + 1
    frame["code"] = np.array([f"{g}{s:06d}" for g, s in zip(group, serial.tolist(), strict=True)], dtype=object)
    frame["own_number"] = [f"XF{n:010d}" for n in Dice(seed, "fire number").scramble(ids, 32).tolist()]
    frame["state"] = pick(["完好", "破损", "丢失", "废弃"], Dice(seed, "facility state").weighted(ids, [93, 4, 1, 2]))
    frame["county"] = villages["county"].to_numpy(dtype=object)[village]
    return frame
