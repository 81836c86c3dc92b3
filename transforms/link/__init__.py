"""Room 5, link: candidate pairs, scored, with the evidence. It adds pairs; it never decides."""

from transforms.link.room import run
from transforms.link.why import weigh

__all__ = ["run", "weigh"]
