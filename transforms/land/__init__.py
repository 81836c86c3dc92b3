"""Room 1, land: a department's file becomes an immutable batch of numbered rows, every value text."""

from transforms.land.room import reread, run

__all__ = ["reread", "run"]
