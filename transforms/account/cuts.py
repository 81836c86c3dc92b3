"""``place_grid`` holds by cut: what was placed in the cut before stands beside tonight's, as it stood while in force.

Tonight's rooms place every node in tonight's cut alone. The rows of the last earlier cut stay open in the release, so
that a grid can be asked for under the old cut and the new one without looking at versions; those of the cut before
that end (they stay in the history). Nodes that came after a re-cut have no row in the cut before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from transforms.account.delta import key_of
from transforms.account.pieces import Pieces, ordered

TABLE = "place_grid"


@dataclass(frozen=True)
class Cuts:
    """Which cuts a release and the one on top of it know.

    Attributes:
        tonight: the newest of tonight's, None without any.
        standing: the newest of the release's.
        last: the last of the release's that is earlier than tonight's.
    """

    tonight: str | None
    standing: str | None
    last: str | None

    @classmethod
    def of(cls, tonight: Pieces, standing: Pieces) -> Cuts:
        """Of tonight's ``place_grid`` and the current rows of the release tonight's is built on, or became."""
        ours, theirs = _cuts(tonight), _cuts(standing)
        newest = max(ours, default=None)
        earlier = {cut for cut in theirs if newest is not None and cut < newest}
        return cls(newest, max(theirs, default=None), max(earlier, default=None))

    @property
    def recut(self) -> bool:
        """True where tonight's cut is a later one than the release's."""
        return self.tonight is not None and self.standing is not None and self.tonight > self.standing

    def beside(self, tonight: pa.Table, standing: pa.Table) -> pa.Table:
        """Rows of ``place_grid``, of one range of keys, as they will stand: with those of the last earlier cut."""
        if self.last is None:
            return tonight
        rows = standing.filter(pc.equal(standing["cut"], self.last))
        return ordered(pa.concat_tables([tonight, rows]), key_of(TABLE)) if rows.num_rows else tonight


def _cuts(rows: Pieces) -> set[str]:
    return {str(cut) for piece in rows.each(["cut"]) for cut in pc.unique(piece["cut"]).to_pylist()}
