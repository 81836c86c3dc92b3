"""Room 8: the delta that account computed becomes one release, whole or not at all (README.md beside this file)."""

from transforms.publish.room import reconcile, rollback, run

__all__ = ["reconcile", "rollback", "run"]
