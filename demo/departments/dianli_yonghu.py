"""The power company: metering points with coordinates in BD-09, Parquet."""

from __future__ import annotations

import numpy as np

from demo.datum import bd09
from demo.departments.common import first_night, meters
from demo.draw import pick
from demo.extract import Extract
from demo.files import parquet
from demo.world import State

SOURCE = "dianli_yonghu"


def extract(state: State) -> Extract:
    """The metering points of the houses that stand."""
    rows, frame = meters(state, SOURCE, "power")
    places = state.world.places
    at = places.houses["building"].to_numpy()[rows.who].astype(np.int64)
    lon, lat = rows.point(places.buildings["lon"].to_numpy()[at], places.buildings["lat"].to_numpy()[at], 4.0, bd09)
    columns = {
        "CONS_NO": frame["account"].to_numpy(dtype=object),
        "CONS_NAME": frame["name"].to_numpy(dtype=object),
        "ELEC_ADDR": rows.address(rows.who),
        "MP_NO": frame["meter"].to_numpy(dtype=object),
        "ELEC_TYPE_CODE": pick(["200", "201", "402"], rows.dice.weighted(rows.rows, [80, 12, 8], 70)),
        "LON": lon,
        "LAT": lat,
        "CONTACT_TEL": frame["phone"].to_numpy(dtype=object),
        "YEAR_KWH": np.round(rows.dice.uniform(rows.rows, 71) * 5000, 1),
    }
    return rows.extract(columns, {"address": (state.world.addresses[rows.who], rows.who, at)})


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the number of the first row."""
    return f"c_cons_{as_of}{f'.{correction}' if correction else ''}.parquet", parquet(part.columns), 1


deliveries = first_night(extract, write)
