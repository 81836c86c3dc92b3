"""Where records stand, for tests that call the steps of merge one by one."""

from __future__ import annotations

import pyarrow as pa

from tests.located import best_of
from transforms.live import Live
from transforms.merge.places import Candidates, Located, Rows


def places_of(located: pa.Table, live: Live) -> Located:
    """The best candidates of a whole model.LOCATED."""
    everybody: Rows = pa.array(range(live.num_rows), pa.int32()).to_numpy()
    return Candidates(best_of(located, live.ids)).of(everybody)
