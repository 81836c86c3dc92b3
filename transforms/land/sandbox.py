"""Starts the parser of one file in a process of its own. Whatever the file does to it, the caller survives.

A fresh interpreter takes longer to import its modules than most files take to read; so one template process per caller
(:mod:`transforms.land.template`) has them imported and forks a parser for each file.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from transforms.errors import RefusedError
from transforms.land.child import JOB, RESULT, Result
from transforms.land.intake import open_regular
from transforms.land.job import Job
from transforms.land.template import MESSAGE, STOPPED
from transforms.run import REPOSITORY

_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from transforms.land.template import main; main()"
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8", "PATH": "/nonexistent", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1", "ARROW_DEFAULT_MEMORY_POOL": "system", "RUST_BACKTRACE": "0",
}  # fmt: skip
_TRIES = 2  # a parser, or the template, that somebody else killed (out of memory, a person) is started once more


class _Template:
    """The template process of this process: started when first needed, ended with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def start(self) -> socket.socket:
        """The control socket of a running template; a forked copy of its owner starts one of its own."""
        with self._lock:
            if self._control is None or self._owner != os.getpid():
                self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                command = [sys.executable, "-I", "-c", _START, str(REPOSITORY), str(theirs.fileno())]
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module; no word of the sender
                    command,
                    pass_fds=[theirs.fileno()],
                    env=_ENVIRONMENT,
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                theirs.close()
                self._owner = os.getpid()
            return self._control

    def end(self) -> None:
        """Let the template go; parsers at work finish."""
        with self._lock:
            if self._control is not None and self._process is not None and self._owner == os.getpid():
                self._control.close()
                self._process.wait()
            self._control = None

    def ask(self, message: bytes, raw: int, seconds: int) -> str:
        """Have a file parsed; the keeper's word, or nothing where template or keeper died on the way."""
        ours, theirs = socket.socketpair()
        with ours:
            ours.settimeout(seconds)
            try:
                with theirs:
                    socket.send_fds(self.start(), [message], [raw, theirs.fileno()])
                return ours.recv(MESSAGE).decode()
            except TimeoutError:
                return STOPPED
            except OSError:
                return ""


_TEMPLATE = _Template()
atexit.register(_TEMPLATE.end)


def prepare() -> None:
    """Start the template, so that its imports are done when the first file comes."""
    _TEMPLATE.start()


def parse(job: Job, raw: Path, folder: Path) -> Result:
    """Split the raw bytes into ``folder/rows.parquet``; the result's code says why there is none.

    Args:
        job: what the file should be.
        raw: its bytes in the lake.
        folder: an empty folder of the caller's.
    """
    told, answer = folder / JOB, folder / RESULT
    told.write_text(job.to_json(), "utf-8")
    try:
        for _ in range(_TRIES):
            ended = _start(job, raw, folder)
            if answer.exists():
                return Result(**json.loads(answer.read_text("utf-8")))
            if ended not in ("", str(-signal.SIGKILL)):
                break
    finally:
        told.unlink(missing_ok=True)
        answer.unlink(missing_ok=True)
    why = "it took too long" if ended in (STOPPED, str(-signal.SIGXCPU)) else f"it ended with {ended or 'nothing'}"
    return Result("PARSER_STOPPED", f"the parser was stopped by this file: {why}", 0, [])


def _start(job: Job, raw: Path, folder: Path) -> str:
    """Run the parser; how it ended."""
    seconds = 2 * job.cpu
    descriptor = open_regular(raw)
    try:
        ended = _TEMPLATE.ask(f"{seconds} {folder.resolve()}".encode(errors="surrogateescape"), descriptor, 2 * seconds)
    finally:
        os.close(descriptor)
    if not ended:
        with contextlib.suppress(OSError):
            _TEMPLATE.end()
    return ended


def insist(result: Result) -> Result:
    """The result, if there are rows.

    Raises:
        RefusedError: with the result's code.
    """
    if result.code:
        raise RefusedError(result.code, result.message)
    return result
