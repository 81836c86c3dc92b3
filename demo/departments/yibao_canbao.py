"""Medical insurance: nearly everybody, children and migrants too; Parquet, the insurance standard's field names."""

from __future__ import annotations

import numpy as np

from demo.departments.common import covered, first_night, here
from demo.departments.roll import Roll
from demo.draw import pick
from demo.errors import zero_errors
from demo.extract import Extract
from demo.files import parquet
from demo.people import ages
from demo.world import State

SOURCE = "yibao_canbao"
_KINDS = {"111": "01", "550": "03", "516": "04", "511": "06", "553": "07", "414": "08"}


def extract(state: State) -> Extract:
    """The insured; who died lately is often still insured."""
    dead = state.persons["dead_night"].to_numpy()
    late = (dead > 0) & state.dice(SOURCE).happens(np.arange(len(dead), dtype=np.int64), 0.3, 15)
    born = state.persons["born_night"].to_numpy() <= state.night
    roll = Roll(state, SOURCE, covered(state, SOURCE, here(state) | (late & born)))
    age = ages(roll.frame)
    kinds = np.where(age < 18, "390", np.where(age < 60, "310", "342")).astype(object)
    document_kind, shortened = zero_errors(
        roll.frame["document_kind"].map(_KINDS).to_numpy(dtype=object), roll.rates, roll.dice, roll.rows
    )
    roll.note(shortened)
    columns = {
        "psn_no": roll.serial(state.world.config.city_code[:4] + "{:016d}", 44),
        "psn_cert_type": document_kind,
        "certno": roll.number(),
        "psn_name": roll.name(),
        "gend": roll.sex("1", "2", "3"),
        "naty": roll.text("ethnic"),
        "brdy": roll.birth("{}-{}-{}".format, month_form="{}-{}-00"),
        "tel": roll.phone(),
        "live_addr": roll.home(),
        "insutype": kinds,
        "insu_admdvs": pick(state.world.villages["county_code"].str[:6].to_numpy(dtype=object), roll.village()),
        "opsp_dise_name": pick(["", "高血压", "糖尿病"], roll.dice.weighted(roll.rows, [90, 6, 4], 70)),
        "acct_balc": np.array([f"{n / 100:.2f}" for n in roll.dice.below(roll.rows, 900_000, 71)], dtype=object),
    }
    return roll.extract(columns, {"person": roll.mark()}, roll.cases())


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the number of the first row."""
    return f"psn_insu_d_{as_of}_{correction:02d}.parquet", parquet(part.columns), 1


deliveries = first_night(extract, write)
