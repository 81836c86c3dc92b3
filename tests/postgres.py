"""A throw-away PostgreSQL from the machine's own binaries: page checksums on, durability off, gone with the tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


def binaries() -> Path | None:
    """The folder of the newest PostgreSQL on this machine, or None."""
    found = sorted(
        (path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()),
        key=lambda path: int(path.parent.name),
    )
    if found:
        return found[-1]
    named = shutil.which("initdb")
    return Path(named).resolve().parent if named else None


@contextlib.contextmanager
def server(bin_folder: Path) -> Iterator[str]:
    """Start a server and yield the URL of its database ``postgres``; initdb refuses root, so root becomes postgres."""
    folder = Path(tempfile.mkdtemp(prefix="gridfacts-pg-"))
    prefix: list[str] = []
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        prefix = ["runuser", "-u", "postgres", "--"]

    def call(*words: str) -> None:
        done = subprocess.run([*prefix, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            raise RuntimeError(f"{Path(words[0]).name} exited {done.returncode}: {done.stderr[-500:]}")

    data, log, port = str(folder / "data"), str(folder / "log"), _free_port()
    options = (
        f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off "
        "-c full_page_writes=off -c log_error_verbosity=terse -c log_min_error_statement=panic"
    )
    try:
        call(str(bin_folder / "initdb"), "-k", "-N", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8",
             "--lc-collate=C", "--lc-ctype=C.UTF-8")  # fmt: skip
        call(str(bin_folder / "pg_ctl"), "-D", data, "-l", log, "-o", options, "-w", "start")
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        with contextlib.suppress(RuntimeError):
            call(str(bin_folder / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
