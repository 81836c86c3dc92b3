"""Room 1, land: a department's file becomes an immutable batch of numbered rows, every value text."""

from transforms.land.astray import strays
from transforms.land.room import refresh, reread, run

__all__ = ["refresh", "reread", "run", "strays"]
