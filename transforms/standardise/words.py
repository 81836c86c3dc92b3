"""Which of the deployment's words hold on a night: an entry that begins or ends makes older clean columns stale."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from transforms import divisions, lookups
from transforms.standardise import names
from transforms.standardise.address import gazetteer


@lru_cache(maxsize=4)
def digest(expectations: Path, night: str) -> str:
    """Hash of the words as a night knows them: another night of the same words has the same one."""
    told = [divisions.known(expectations, night)]
    told += [lookups.rows(expectations, name, night) for name in (*names.NAMES, gazetteer.AREAS)]
    return hashlib.sha256(repr(told).encode()).hexdigest()
