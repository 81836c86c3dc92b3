"""Kind address: one mention per distinct node that a batch's rows name, every level of their path."""

from __future__ import annotations

import hashlib

import pandas as pd
import pyarrow as pa

from transforms.keys import Keys
from transforms.model import TEXT
from transforms.paths import INSIDE, written
from transforms.standardise.address.gazetteer import Gazetteer

KIND = "address"
COLUMNS = [
    *((name, TEXT) for name in ("path", "parent_path", "level", "name", "full_text", "village", "building_code")),
    ("lon", pa.float64()),
    ("lat", pa.float64()),
]
_CARRIERS = ("door", "estate", "building")  # what may stand for a building; a road or a group holds many


def nodes(path: str) -> list[str]:
    """The path of every node from the coarsest below the village down to the path itself."""
    steps = path.split("|")
    return ["|".join(steps[: end + 1]) for end in range(1, len(steps))]


def carrier(path: str) -> str | None:
    """The node that stands for the building: the path cut above unit, where that is a door, estate or building."""
    steps = [step for step in path.split("|") if step.partition(":")[0] not in INSIDE]
    return "|".join(steps) if steps[-1].partition(":")[0] in _CARRIERS else None


def mentions(rows: pd.DataFrame) -> pd.DataFrame:
    """Distinct nodes of a batch.

    Args:
        rows: ``ordinal line operation path building_code lon lat``, one per accepted row, sorted by ordinal.

    Returns:
        ``path`` distinct and sorted, ``ordinal line operation`` of the smallest row naming it, ``building_code lon
        lat`` of the smallest row whose building it stands for.
    """
    named = rows[rows["path"].notna()].drop_duplicates("path").reset_index(drop=True)
    first: dict[str, int] = {}
    standing: dict[str, int] = {}
    for at, path in enumerate(named["path"]):
        for node in nodes(path):
            first.setdefault(node, at)
        if (whole := carrier(path)) is not None:
            standing.setdefault(whole, at)
    paths = sorted(first)
    found = named[["ordinal", "line", "operation"]].take([first[path] for path in paths]).reset_index(drop=True)
    beside = named[["building_code", "lon", "lat"]].reindex([standing.get(path, -1) for path in paths])
    return found.assign(path=paths).join(beside.reset_index(drop=True))


def described(found: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    """Adds ``parent_path level name full_text village`` to mentions, from their paths alone.

    ``village`` is null where the path's scope is a coarser division, several or none.
    """
    full: dict[str, str] = {}

    def text(path: str) -> str:
        if path not in full:
            above, _, step = path.rpartition("|")
            full[path] = text(above) + written(*step.partition(":")[::2]) if above else _prefix(path, gazetteer)
        return full[path]

    villages = {code for code, division in gazetteer.divisions.items() if division.level == "village"}
    split = [path.rpartition("|")[::2] for path in found["path"]]
    steps = [step.partition(":")[::2] for _, step in split]
    scopes = [path.partition("|")[0] for path in found["path"]]
    return found.assign(
        parent_path=[above if "|" in above else None for above, _ in split],
        level=[level for level, _ in steps],
        name=[written(*step) for step in steps],
        full_text=[text(path) for path in found["path"]],
        village=[scope if scope in villages else None for scope in scopes],
    )


def _prefix(scope: str, gazetteer: Gazetteer) -> str:
    """County, town and village in the words of the division table, else what the scope's divisions share."""
    chain = gazetteer.chain(tuple(code for code in scope.split("+") if code in gazetteer.divisions))
    upper = [gazetteer.divisions[chain[level]].name for level in ("county", "town") if level in chain]
    if not upper and chain:
        upper = [gazetteer.divisions[chain[level]].name for level in ("province", "city") if level in chain][-1:]
    return "".join(upper) + (_village(chain["village"], gazetteer) if "village" in chain else "")


def _village(code: str, gazetteer: Gazetteer) -> str:
    """社区 and 村 without their committee."""
    short = [name for name in gazetteer.short_names(code) if name.endswith(("社区", "村"))]
    return min(short, key=lambda name: (len(name), name)) if short else gazetteer.divisions[code].name


def identified(found: pd.DataFrame, source: str, keys: Keys) -> pd.DataFrame:
    """Adds ``record_id`` (keyed by the node's own path) and ``content_hash`` (over what the mention says)."""
    said = zip(found["path"], found["building_code"], found["lon"], found["lat"], strict=True)
    return found.assign(
        record_id=keys.record_ids(source, KIND, pa.array(found["path"], pa.string())).to_pylist(),
        content_hash=[hashlib.sha256("\x1f".join(map(_text, row)).encode()).hexdigest()[:32] for row in said],
    )


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else f"{value:.7f}" if isinstance(value, float) else str(value)
