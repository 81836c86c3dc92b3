"""Room 8: the delta that account computed becomes one release, whole or not at all (README.md beside this file)."""

from transforms.publish.restore import restore
from transforms.publish.room import reconcile, reencrypt, require_head, rollback, run

__all__ = ["reconcile", "reencrypt", "require_head", "restore", "rollback", "run"]
