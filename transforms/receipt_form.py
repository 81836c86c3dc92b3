"""What a receipt's workbook and land agree on: a receipt that comes back with mended cells is known by it."""

from __future__ import annotations

import re
from collections.abc import Collection

GUIDE = "回执说明"  # the sheet that says what the receipt is of
ROWS = "数据"  # the sheet of the rows, where the contract names none
LINE = "行号"  # the column that says which row of the file a row of the receipt is
BATCH = "批次号 "  # how the line of the guide begins that names the batch
# A receipt's own name: of which file, the how-many-th of it, and what people add when they save it.
NAME = re.compile(r"(?P<of>.+)\.回执(?P<turn>[1-9]\d+|[2-9])?(?P<added>[^.]*)\.xlsx", re.DOTALL)


def beside(name: str, own: Collection[str]) -> str:
    """The heading of a column of ours, told apart from a heading of the department's that is called the same."""
    return f"{name}（回执）" if name in own else name
