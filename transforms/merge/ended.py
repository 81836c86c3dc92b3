"""A registration that has ended speaks for nobody whose registration stands elsewhere.

Who moves within the city leaves a row behind that says moved out, beside the row of the new home (domain.md section
2.10): that is a registration's end, not the person's.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.contract import Contract
from transforms.live import Live
from transforms.merge.golden import Flags

STATUS = "life_status"
_ENDED, _STANDS = "moved_out", "living"


def speaking(live: Live, cluster: pa.Table, contracts: Mapping[str, Contract]) -> Flags | None:
    """Per live record: whether it may claim anything; None: all may.

    Args:
        live: live records of the kind, sorted by record id.
        cluster: resolve's cluster.parquet, sorted by record id.
        contracts: tell which sources are the authority for who lives here.
    """
    if STATUS not in live.column_names:
        return None
    registers = pa.array([s for s, c in contracts.items() if STATUS in c.registers.authority_for], pa.string())
    register = pc.is_in(live.column("source"), registers)
    status, whose = live.column(STATUS), cluster["entity_id"].combine_chunks()
    ended, stands = (
        pc.fill_null(pc.and_(register, pc.equal(status, word)), fill_value=False).combine_chunks()
        for word in (_ENDED, _STANDS)
    )
    silent = pc.and_(ended, pc.is_in(whose, whose.filter(stands)))
    return np.asarray(pc.invert(silent).to_numpy(zero_copy_only=False), dtype=bool)


def heard(
    located: pa.Table | None, live: Live, cluster: pa.Table, contracts: Mapping[str, Contract]
) -> pa.Table | None:
    """What is located, without the records that claim nothing."""
    stands = speaking(live, cluster, contracts)
    if located is None or stands is None or stands.all():
        return located
    return located.filter(pc.invert(pc.is_in(located["record_id"], live.ids.filter(pa.array(~stands)))))
