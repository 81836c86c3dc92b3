"""Notices that a department dropped something. It reads names, sizes and times; it opens and deletes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

_KEY = "seen"


class DropBoxTrigger(BaseEventTrigger):
    """Fires once for each source whose folder changed and has then been quiet for a while.

    Only the source code and a hash of what was seen leave this class: a file's name may be a person's. The hash is
    stored after the event is handed over, so a crash in between repeats the event instead of losing it; landing the
    same bytes twice does nothing, and the nightly scan finds whatever was missed all the same.
    """

    def __init__(self, settle_seconds: float = 30, poll_seconds: float = 10) -> None:
        """Watch the drop box of the triggerer's environment (``GRIDFACTS_HOME``).

        Args:
            settle_seconds: how long a folder must lie still before it counts as dropped.
            poll_seconds: how often it is looked at.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self.settle_seconds = settle_seconds
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Importable path and arguments, from which the triggerer builds this trigger again."""
        arguments = {"settle_seconds": self.settle_seconds, "poll_seconds": self.poll_seconds}
        return "dags.drop_box.DropBoxTrigger", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield ``{"source": code}`` for every change, for ever."""
        from transforms.run import Settings

        drops = Settings.from_environment().drops
        store = self.asset_state_store
        stored = await store.aget(_KEY, default={}) if store else {}
        seen = {source: str(state) for source, state in stored.items()} if isinstance(stored, dict) else {}
        while True:
            for source, state in (await asyncio.to_thread(quiet_sources, drops, self.settle_seconds)).items():
                if seen.get(source) != state:
                    yield TriggerEvent({"source": source})  # type: ignore[no-untyped-call]
                    seen[source] = state
                    if store:
                        await store.aset(_KEY, dict(seen))
            await asyncio.sleep(self.poll_seconds)


def quiet_sources(drops: Path, settle_seconds: float) -> dict[str, str]:
    """Source code → hash over its files' names, sizes and times, for each folder with files that lies still."""
    found: dict[str, str] = {}
    if not drops.is_dir():
        return found
    now = time.time()
    for folder in sorted(path for path in drops.iterdir() if path.is_dir() and not path.is_symlink()):
        try:
            files = sorted(_regular(folder))
        except (FileNotFoundError, PermissionError):  # gone meanwhile, or shut to us: the nightly scan tells it
            continue
        newest = max((changed for *_, changed in files), default=None)
        if newest is not None and now - newest / 1e9 >= settle_seconds:
            found[folder.name] = hashlib.sha256(repr(files).encode()).hexdigest()
    return found


def _regular(folder: Path) -> list[tuple[bytes, int, int]]:
    """Name, size and time of the last change (ns) of each regular file; one that vanishes meanwhile is not there.

    The time is that of the inode: a sender's copying tool can set the other one to whenever it likes.
    """
    files = []
    with os.scandir(os.fsencode(folder)) as entries:
        for entry in entries:
            try:
                told = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if entry.is_file(follow_symlinks=False):
                files.append((entry.name, told.st_size, told.st_ctime_ns))
    return files
