"""Addresses as texts: the standard form and the ways departments really write them."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from demo.config import BY_PEOPLE, CityConfig, Rates, divisions, table
from demo.draw import Dice, Flags, Ints, Texts
from demo.heads import drawn, standing
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
    """Writes the addresses of houses; every array of results runs beside the ids asked for.

    An address is a row of pieces (province and city, county, town, village, road, door, block, ...); each piece is
    looked up in a table of all its texts, and the pieces are joined once.
    """

    def __init__(self, config: CityConfig, villages: pd.DataFrame, places: Places) -> None:
        """Make the tables of pieces."""
        names = dict(zip(divisions()["code"], divisions()["name"], strict=True))
        province, city = names[config.city_code[:2] + "0" * 10], names[config.city_code]
        self._regions = pa.array(["", city, province, province + city], pa.large_string())
        b, at = places.buildings, places.buildings["village"].to_numpy()
        village = {level: villages[level].to_numpy(dtype=object)[at] for level in ("county", "town", "short", "name")}
        former = _former_counties(config, village["county"])
        line = (b["road"] + b["hamlet"]).to_numpy(dtype=object)
        self._count = len(b)
        self._counties = _stacked(village["county"], former)
        self._towns = _stacked(village["town"])
        self._villages = _stacked(village["short"], village["name"])
        self._lines = _stacked(line, b["new_road"].to_numpy(dtype=object) if "new_road" in b else line)
        self._estates = _stacked(b["estate"].to_numpy(dtype=object))
        self._building = {name: b[name].to_numpy() for name in ("group", "door", "sub", "block")}
        self._has = {
            "former": former != "",
            "estate": (b["estate"] != "").to_numpy(),
            "road": (b["road"] != "").to_numpy(),
            "field": ((b["hamlet"] != "") | (b["group"] > 0)).to_numpy(),
        }
        self._standing = standing(b)
        self._since = b["road_night"].to_numpy() if "road_night" in b else np.zeros(len(b), dtype=np.int64)
        self._night = 1
        self._house = {name: places.houses[name].to_numpy() for name in ["building", "unit", "room", "label"]}
        self._pieces = Pieces(self._building, self._house)

    def at(self, night: int) -> AddressWriter:
        """The writer of a night: roads have the names they have by then."""
        other = copy(self)
        other._night = night
        return other

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
        at = self._house["building"][houses]
        chosen = {
            name: dice.happens(ids, rates[name], turn=50 + turn)
            for turn, name in enumerate(_FORMS)
            if rates.get(name, 0.0) > 0
        }
        if rates.get(BY_PEOPLE):
            chosen |= drawn(self._standing[at], dice, ids, turn=49)
        flags = dict.fromkeys(_FORMS, np.zeros(len(ids), dtype=bool)) | chosen
        flags["address_no_door"] = flags["address_no_door"] & self._has["field"][at]
        flags["address_old_road"] = flags["address_old_road"] & self._is_renamed(at)
        county = ~(flags["address_from_town"] | flags["address_from_village"] | flags["address_no_county"])
        flags["address_old_county"] = flags["address_old_county"] & self._has["former"][at] & county
        flags["address_committee"] = flags["address_committee"] & ~flags["address_no_village"]
        flags["address_estate_only"] = flags["address_estate_only"] & self._has["estate"][at]
        blank = pa.array(["", " "], pa.large_string()).take(pa.array(flags["address_spaces"].astype(np.int64)))
        text = _together([*self._head(at, flags), blank, *self._local(houses, at, flags, dice, ids)])
        for name, change in _WHOLE.items():
            rows = np.flatnonzero(flags[name])
            changed = np.array([change(value) for value in text[rows]], dtype=object)
            flags[name][rows] = changed != text[rows]
            text[rows] = changed
        return text, {name: flags[name] for name in chosen}

    def village_only(self, houses: Ints) -> Texts:
        """Addresses that stop at the village: 云城区云城街道城中社区."""
        at = pa.array(self._house["building"][houses])
        return _together([part.take(at) for part in (self._counties, self._towns, self._villages)])

    def _is_renamed(self, buildings: Ints) -> Flags:
        """Whether the road of each building has another name by tonight."""
        since = self._since[buildings]
        flags: Flags = (since > 0) & (since <= self._night)
        return flags

    def _look(self, stack: pa.Array, at: Ints, shown: Flags, second: Flags | None = None) -> pa.Array:
        """The pieces of buildings, from the second text where asked, nothing where not shown."""
        index = at if second is None else at + second * self._count
        return stack.take(pa.array(np.where(shown, index, len(stack) - 1)))

    def _head(self, at: Ints, flags: Errors) -> list[pa.Array]:
        from_town, from_village = flags["address_from_town"], flags["address_from_village"]
        deep = flags["address_from_county"] | from_town | from_village
        region = np.where(deep, 0, 2 * ~flags["address_no_province"] + ~flags["address_no_city"])
        county = ~(from_town | from_village | flags["address_no_county"])
        return [
            self._regions.take(pa.array(region)),
            self._look(self._counties, at, county, flags["address_old_county"]),
            self._look(self._towns, at, ~(flags["address_no_town"] | from_village)),
            self._look(self._villages, at, ~flags["address_no_village"], flags["address_committee"]),
        ]

    def _local(self, houses: Ints, at: Ints, flags: Errors, dice: Dice, ids: Ints) -> list[pa.Array]:
        """Everything below the village: road or hamlet or group, door, estate, block, unit, room."""
        on_line, deep = ~flags["address_estate_only"], ~flags["address_no_door"]
        chinese = flags["address_chinese_numeral"].astype(np.int64)
        group, door, sub, block = (self._building[name][at] for name in ("group", "door", "sub", "block"))
        unit, room, label = (self._house[name][houses] for name in ("unit", "room", "label"))
        current = self._is_renamed(at) & ~flags["address_old_road"]
        form = np.where(flags["address_sub_form"], 1 + dice.below(ids, 2, turn=91), 0)
        word = np.where(flags["address_building_word"], 1 + dice.below(ids, 3, turn=90), 0)
        ending = np.where(flags["address_no_room_word"], 0, np.where(flags["address_room_word"], 2, 1))
        ending = np.where(label == "铺", 3, np.where((ending == 1) & (label == ""), 0, ending))
        dashed = flags["address_dashes"] & (block > 0) & (room > 0) & deep
        spelt = deep & ~dashed
        look = self._pieces.look
        return [
            self._look(self._lines, at, on_line, current),
            look("group", group, on_line, chinese),
            look("door", door, on_line & deep, chinese),
            look("sub", sub, on_line & deep, form),
            self._look(self._estates, at, deep),
            look("block", block, spelt, word * 2 + chinese),
            look("unit", unit, spelt, chinese),
            look("dash block", block, dashed),
            look("dash unit", unit, dashed),
            look("room", room, deep, np.where(dashed, 0, ending)),
        ]


class Pieces:
    """The texts of every number an address can hold, in each of its forms."""

    def __init__(self, building: dict[str, Ints], house: dict[str, Ints]) -> None:
        """Spell all numbers up to the largest of the city."""
        forms: dict[str, tuple[Ints, list[Callable[[int], str]]]] = {
            "group": (building["group"], [lambda n: f"第{n}村民小组", lambda n: f"第{numeral(n)}村民小组"]),
            "door": (building["door"], [lambda n: f"{n}号", lambda n: f"{numeral(n)}号"]),
            "sub": (building["sub"], [lambda n: f"之{numeral(n)}", lambda n: f"-{n}", lambda n: f"附{n}号"]),
            "block": (building["block"], [form for word in _BLOCK_WORDS for form in _with_word(word)]),
            "unit": (house["unit"], _with_word("单元")),
            "dash block": (building["block"], [lambda n: f"{n}-"]),
            "dash unit": (house["unit"], [lambda n: f"{n}-"]),
            "room": (house["room"], [str, lambda n: f"{n}室", lambda n: f"{n}房", lambda n: f"{n}铺"]),
        }
        self._width = {name: int(values.max(initial=0)) + 1 for name, (values, _) in forms.items()}
        self._tables = {
            name: pa.array(
                [make(n) if n else "" for make in makes for n in range(self._width[name])], pa.large_string()
            )
            for name, (_, makes) in forms.items()
        }

    def look(self, name: str, numbers: Ints, shown: Flags, form: Ints | int = 0) -> pa.Array:
        """The text of each number in its form; none for 0 and where it is not shown."""
        index = np.where(shown & (numbers > 0), numbers + form * self._width[name], 0)
        return self._tables[name].take(pa.array(index))


def _with_word(word: str) -> list[Callable[[int], str]]:
    """A number and a word, in digits and in Chinese numerals."""
    return [lambda n: f"{n}{word}", lambda n: f"{numeral(n)}{word}"]


def _stacked(*texts: Texts) -> pa.Array:
    """Texts of all buildings, one array behind the other, and nothing at the end."""
    return pa.array(np.concatenate([*texts, np.array([""], dtype=object)]), pa.large_string())


def _together(parts: list[pa.Array]) -> Texts:
    joined = pc.binary_join_element_wise(*parts, pa.scalar("", pa.large_string()))
    text: Texts = joined.to_numpy(zero_copy_only=False)
    return text


_FORMS = [
    "address_no_province", "address_from_county", "address_from_town", "address_from_village", "address_no_town",
    "address_committee", "address_building_word", "address_room_word", "address_no_room_word", "address_sub_form",
    "address_chinese_numeral", "address_dashes", "address_full_width", "address_traditional", "address_spaces",
    "address_no_door", "address_old_road", "address_old_county", "address_estate_only", "address_note",
    "address_repeated_prefix", "address_zero_width", "address_beside", "address_typo", "address_no_village",
    "address_no_city", "address_no_county",
]  # fmt: skip


def _former_counties(config: CityConfig, county: Texts) -> Texts:
    """The retired name of each county by the division table (云安县 for 云安区), empty where there is none."""
    every = divisions()
    gone = every[
        (every["level"] == "county") & (every["successor"] != "") & every["code"].str.startswith(config.city_code[:2])
    ]
    names = dict(zip(every["code"], every["name"], strict=True))
    former = {names[new]: old for new, old in zip(gone["successor"], gone["name"], strict=True) if new in names}
    return np.array([former.get(name, "") if former.get(name) != name else "" for name in county], dtype=object)


def _misspelt(text: str) -> str:
    """The address with the last character that has a look-alike replaced by it."""
    for at in range(len(text) - 1, -1, -1):
        other = _lookalikes().get(text[at])
        if other:
            return text[:at] + other + text[at + 1 :]
    return text


@cache
def _lookalikes() -> dict[str, str]:
    source = table("character_variants")
    return {char: other[0] for char, other in zip(source["char"], source["lookalikes"], strict=True) if other}


_WHOLE: dict[str, Callable[[str], str]] = {  # forms that change the text as a whole
    "address_full_width": to_full_width,
    "address_traditional": to_traditional,
    "address_note": lambda text: text + "（租户）",
    "address_repeated_prefix": lambda text: text[: text.find("市", 0, 6) + 1] + text,
    "address_zero_width": lambda text: text + "\u200b",
    "address_beside": lambda text: text + "旁",
    "address_typo": _misspelt,
}
