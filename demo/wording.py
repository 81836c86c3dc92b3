"""Addresses as texts: the standard form and the ways departments really write them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from demo.config import CityConfig, Rates, divisions, table
from demo.draw import Dice, Flags, Ints, Texts, pick
from demo.places import Places

_DIGITS = "〇一二三四五六七八九"
_FULL_WIDTH = str.maketrans("0123456789-", "０１２３４５６７８９－")
_BLOCK_WORDS = ["幢", "栋", "号楼", "座"]
Errors = dict[str, Flags]


@cache
def numeral(number: int) -> str:
    """A Chinese numeral below 100 000: 128 is 一百二十八."""
    if number <= 0:
        return _DIGITS[0]
    text, zero = "", False
    for unit, word in ((10000, "万"), (1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            text += ("零" if zero and text else "") + _DIGITS[digit] + word
            zero = False
        elif text:
            zero = True
    return text[1:] if text.startswith("一十") else text


@cache
def _traditional() -> dict[int, str]:
    """Simplified to traditional characters, one to one."""
    source = table("character_variants")
    pairs = zip(source["char"], source["traditional"], strict=True)
    return {ord(char): other for char, other in pairs if other}


def to_traditional(text: str) -> str:
    """The text in traditional characters where the variant table has one."""
    return text.translate(_traditional())


def to_full_width(text: str) -> str:
    """The text with full-width digits and dashes."""
    return text.translate(_FULL_WIDTH)


class AddressWriter:
    """Writes the addresses of houses; every array of results runs beside the ids asked for."""

    def __init__(self, config: CityConfig, villages: pd.DataFrame, places: Places) -> None:
        """Look up the division names once per building."""
        names = dict(zip(divisions()["code"], divisions()["name"], strict=True))
        self._province = names[config.city_code[:2] + "0" * 10]
        self._city = names[config.city_code]
        at = places.buildings["village"].to_numpy()
        self._levels = {
            level: villages[level].to_numpy(dtype=object)[at] for level in ("county", "town", "short", "name")
        }
        wanted = ["road", "hamlet", "group", "door", "sub", "estate", "block"]
        self._building = {name: places.buildings[name].to_numpy() for name in wanted}
        self._house = {name: places.houses[name].to_numpy() for name in ["building", "unit", "room", "label"]}

    def standard(self, houses: Ints) -> Texts:
        """The one standard address of each house."""
        return self.write(houses, {}, Dice(0, "standard"), houses)[0]

    def write(self, houses: Ints, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
        """Addresses in a department's wording and the names of the forms that differ from the standard.

        Args:
            houses: positions of houses.
            rates: rate of each `address_*` form.
            dice: the department's draws.
            ids: what the habits belong to (a row writes its address the same way every night).
        """
        names = [name for name in _FORMS if rates.get(name, 0.0) > 0]
        flags = {
            name: dice.happens(ids, rates[name], turn=50 + _FORMS.index(name)) if name in names
            else np.zeros(len(ids), dtype=bool)
            for name in _FORMS
        }  # fmt: skip
        at = self._house["building"][houses]
        flags["address_no_door"] &= (self._building["hamlet"][at] != "") | (self._building["group"][at] > 0)
        local = self._local(houses, flags, dice, ids)
        head = self._head(houses, flags)
        text = head + local
        for name, change in (("address_full_width", to_full_width), ("address_traditional", to_traditional)):
            at = np.flatnonzero(flags[name])
            text[at] = [change(value) for value in text[at]]
        at = np.flatnonzero(flags["address_spaces"])
        text[at] = [a + " " + b for a, b in zip(head[at], local[at], strict=True)]
        return text, {name: flags[name] for name in names}

    def village_only(self, houses: Ints) -> Texts:
        """Addresses that stop at the village: 云城区云城街道城中社区."""
        at = self._house["building"][houses]
        text: Texts = self._levels["county"][at] + self._levels["town"][at] + self._levels["short"][at]
        return text

    def _head(self, houses: Ints, flags: Errors) -> Texts:
        at = self._house["building"][houses]
        from_county, from_town = flags["address_from_county"], flags["address_from_town"]
        from_village = flags["address_from_village"]
        deep = from_county | from_town | from_village
        province = np.where(deep | flags["address_no_province"], "", self._province)
        city = np.where(deep, "", self._city)
        county = np.where(from_town | from_village, "", self._levels["county"][at])
        town = np.where(flags["address_no_town"] | from_village, "", self._levels["town"][at])
        formal = flags["address_committee"]
        village = np.where(formal, self._levels["name"][at], self._levels["short"][at])
        result: Texts = province.astype(object) + city.astype(object) + county + town + village
        return result

    def _local(self, houses: Ints, flags: Errors, dice: Dice, ids: Ints) -> Texts:
        at = self._house["building"][houses]
        b = {name: values[at] for name, values in self._building.items()}
        unit, room, label = (self._house[name][houses] for name in ("unit", "room", "label"))
        block_word = np.where(
            flags["address_building_word"], pick(_BLOCK_WORDS[1:], dice.below(ids, 3, turn=90)), _BLOCK_WORDS[0]
        )
        room_word = np.where(flags["address_no_room_word"], "", np.where(flags["address_room_word"], "房", label))
        room_word = np.where(label == "铺", "铺", room_word)
        sub_form = np.where(flags["address_sub_form"], 1 + dice.below(ids, 2, turn=91), 0)
        rows = zip(
            b["road"], b["hamlet"], b["group"].tolist(), b["door"].tolist(), b["sub"].tolist(), b["estate"],
            b["block"].tolist(), unit.tolist(), room.tolist(), block_word, room_word, sub_form.tolist(),
            flags["address_chinese_numeral"].tolist(), flags["address_dashes"].tolist(),
            flags["address_no_door"].tolist(), strict=True,
        )  # fmt: skip
        return np.array([_local_text(*row) for row in rows], dtype=object)


_FORMS = [
    "address_no_province", "address_from_county", "address_from_town", "address_from_village", "address_no_town",
    "address_committee", "address_building_word", "address_room_word", "address_no_room_word", "address_sub_form",
    "address_chinese_numeral", "address_dashes", "address_full_width", "address_traditional", "address_spaces",
    "address_no_door",
]  # fmt: skip


def _local_text(
    road: str, hamlet: str, group: int, door: int, sub: int, estate: str, block: int, unit: int, room: int,
    block_word: str, room_word: str, sub_form: int, chinese: bool, dashes: bool, no_door: bool,
) -> str:  # fmt: skip
    """Everything below the village: road or hamlet or group, door, estate, block, unit, room."""
    number = numeral if chinese else str
    text = road + hamlet + (f"第{numeral(group) if chinese else group}村民小组" if group else "")
    if no_door:
        return text
    text += f"{number(door)}号" + _sub_text(sub, sub_form) + estate
    if dashes and block and room:
        return text + (f"{block}-{unit}-{room}" if unit else f"{block}-{room}")
    if block:
        text += number(block) + block_word
    if unit:
        text += number(unit) + "单元"
    if room:
        text += str(room) + room_word
    return text


def _sub_text(sub: int, form: int) -> str:
    """附号: 之一, -1 or 附1号."""
    if not sub:
        return ""
    return (f"之{numeral(sub)}", f"-{sub}", f"附{sub}号")[form]
