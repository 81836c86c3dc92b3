"""Room 3, standardise: clean columns are added beside the raw ones; documents and phones become keyed tokens."""

from transforms.standardise.room import run

__all__ = ["run"]
