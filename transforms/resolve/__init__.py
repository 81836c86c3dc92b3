"""Room 6, resolve: pairs and judgements in, clusters and identities that last out."""

from transforms.resolve.room import run
from transforms.resolve.why import between

__all__ = ["between", "run"]
