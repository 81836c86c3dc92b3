"""Where records stand, for tests that call the steps of merge one by one."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from transforms.live import Live
from transforms.merge.golden import codes
from transforms.merge.places import Candidates, Located, rows_of
from transforms.places import numbers


def places_of(located: pa.Table, live: Live) -> Located:
    """The best candidates of a whole model.LOCATED."""
    best = located.filter(pc.equal(located["rank"], 1))
    record = numbers(live.ids, best["record_id"].combine_chunks())
    return Located(Candidates(best), rows_of(codes(best["property"]), record, live.num_rows), live.num_rows)
