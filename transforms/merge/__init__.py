"""Room 7, merge: one golden record per identity; each value names the record it came from."""

from transforms.merge.room import run
from transforms.merge.why import chosen

__all__ = ["chosen", "run"]
