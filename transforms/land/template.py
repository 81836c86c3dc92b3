"""The template process: its imports done once, it forks one parser for every file and touches no file itself.

It has one thread, no data and no network, and starts nothing that a fork would break: no thread pool, no file. Asked
for a file, it forks a keeper, and that a parser: the parser confines and caps itself, reads the file and dies; the
keeper waits for it, stops it when it takes too long and says how it ended. What a file does to its parser stays there.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import signal
import socket
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

import pyarrow as pa

from transforms.land import child
from transforms.land.confine import leave_network

MESSAGE = 4096  # bytes of a request: seconds and the folder's path
STOPPED = "stopped"  # the keeper's word for a parser that took too long
_FAILED = 1
_ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "latin-1")  # a codec is a module too


def main() -> None:
    """``template <descriptor of the control socket>``: serve until the other end is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers end unwatched
    _warm_up()
    control = socket.socket(fileno=int(sys.argv[1]))
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MESSAGE, 2)
        if not message:
            return
        raw, reply = descriptors
        if os.fork() == 0:
            control.close()
            _keep(message, raw, reply)
        os.close(raw)
        os.close(reply)


class _WithoutPandas(MetaPathFinder):
    """Arrow imports pandas, if there is one, with the first array it makes; a parser has no use for it."""

    def find_spec(self, name: str, _path: object, _target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def _warm_up() -> None:
    """Import what a parser would import on its own."""
    sys.meta_path.insert(0, _WithoutPandas())
    pa.array([None])
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)


def _keep(message: bytes, raw: int, reply: int) -> None:
    """Fork the parser of one file, wait for it and tell its end; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    seconds, _, folder = os.fsdecode(message).partition(" ")
    parser = os.fork()
    if parser == 0:
        os.close(reply)
        _parse(Path(folder), raw)
    with contextlib.suppress(OSError):
        os.close(raw)
        os.write(reply, _end_of(parser, int(seconds)).encode())
    os._exit(0)


def _parse(folder: Path, raw: int) -> None:
    """Be the parser of one file; never returns."""
    try:
        os.chdir(folder)
        leave_network()
        child.run(folder, raw)
        os._exit(0)
    finally:
        os._exit(_FAILED)


def _end_of(parser: int, seconds: int) -> str:
    """The parser's exit code as :mod:`subprocess` tells it, or :data:`STOPPED`."""
    watched = os.pidfd_open(parser)
    ended, _, _ = select.select([watched], [], [], seconds)
    if not ended:
        os.kill(parser, signal.SIGKILL)
    _, status = os.waitpid(parser, 0)
    return str(os.waitstatus_to_exitcode(status)) if ended else STOPPED
