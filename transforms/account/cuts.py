"""``place_grid`` holds by cut: what was placed in the cut before stands beside tonight's, as it stood while in force.

Tonight's rooms place every node in tonight's cut alone. The rows of the last earlier cut stay open in the release, so
that a grid can be asked for under the old cut and the new one without looking at versions; those of the cut before
that end (they stay in the history). Nodes that came after a re-cut have no row in the cut before it.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from transforms.account.delta import sort

_TABLE = "place_grid"


def recut(tonight: Mapping[str, pa.Table], standing: Mapping[str, pa.Table]) -> bool:
    """True where tonight's cut is a later one than the release's."""
    cut, before = (pc.max(one[_TABLE]["cut"]).as_py() for one in (tonight, standing))
    return cut is not None and before is not None and bool(cut > before)


def beside_the_cut_before(tonight: Mapping[str, pa.Table], standing: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Tonight's tables as they will stand in the release: with the rows of the last earlier cut.

    Args:
        tonight: every table of the release as tonight's rooms made it.
        standing: current rows of the release tonight's is built on, or that it became.
    """
    rows, before = tonight[_TABLE], standing[_TABLE]
    cut = pc.max(rows["cut"]).as_py()
    if cut is None:
        return dict(tonight)
    earlier = before.filter(pc.less(before["cut"], cut))
    last = earlier.filter(pc.equal(earlier["cut"], pc.max(earlier["cut"])))
    return {**tonight, _TABLE: sort(_TABLE, pa.concat_tables([rows, last]))} if last.num_rows else dict(tonight)
