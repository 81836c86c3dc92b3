"""Made-up addresses of a city, as three departments write them, and the library of its houses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.city import build_world
from demo.config import all_rates
from demo.draw import Dice
from transforms.locate import library
from transforms.run import REPOSITORY
from transforms.standardise import mentions
from transforms.standardise.address import gazetteer, parser
from transforms.values import clean_text

WRITERS = ("gongan_hukou", "shebao_canbao", "shuiwu_nashui")
SEED = 7


@dataclass(frozen=True)
class Sample:
    """``texts``: text, house, cut_short (it stops above the house); ``houses``: standard address of each house."""

    texts: pd.DataFrame
    houses: pd.Series


def sample(residents: int) -> Sample:
    """Every house's address in the words of each of :data:`WRITERS`, distinct texts only."""
    world = build_world("yunfu", residents, 1, SEED)
    houses = np.arange(len(world.places.houses), dtype=np.int64)
    parts = []
    for writer in WRITERS:
        text, forms = world.writer.write(houses, all_rates()[writer], Dice(SEED, writer), houses)
        short = forms.get("address_no_door", np.zeros(len(houses), dtype=bool))
        parts.append(pd.DataFrame({"text": text, "house": houses, "cut_short": short}))
    texts = pd.concat(parts, ignore_index=True).drop_duplicates("text", ignore_index=True)
    return Sample(texts, pd.Series(world.writer.standard(houses), dtype=object))


def reader() -> parser.Reader:
    """A fresh reader of the deployment's gazetteer."""
    return parser.Reader(gazetteer.load(REPOSITORY / "expectations"))


def build_library(houses: pd.Series, copies: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """The library of the houses, ``copies`` times as large (further copies stand on roads of other names).

    Returns:
        (library, divisions, path of each house).
    """
    known = gazetteer.load(REPOSITORY / "expectations")
    paths = reader().parse(clean_text(houses))["path"]
    nodes = {node for path in paths.dropna().unique() for node in mentions.nodes(path)}
    every = sorted(nodes | {_moved(path, copy) for copy in range(1, copies) for path in nodes})
    rows = mentions.described(pd.DataFrame({"path": every}), known)
    ids = [f"a{number:08d}" for number in range(len(rows))]
    rows = rows.assign(source="x", record_id=ids, entity_id=ids, building_code=None, lon=np.nan, lat=np.nan)
    nothing = pd.DataFrame({"building_id": [], "code": [], "lon": [], "lat": []}, dtype=object)
    no_house = pd.DataFrame({"entity_id": [], "address_path": []}, dtype=object)
    places = library.divisions(REPOSITORY / "expectations")
    return library.build(rows, nothing, no_house, places, {"x": 90}), places, paths


def _moved(path: str, copy: int) -> str:
    for level in ("road", "group", "estate"):
        path = path.replace(f"|{level}:", f"|{level}:{copy}新")
    return path
