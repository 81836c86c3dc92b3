"""What a folder of the drop box holds, by name: what is a delivery and what programs leave there. Nothing is opened."""

from __future__ import annotations

import os
from pathlib import Path

SIDE = ".manifest.json"
_LITTER = ("Thumbs.db", "desktop.ini")  # "~$…" is what a spreadsheet program leaves beside a file that is open


def is_delivery(name: str) -> bool:
    """Whether a name may be that of a delivery.

    Hidden files, control totals and what programs and systems leave beside a file somebody has open are none.
    """
    return not name.startswith((".", "~$")) and name not in _LITTER and not name.endswith(SIDE)


def names(folder: Path) -> list[str]:
    """Names of everything a department dropped, sorted; none where there is no folder, or nobody lets us read it.

    Raises:
        OSError: the disk or the network failed.
    """
    try:
        return sorted(filter(is_delivery, os.listdir(folder)))  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
