"""Where a row's own addresses were found: ids of places, and of texts only what the row itself says.

A standard address is known from many departments' words. Its text is shown where the row's own path is the node's
path, so that nothing stands there that the row did not say; else there are ids and the class of the match alone.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import manifest, store
from transforms.kinds import Kind
from transforms.receipts.drops import Drop
from transforms.receipts.words import GRID_REASONS, MATCHES

_SHOWN = ("accepted", "unchanged", "duplicate")
_POINT = "point"  # what locate calls the place of a record that has coordinates of its own
_COLUMNS = ["record_id", "property", "rank", "address_id", "match_class", "grid_id", "reason"]


def places(drop: Drop, rows: pd.DataFrame) -> pd.DataFrame:
    """What locate found, for every address and point of the rows.

    Args:
        drop: whose night is done.
        rows: as :func:`transforms.receipts.verdicts.verdicts` leaves them.

    Returns:
        ``ordinal``, then per address heading its grid code, standard address, id, the runner-up's id and a remark.
    """
    found = rows[["ordinal"]].copy()
    if drop.phase != "night" or drop.hold:
        return found
    codes, library = _grid_codes(drop), _library(drop)
    for kind in drop.kinds.values():
        shown = rows[rows["verdict"].isin(_SHOWN) & rows["kind"].eq(kind.kind)]
        for prop, heading in _headings(drop, kind).items():
            told = _told(drop, kind, prop, shown, codes, library)
            if told is None or f"网格编码（{heading}）" in found:
                continue
            named = told.rename(columns={c: f"{c}（{heading}）" for c in told if c != "ordinal"})
            found = found.merge(named, on="ordinal", how="left", validate="1:1")
    return found.dropna(axis=1, how="all")


def _headings(drop: Drop, kind: Kind) -> dict[str, str]:
    """Located property → the heading that says it; a point has two."""
    fed = drop.contract.columns_of(kind.kind)
    told = {name: fed[name].heading for name in kind.typed("address") if name in fed}
    return told | ({_POINT: "坐标"} if any(name in fed for name in kind.typed("lon")) else {})


def _grid_codes(drop: Drop) -> dict[str, str]:
    path = store.night_dir(drop.run, "merge", "grid") / "std_grid.parquet"
    if not path.is_file():
        return {}
    table = store.read_table(path, ["grid_id", "code"])
    return dict(zip(table["grid_id"].to_pylist(), table["code"].to_pylist(), strict=True))


def _library(drop: Drop) -> pd.DataFrame:
    """``path full_text`` by address id: a node's text follows from its path alone."""
    path = store.night_dir(drop.run, "locate", "place") / "library.parquet"
    return store.read_table(path, ["address_id", "path", "full_text"]).to_pandas().set_index("address_id")


def _told(
    drop: Drop, kind: Kind, prop: str, rows: pd.DataFrame, codes: dict[str, str], library: pd.DataFrame
) -> pd.DataFrame | None:
    """The columns of one address, by ordinal."""
    folder = store.night_dir(drop.run, "locate", kind.stage)
    path = folder / f"{kind.kind}.parquet"
    if not len(rows) or not path.is_file():
        return None
    manifest.require(drop.run.settings.lake, folder, "locate")
    located = _located(path, prop, rows["record_id"])
    first, second = (located[located["rank"] == rank].set_index("record_id") for rank in (1, 2))
    mine = first.reindex(rows["record_id"]).set_axis(rows.index)
    node = library.reindex(mine["address_id"]).set_axis(rows.index)
    own = _own_paths(drop, kind, prop).reindex(rows["ordinal"]).set_axis(rows.index)
    said = own.notna() & own.eq(node["path"])
    remark = mine["match_class"].map(MATCHES).where(mine["address_id"].notna(), mine["reason"].map(GRID_REASONS))
    return pd.DataFrame(
        {
            "ordinal": rows["ordinal"],
            "网格编码": mine["grid_id"].map(codes),
            "标准地址": node["full_text"].where(said),
            "标准地址编码": mine["address_id"],
            "次选地址编码": second["address_id"].reindex(rows["record_id"]).set_axis(rows.index),
            "落点说明": remark,
        }
    )


def _located(path: Path, prop: str, records: pd.Series) -> pd.DataFrame:
    wanted = (pc.field("property") == prop) & (pc.field("rank") <= 2)
    wanted &= pc.field("record_id").isin(pa.array(records.unique(), pa.string()))
    return pq.read_table(path, columns=_COLUMNS, filters=wanted, page_checksum_verification=True).to_pandas()


def _own_paths(drop: Drop, kind: Kind, prop: str) -> pd.Series:
    """The canonical path of what each row says, by ordinal."""
    if prop == _POINT:
        return pd.Series(dtype=object)
    path = drop.folder("standardise") / f"{kind.kind}.parquet"
    return store.read_table(path, ["ordinal", f"{prop}_path"]).to_pandas().set_index("ordinal")[f"{prop}_path"]
