"""What the parser process takes from itself before it touches a file."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
from pathlib import Path

_GRACE = 5  # seconds of computing after the signal
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # linux/sched.h


def leave_network() -> None:
    """Go into a network of one's own, with nobody in it, where the system allows it.

    A plain user needs a user namespace for that, which only a process of one thread may enter.
    """
    user, group = os.getuid(), os.getgid()
    system = ctypes.CDLL(None)
    if system.unshare(_NEW_NET) and system.unshare(_NEW_USER | _NEW_NET) == 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with contextlib.suppress(OSError):
                Path("/proc/self", name).write_text(text)


def cap(memory: int, cpu: int, written: int) -> None:
    """Cap address space (bytes), computing time (seconds) and file size (bytes); leave no core dump."""
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: written,
        resource.RLIMIT_CORE: 0,
    }
    for what, limit in limits.items():
        with contextlib.suppress(ValueError, OSError):  # an outer cap is tighter already
            resource.setrlimit(what, (limit, limit))
    with contextlib.suppress(ValueError, OSError):  # SIGXCPU first, so that it is told from a stranger's SIGKILL
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + _GRACE))
