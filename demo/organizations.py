"""Organizations and the premises they trade from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.config import CityConfig, divisions, table
from demo.draw import Dice, Flags, Texts, pick
from demo.numbers import credit_codes, mobiles
from demo.people import TODAY
from demo.places import Places

PER_RESIDENT = 28_000 / 2_900_000  # Yunfu: 2.0 per small grid
_LUCKY = "鸿盛达丰泰源顺安福利华昌隆益康鑫宏旺佳美"
_FIRST_TWO = {"company": "91", "sole_trader": "92", "cooperative": "93", "branch": "91"}


def build_organizations(
    config: CityConfig, villages: pd.DataFrame, places: Places, persons: pd.DataFrame, small_grids: int,
    rates: dict[str, float], seed: int,
) -> pd.DataFrame:  # fmt: skip
    """Organizations, one row each.

    Columns: kind, industry, name, code, owner (person), house (registered), site (house it trades from, -1
    none), premises (id), phone, established, status, licence, capital, from_night, rename_night, new_name.
    """
    count = max(12, round(PER_RESIDENT * small_grids * config.residents / config.small_grids))
    ids = np.arange(count, dtype=np.int64)
    trades = table("industries")
    trade = Dice(seed, "trade").weighted(ids, trades["weight"].astype(float).to_numpy())
    frame = pd.DataFrame({"kind": trades["kind"].to_numpy(dtype=object)[trade]})
    frame["industry"] = trades["code"].to_numpy(dtype=object)[trade]
    word = trades["word"].to_numpy(dtype=object)[trade]
    shop = trades["shop"].to_numpy(dtype=object)[trade] == "1"
    branch = (frame["kind"] == "company").to_numpy() & Dice(seed, "branch").happens(ids, 0.12)
    frame.loc[branch, "kind"] = "branch"
    _sites(frame, places, shop, rates, seed)
    _org_names(frame, config, villages, places, word, seed)
    first_two = frame["kind"].map(_FIRST_TWO).to_numpy(dtype=object)
    frame["code"] = credit_codes(first_two, config.credit_region, Dice(seed, "credit code"), ids)
    adults = np.flatnonzero(
        (persons["birth"].to_numpy() < TODAY - 22 * 365) & (persons["birth"].to_numpy() > TODAY - 75 * 365)
    )
    frame["owner"] = adults[Dice(seed, "owner").below(ids, len(adults))]
    frame["owner_name"] = persons["name"].iloc[frame["owner"]].to_numpy(dtype=object)
    frame["owner_number"] = persons["number"].iloc[frame["owner"]].to_numpy(dtype=object)
    landline = Dice(seed, "landline").happens(ids, 0.3)
    digits = Dice(seed, "landline number").below(ids, 1_000_000)
    fixed = np.array([f"{config.area_code}-0{n:06d}" for n in digits.tolist()], dtype=object)
    frame["phone"] = np.where(landline, fixed, mobiles(Dice(seed, "phone"), ids + 50_000_000))
    days = Dice(seed, "established").below(ids, 25 * 365) + 40
    frame["established"] = np.datetime_as_string((TODAY - days).astype("datetime64[D]")).astype(object)
    frame["status"] = pick(["存续", "在业", "注销", "吊销"], Dice(seed, "status").weighted(ids, [70, 20, 6, 4]))
    frame["licence"] = [f"JY{n:012d}" for n in Dice(seed, "licence").scramble(ids, 38).tolist()]
    frame["capital"] = pick(["1", "5", "10", "50", "100", "500", "1000"], Dice(seed, "capital").below(ids, 7))
    frame["from_night"], frame["rename_night"], frame["close_night"] = 1, 0, 0
    return frame


def _sites(frame: pd.DataFrame, places: Places, shop: Flags, rates: dict[str, float], seed: int) -> None:
    """Where organizations are registered and where they trade; some premises hold several licences."""
    ids = np.arange(len(frame), dtype=np.int64)
    commercial = np.flatnonzero(places.houses["use"].isin(["commercial", "office"]).to_numpy())
    dwelling = places.dwellings()
    dice = Dice(seed, "site")
    pool = commercial if len(commercial) else dwelling
    shops, homes = pool[dice.below(ids, len(pool), 1)], dwelling[dice.below(ids, len(dwelling), 2)]
    own = np.where(shop | dice.happens(ids, 0.4, 4), shops, homes)
    trades = shop | dice.happens(ids, 0.5, 3)
    partner = np.full(len(ids), -1)
    second = dice.happens(ids, rates["second_licence_at_premises"], 5)
    previous = np.maximum(ids - 1, 0)
    shares = second & trades & trades[previous] & ~second[previous] & (ids > 0)
    partner[shares] = previous[shares]
    own = np.where(shares, own[previous], own)
    elsewhere = trades & ~shares & dice.happens(ids, rates["registered_elsewhere"], 6)
    frame["site"] = np.where(trades, own, -1)
    frame["house"] = np.where(elsewhere, dwelling[dice.below(ids, len(dwelling), 7)], own)
    frame["partner"] = partner
    frame["premises"] = np.where(shares, previous, ids)


def _org_names(
    frame: pd.DataFrame, config: CityConfig, villages: pd.DataFrame, places: Places, word: Texts, seed: int
) -> None:
    """Registered names: region, trade name, trade and form; branches name their company."""
    ids = np.arange(len(frame), dtype=np.int64)
    building = places.houses["building"].to_numpy()[frame["house"]]
    village = places.buildings["village"].to_numpy()[building]
    names = dict(zip(divisions()["code"], divisions()["name"], strict=True))
    city = names[config.city_code]
    county = villages["county"].to_numpy(dtype=object)[village]
    dice = Dice(seed, "organization name")
    brand = pick(config.trade_names, dice.below(ids, len(config.trade_names)))
    two = dice.happens(ids, 0.5, 1)
    extra = pick(list(_LUCKY), dice.below(ids, len(_LUCKY), 2))
    brand = np.where(two, brand + extra, brand)
    partner = frame["partner"].to_numpy()
    brand = np.where(partner >= 0, brand[np.maximum(partner, 0)], brand)
    kind = frame["kind"].to_numpy(dtype=object)
    region = np.where((kind == "sole_trader") | dice.happens(ids, 0.3, 3), city + county, city)
    base = region + brand + word
    short = np.array([name[:2] for name in villages["short"].to_numpy(dtype=object)[village]], dtype=object)
    base = np.where(kind == "branch", base + short + "分公司", base)
    formal = (kind == "sole_trader") & dice.happens(ids, 0.25, 4)
    frame["name"] = np.where(formal, base + "（个体工商户）", base)
    renamed = pick(config.trade_names, dice.below(ids, len(config.trade_names), 6)) + extra
    frame["new_name"] = region + renamed + word
    frame["brand"] = brand
