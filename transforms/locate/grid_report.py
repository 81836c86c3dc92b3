"""The report of tonight's cut: topology, figures and a picture, from the grids of stage place."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from transforms import store
from transforms.errors import ConfigError
from transforms.locate import drawing, topology
from transforms.locate.room import grids_in_force
from transforms.locate.topology import Straddler, Topology
from transforms.run import Run


def grid_report(run: Run, households: pd.Series | None = None) -> tuple[Topology, str]:
    """Check and draw the cut of a night.

    Args:
        run: the night; its stage place is resolved.
        households: grid id → households in it, counted wherever they stand; None: not counted.

    Returns:
        What the topology rules find, and the text of an SVG picture.

    Raises:
        ConfigError: the night has no grids.
        StaleInputError: grids are not resolved.
    """
    grids = grids_in_force(run)
    if not len(grids):
        raise ConfigError(f"night {run.night} has no grids: no source feeds the kind grid")
    found = topology.check(grids, None if households is None else _rolled_up(grids, households))
    found = replace(found, straddlers=_straddlers(run, grids))
    drawn = grids[grids["polygon"].notna()]
    shapes = zip(drawn["level"], drawn["type"], drawn["polygon"], strict=True)
    return found, drawing.draw(shapes, found.findings)


def _straddlers(run: Run, grids: pd.DataFrame) -> tuple[Straddler, ...]:
    """What locate found of buildings in several small grids; nothing before it has run."""
    path = store.night_dir(run, "locate", "place") / "straddle.parquet"
    if not path.is_file():
        return ()
    parts = (
        store.read_table(path).to_pandas().assign(code=lambda of: of["grid_id"].map(grids.set_index("grid_id")["code"]))
    )
    parts = parts.sort_values(["building_id", "assigned", "share", "code"], ascending=[True, False, False, True])
    of_building = parts.groupby("building_id", sort=True)
    return tuple(Straddler(str(key), tuple(zip(of["code"], of["share"], strict=True))) for key, of in of_building)


def _rolled_up(grids: pd.DataFrame, households: pd.Series) -> pd.Series:
    """Code → households in the grid and in every grid below it."""
    count = grids["grid_id"].map(households).fillna(0).astype("int64").set_axis(grids["code"])
    parent = grids.set_index("code")["parent_code"]
    total, moving = count.copy(), count
    for _ in topology.LEVELS[1:]:
        moving = moving.groupby(moving.index.map(parent)).sum()
        total = total.add(moving.reindex(total.index).fillna(0)).astype("int64")
    return total


def render(found: Topology) -> str:
    """The report as text: counts, areas, faults by rule and the worst of each."""
    lines = [f"{kind}: {count} grids" for kind, count in found.grids.items()]
    lines += [f"{level}: {area / 1e6:.2f} square kilometres" for level, area in found.area_m2.items() if area]
    lines.append(f"buildings in several small grids: {len(found.straddlers)}")
    lines += [f"households per {level} grid: {told}" for level, told in found.households.items()]
    lines += [f"{rule}: {count}" for rule, count in found.counts().items()] or ["no faults"]
    for rule in found.counts():
        worst = sorted((f for f in found.findings if f.rule == rule), key=lambda f: (-(f.area_m2 or 0), f.code))[:5]
        lines += [
            f"  {rule} {f.code} {f.other or ''} {'' if f.area_m2 is None else f'{f.area_m2} m2'}".rstrip()
            for f in worst
        ]
    return "\n".join(lines)
