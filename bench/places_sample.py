"""Made-up addresses of a city, as three departments write them, and the library of its houses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.city import build_world
from demo.config import all_rates
from demo.draw import Dice, Flags
from transforms.divisions import divisions
from transforms.locate import library
from transforms.run import REPOSITORY
from transforms.standardise import mentions
from transforms.standardise.address import gazetteer, parser
from transforms.values import clean_text

WRITERS = ("gongan_hukou", "shebao_canbao", "shuiwu_nashui")
SEED = 7
NIGHT = "2026-10-01"


@dataclass(frozen=True)
class Sample:
    """``texts``: text, house, cut_short (it stops above the house), among; ``houses``: standard address of each house.

    ``among``: how many houses the divisions and elements that the text names fit, by the truth.
    """

    texts: pd.DataFrame
    houses: pd.Series


def sample(residents: int) -> Sample:
    """Every house's address in the words of each of :data:`WRITERS`, distinct texts only."""
    world = build_world("yunfu", residents, 1, SEED)
    houses = np.arange(len(world.places.houses), dtype=np.int64)
    parts = []
    paths = reader().parse(clean_text(pd.Series(world.writer.standard(houses), dtype=object)))["path"]
    for writer in WRITERS:
        text, forms = world.writer.write(houses, all_rates()[writer], Dice(SEED, writer), houses)
        short = forms.get("address_no_door", np.zeros(len(houses), dtype=bool))
        told = pd.DataFrame({"text": text, "house": houses, "cut_short": short, "named": named(paths, forms)})
        parts.append(told.assign(among=told["named"].map(fitting(paths))).drop(columns="named"))
    texts = pd.concat(parts, ignore_index=True).drop_duplicates("text", ignore_index=True)
    return Sample(texts, pd.Series(world.writer.standard(houses), dtype=object))


_SCOPES = (("address_no_village", 12), ("address_no_town", 9), ("address_no_county", 6))  # digits of the code


def named(paths: pd.Series, forms: dict[str, Flags]) -> pd.Series:
    """The finest division that each text names, and what it says below the village."""
    nobody = np.zeros(len(paths), dtype=bool)
    scope = pd.Series("", index=paths.index, dtype=object)
    for form, digits in reversed(_SCOPES):
        scope = scope.where(forms.get(form, nobody), paths.str[:digits])
    tail = paths.str[12:]
    return scope + tail.mask(
        forms.get("address_estate_only", nobody), tail.str.replace(r"^.*?(?=\|estate:)", "", regex=True)
    )


def fitting(paths: pd.Series) -> Counter[str]:
    """How many houses each (division, elements) fits."""
    distinct = pd.Series(paths.dropna().unique())
    tails = [distinct.str[12:], distinct.str[12:].str.extract(r"(\|estate:.*)$")[0].dropna()]
    codes = [0, *(digits for _, digits in _SCOPES)]
    return Counter(name for tail in tails for digits in codes for name in distinct[tail.index].str[:digits] + tail)


def reader() -> parser.Reader:
    """A fresh reader of the deployment's gazetteer."""
    return parser.Reader(gazetteer.load(REPOSITORY / "expectations", NIGHT))


def build_library(houses: pd.Series, copies: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """The library of the houses, ``copies`` times as large (further copies stand on roads of other names).

    Returns:
        (library, divisions, path of each house).
    """
    known = gazetteer.load(REPOSITORY / "expectations", NIGHT)
    paths = reader().parse(clean_text(houses))["path"]
    nodes = {node for path in paths.dropna().unique() for node in mentions.nodes(path)}
    every = sorted(nodes | {_moved(path, copy) for copy in range(1, copies) for path in nodes})
    rows = mentions.described(pd.DataFrame({"path": every}), known)
    ids = [f"a{number:08d}" for number in range(len(rows))]
    rows = rows.assign(source="x", record_id=ids, entity_id=ids, building_code=None, lon=np.nan, lat=np.nan)
    nothing = pd.DataFrame({"building_id": [], "code": [], "lon": [], "lat": []}, dtype=object)
    no_house = pd.DataFrame({"entity_id": [], "address_path": []}, dtype=object)
    places = divisions(REPOSITORY / "expectations", NIGHT)
    return library.build(rows, nothing, no_house, places, {"x": 90}), places, paths


def _moved(path: str, copy: int) -> str:
    for level in ("road", "group", "estate"):
        path = path.replace(f"|{level}:", f"|{level}:{copy}新")
    return path
