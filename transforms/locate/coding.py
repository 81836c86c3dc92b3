"""Codes for the grids of a cut (定格赋码) by a scheme: what a city would number them that has none, or numbers anew.

Large and medium grids bear the codes of their town and village, whatever the scheme. Serials run from west to east, and
from north to south where two begin alike (DB11 and DB6101/T 3185 number so): by the grid's own most western, then most
northern point, in steps of some ten metres. No code is changed here: codes come from the office that draws the grids.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import shapely

from transforms.errors import ConfigError
from transforms.locate.room import grids_in_force
from transforms.run import Run

_VILLAGE = 12  # digits of a village's code
_STEP = 4  # decimals of a degree
_EXCLUSIVE, _GENERAL = "2", "1"


def _typed(exclusive: bool, micro: bool) -> tuple[str, int]:
    """Village, 1 general or 2 exclusive, three digits; a micro grid two more behind its small one's."""
    return ("", 2) if micro else (_EXCLUSIVE if exclusive else _GENERAL, 3)


def _serial(exclusive: bool, micro: bool) -> tuple[str, int]:
    """Village and three digits, general and exclusive grids in one row (15 digits: DB11); a micro grid two more."""
    return ("", 2) if micro else ("", 3)


# name → (is exclusive, is micro) → what stands behind the parent's code, and how many digits the serial has
SCHEMES: dict[str, Callable[[bool, bool], tuple[str, int]]] = {"typed": _typed, "serial": _serial}


def codes(grids: pd.DataFrame, scheme: str) -> pd.Series:
    """The code of each grid by a scheme.

    Args:
        grids: ``code level type parent_code polygon`` (WKB, degrees CGCS2000 or null); the parents of small grids are
            medium ones that bear their village's code.
        scheme: one of :data:`SCHEMES`.

    Returns:
        Same index; null for a grid without a polygon or a parent.

    Raises:
        ConfigError: there is no such scheme, or a parent has more parts than its serial has numbers.
    """
    if scheme not in SCHEMES:
        raise ConfigError(f"no scheme {scheme}: there are {', '.join(sorted(SCHEMES))}")
    found = grids["code"].where(grids["level"].isin(["large", "medium"]), None).astype(object)
    ordered = _west_to_east(grids)
    for level in ("small", "micro"):
        parent = dict(zip(grids["code"], found, strict=True))
        parts = ordered[ordered["level"].eq(level)]
        above = parts["parent_code"].map(parent).astype(object)
        parts = parts.assign(above=above.str[:_VILLAGE] if level == "small" else above).dropna(subset="above")
        told = [SCHEMES[scheme](kind == "exclusive", level == "micro") for kind in parts["type"]]
        stem = parts["above"] + [middle for middle, _ in told]
        digits = pd.Series([width for _, width in told], index=parts.index, dtype="int64")
        serial = parts.groupby(stem, sort=False).cumcount() + 1
        if (serial >= 10**digits).any():
            raise ConfigError(f"scheme {scheme} has no more numbers within {stem[serial >= 10**digits].min()}")
        numbers = [str(number).zfill(width) for number, width in zip(serial, digits, strict=True)]
        found[parts.index] = stem + numbers
    return found


def _west_to_east(grids: pd.DataFrame) -> pd.DataFrame:
    drawn = grids[grids["polygon"].notna()]
    west, _, _, north = shapely.bounds(shapely.from_wkb(drawn["polygon"].to_numpy(dtype=object))).T.round(_STEP)
    return drawn.assign(west=west, north=-north).sort_values(["west", "north", "code"])


def grid_codes(run: Run, scheme: str) -> list[dict[str, str | None]]:
    """``code level type proposed`` of a night's grids, by code.

    Raises:
        ConfigError: see :func:`codes`.
        StaleInputError: grids are not resolved.
    """
    grids = grids_in_force(run).sort_values("code", ignore_index=True)
    rows = grids[["code", "level", "type"]].assign(proposed=codes(grids, scheme))
    found: list[dict[str, str | None]] = rows.where(rows.notna(), None).to_dict("records")
    return found
