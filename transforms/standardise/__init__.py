"""Room 3, standardise: clean columns are added beside the raw ones; documents and phones become keyed tokens."""

from transforms.standardise.address.parser import read_addresses
from transforms.standardise.room import run

__all__ = ["read_addresses", "run"]
