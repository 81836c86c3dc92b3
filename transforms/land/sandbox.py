"""Starts the parser of one file in a process of its own. Whatever the file does to it, the caller survives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from transforms.errors import RefusedError
from transforms.land.child import RESULT, Result
from transforms.land.intake import open_regular
from transforms.land.job import Job
from transforms.run import REPOSITORY

_JOB = "job.json"
_CONFINE = Path(__file__).with_name("confine.py")
_START = (
    "import runpy, sys; runpy.run_path(sys.argv.pop(1))['leave_network'](); "
    "sys.path.insert(0, sys.argv.pop(1)); from transforms.land.child import main; main()"
)
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8", "PATH": "/nonexistent", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1", "ARROW_DEFAULT_MEMORY_POOL": "system", "RUST_BACKTRACE": "0",
}  # fmt: skip
_TRIES = 2  # a parser that somebody else killed (out of memory, a person) is started once more


def parse(job: Job, raw: Path, folder: Path) -> Result:
    """Split the raw bytes into ``folder/rows.parquet``; the result's code says why there is none.

    Args:
        job: what the file should be.
        raw: its bytes in the lake.
        folder: an empty folder of the caller's.
    """
    told, answer = folder / _JOB, folder / RESULT
    told.write_text(job.to_json(), "utf-8")
    try:
        for _ in range(_TRIES):
            ended = _start(job, raw, folder)
            if answer.exists():
                return Result(**json.loads(answer.read_text("utf-8")))
            if ended != -signal.SIGKILL:
                break
    finally:
        told.unlink(missing_ok=True)
        answer.unlink(missing_ok=True)
    why = "it took too long" if ended in (None, -signal.SIGXCPU) else f"it ended with {ended}"
    return Result("PARSER_STOPPED", f"the parser was stopped by this file: {why}", 0, [])


def _start(job: Job, raw: Path, folder: Path) -> int | None:
    """Run the parser; its exit status, or None when it was stopped for taking too long."""
    descriptor = open_regular(raw)
    told = [_CONFINE, REPOSITORY, folder / _JOB, descriptor, folder]
    command = [sys.executable, "-I", "-c", _START, *map(str, told)]
    try:
        return subprocess.run(  # noqa: S603 - our own interpreter and module; no word of the sender
            command,
            pass_fds=[descriptor],
            env=_ENVIRONMENT,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=2 * job.cpu,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return None
    finally:
        os.close(descriptor)


def insist(result: Result) -> Result:
    """The result, if there are rows.

    Raises:
        RefusedError: with the result's code.
    """
    if result.code:
        raise RefusedError(result.code, result.message)
    return result
