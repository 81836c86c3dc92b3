"""A registration that has ended speaks for nobody whose registration stands elsewhere.

Who moves within the city leaves a row behind that says moved out, beside the row of the new home (domain.md section
2.10): that is a registration's end, not the person's.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from transforms.contract import Contract
from transforms.merge.golden import Flags, Golden

STATUS = "life_status"
_ENDED, _STANDS = "moved_out", "living"


def speaking(golden: Golden, contracts: Mapping[str, Contract]) -> Flags | None:
    """Per live record: whether it may claim anything; None: all may.

    Args:
        golden: the records and their entities.
        contracts: tell which sources are the authority for who lives here.
    """
    live = golden.live
    if STATUS not in live.column_names or not live.num_rows:
        return None
    registers = [s for s, c in contracts.items() if STATUS in c.registers.authority_for]
    register = live.sourced(registers)
    ended, stands = (register & live.says(STATUS, [word]) for word in (_ENDED, _STANDS))
    elsewhere = np.zeros(len(golden.ids), dtype=bool)
    elsewhere[golden.entity[stands]] = True
    return np.asarray(~(ended & elsewhere[golden.entity]), dtype=bool)
