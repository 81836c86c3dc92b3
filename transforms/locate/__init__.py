"""Room 4, locate: address text → standard address → building → grid, or the reason why not."""

from transforms.locate.room import run

__all__ = ["run"]
