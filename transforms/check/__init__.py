"""Room 2, check: every landed row is accepted or quarantined, or a value of it struck, with a reason."""

from transforms.check.report import report
from transforms.check.room import run

__all__ = ["report", "run"]
