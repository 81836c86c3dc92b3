"""What a city is made of and how often departments err, read from YAML and CSV files beside the code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
import yaml

HERE = Path(__file__).parent
DATA = HERE / "data"
DIVISIONS = HERE.parent / "expectations" / "lookups" / "divisions.csv"

Rates = dict[str, float]
BY_PEOPLE = "address_by_people"  # habit of departments whose addresses people write; demo/README.md says which
HEAD_FORMS = {  # what their addresses leave out, by the element's name in data/address_heads.csv
    "address_no_province": "province", "address_no_city": "city", "address_no_county": "county",
    "address_no_town": "town", "address_no_village": "village", "address_estate_only": "road",
}  # fmt: skip


@dataclass(frozen=True)
class CityConfig:
    """The figures and word lists of one city (`cities/<name>.yml`)."""

    name: str
    city_code: str
    residents: int
    small_grids: int
    area_code: str
    credit_region: str
    trade_names: list[str]
    roads: list[str]
    new_roads: list[str]
    estates: list[str]
    hamlets: list[str]
    migrant_provinces: dict[str, float]
    figures: dict[str, float]


def city_config(name: str) -> CityConfig:
    """Read the configuration of a city.

    Raises:
        ValueError: there is no such city.
    """
    path = HERE / "cities" / f"{name}.yml"
    if not path.is_file():
        known = sorted(entry.stem for entry in (HERE / "cities").glob("*.yml"))
        raise ValueError(f"no city named {name!r}; known: {', '.join(known)}")
    return CityConfig(name=name, **yaml.safe_load(path.read_text(encoding="utf-8")))


@cache
def all_rates() -> dict[str, Rates]:
    """Rates per department (habits and errors together) and under `city`, from `rates.yml`."""
    content = yaml.safe_load((HERE / "rates.yml").read_text(encoding="utf-8"))
    city = {name: float(value) for name, value in content.pop("city").items()}
    return {"city": city} | {
        name: {key: float(value) for part in ("habits", "errors") for key, value in block[part].items()}
        for name, block in content.items()
    }


@cache
def error_names() -> dict[str, list[str]]:
    """The names of the errors each department makes."""
    content = yaml.safe_load((HERE / "rates.yml").read_text(encoding="utf-8"))
    return {
        name: sorted({*block["errors"], *(HEAD_FORMS if BY_PEOPLE in block["habits"] else ())})
        for name, block in content.items()
        if name != "city"
    }


@cache
def broken_files() -> dict[str, list[str]]:
    """The faults of whole files (`damage/whole.py`) that each department sends, in order."""
    content = yaml.safe_load((HERE / "rates.yml").read_text(encoding="utf-8"))
    return {name: list(block["files"]) for name, block in content.items() if "files" in block}


@cache
def table(name: str) -> pd.DataFrame:
    """A CSV of `data/`, every value text."""
    return pd.read_csv(DATA / f"{name}.csv", dtype=str, keep_default_na=False)


@cache
def divisions() -> pd.DataFrame:
    """The division table shared with the pipeline, every value text."""
    return pd.read_csv(DIVISIONS, dtype=str, keep_default_na=False)
