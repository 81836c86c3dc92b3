"""Opens what lies in a drop box and keeps its bytes under their sha256, never under a sender's name."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from transforms import store
from transforms.dropped import SIDE
from transforms.errors import GridfactsError, HeldError, RefusedError
from transforms.land.tally import Budget, tally
from transforms.run import Settings
from transforms.strays import amount

LARGEST = 8 << 30
LEAST_FREE, ENOUGH = 10, 10 << 30  # one part in ten of the disk, in bytes no more than this
_BLOCK = 1 << 20
_SIDE_LARGEST = 64 * 1024
_SPARSE_FROM = 1 << 20
_NO_FILE = "this is a link, a pipe or a device, not a file"


@dataclass(frozen=True)
class Received:
    """Bytes that lie in the lake now."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Totals:
    """The sender's control totals: the file's sha256 and rows, each null where not told."""

    sha256: str | None = None
    rows: int | None = None


def room_left(settings: Settings) -> None:
    """Stop before landing on a disk that is nearly full: half a night is worse than none (faults.md A16).

    Raises:
        GridfactsError: ``DISK_FULL``: less than a tenth of the lake's disk is free, or 10 GiB if that is less.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    disk = shutil.disk_usage(settings.home)
    least = min(disk.total // LEAST_FREE, ENOUGH)
    if disk.free < least:
        told = (
            f"{disk.free >> 20} MiB are free where the lake lies; {least >> 20} MiB must be: make room, then run again"
        )
        raise GridfactsError("DISK_FULL", told)


def open_regular(path: Path) -> int:
    """A descriptor of a regular file: no link is followed, no pipe is waited for.

    Raises:
        RefusedError: ``NOT_A_FILE`` or ``CANNOT_READ``.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise RefusedError("NOT_A_FILE", _NO_FILE) from None
        why = errno.errorcode.get(error.errno or 0)
        raise RefusedError("CANNOT_READ", f"the file cannot be opened ({why})") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise RefusedError("NOT_A_FILE", _folder(path) if stat.S_ISDIR(mode) else _NO_FILE)
    return descriptor


def _folder(path: Path) -> str:
    held = tally(path, Budget())
    told = f"{'' if held.whole else 'at least '}{amount(held.files, held.bytes)}"
    return f"this is a folder ({told}): nothing in it is taken in; lay each file beside it"


def receive(settings: Settings, path: Path) -> Received:
    """Copy a dropped file into the lake under its sha256, read-only, whole or not at all.

    Raises:
        RefusedError: ``NOT_A_FILE``, ``CANNOT_READ``, ``TOO_LARGE`` or ``SPARSE_FILE``.
        HeldError: ``CHANGING``: somebody wrote to it meanwhile; the next scan takes it.
    """
    descriptor = open_regular(path)
    try:
        before = os.fstat(descriptor)
        if before.st_size > LARGEST:
            raise RefusedError("TOO_LARGE", f"the file is larger than {LARGEST >> 30} GiB")
        if before.st_size > _SPARSE_FROM and before.st_blocks * 512 < before.st_size // 2:
            raise RefusedError("SPARSE_FILE", "most of the file is a hole")
        sha256 = _hash(descriptor)
        target = store.raw_path(settings, sha256)
        if not target.is_file() or store.file_sha256(target) != sha256:
            _keep(descriptor, target, sha256)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise HeldError("CHANGING", "the file changed while it was read; the next scan takes it")
    return Received(sha256, after.st_size)


def _hash(descriptor: int) -> str:
    digest = hashlib.sha256()
    os.lseek(descriptor, 0, os.SEEK_SET)
    while data := os.read(descriptor, _BLOCK):
        digest.update(data)
    return digest.hexdigest()


def _keep(descriptor: int, target: Path, sha256: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh, name = tempfile.mkstemp(prefix=".", dir=target.parent)
    try:
        digest = hashlib.sha256()
        os.lseek(descriptor, 0, os.SEEK_SET)
        with os.fdopen(fresh, "wb") as copy:
            while data := os.read(descriptor, _BLOCK):
                digest.update(data)
                copy.write(data)
            copy.flush()
            os.fchmod(copy.fileno(), 0o440)
            os.fsync(copy.fileno())
        if digest.hexdigest() != sha256:
            raise HeldError("CHANGING", "the file changed while it was read; the next scan takes it")
        Path(name).rename(target)
    finally:
        Path(name).unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def totals(path: Path, received: str) -> Totals:
    """The control totals beside a dropped file (``<file>.manifest.json``: rows, sha256), empty where there are none.

    Raises:
        RefusedError: ``CONTROL_TOTAL`` when they are there and cannot be read, or tell another sha256.
    """
    side = path.with_name(path.name + SIDE)
    if not os.path.lexists(side):
        return Totals()
    told = _told(side)
    if told is None:
        raise RefusedError("CONTROL_TOTAL", "the control totals beside the file cannot be read")
    if told.sha256 not in (None, received):
        raise RefusedError("CONTROL_TOTAL", "the file's sha256 is not the one its control totals say")
    return told


def _told(side: Path) -> Totals | None:
    with contextlib.suppress(RefusedError, OSError, ValueError, AttributeError, RecursionError):
        with os.fdopen(open_regular(side), "rb") as file:
            found = json.loads(file.read(_SIDE_LARGEST + 1)[:_SIDE_LARGEST])
        rows, sha256 = found.get("rows"), found.get("sha256")
        if (rows is None or type(rows) is int) and (sha256 is None or isinstance(sha256, str)):
            return Totals(sha256.lower() if sha256 else None, rows)
    return None
