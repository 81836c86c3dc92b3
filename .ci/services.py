"""One night on real Airflow services: a task is killed on its way, the night ends all the same, in the same release.

Starts API server, scheduler, dag processor and triggerer on free loopback ports with their own SQLite database,
drops a small city into the drop box (which wakes ``intake``), starts ``nightly_merge`` over the REST API, kills one
running task process with SIGKILL, and compares the release checksum with ``gridfacts run`` of the same drops.
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent
NIGHT = "2026-10-01"
RESIDENTS = "2000"
USER = "ci"
ENDED = {"success", "failed"}
_HTTP_UNAUTHORIZED = 401
Found = TypeVar("Found")


def say(text: str) -> None:
    """One line of progress with the clock."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
    sys.stdout.flush()


def until(what: str, look: Callable[[], Found | None], seconds: float, pause: float = 0.5) -> Found:
    """Look again and again until something is found.

    Raises:
        SystemExit: nothing was found in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(pause)
    raise SystemExit(f"not within {seconds:.0f} s: {what}")


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path, keys: Path) -> dict[str, str]:
    """Of this process, with a home and keys of its own and nothing else of gridfacts."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("GRIDFACTS_", "AIRFLOW"))}
    told = (ROOT / "dags" / "airflow.env").read_text("utf-8").splitlines()
    asked = dict(line.split("=", 1) for line in told if line and not line.startswith("#"))
    return plain | asked | {"GRIDFACTS_HOME": str(home), "GRIDFACTS_KEYS": str(keys), "PYTHONPATH": str(ROOT)}


def gridfacts(env: dict[str, str], *words: str) -> str:
    """Run the command line and return what it printed."""
    command = [sys.executable, "-c", "from transforms.cli import main; main()", *words]
    return subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603


@dataclass
class Services:
    """An Airflow on loopback ports, and its REST API."""

    folder: Path
    env: dict[str, str]
    port: int = field(default_factory=free_port)
    token: str | None = None

    def __post_init__(self) -> None:
        """Decide ports and the password."""
        self.password = secrets.token_urlsafe(16)
        self.folder.mkdir()
        passwords = self.folder / "simple_auth_manager_passwords.json.generated"
        passwords.write_text(json.dumps({USER: self.password}), "utf-8")
        passwords.chmod(0o600)
        self.env = self.env | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start them all in a process group of their own; kill the group in the end (they orphan their children)."""
        with (self.folder / "services.log").open("wb") as log:
            command = [sys.executable, "-m", "airflow", "standalone"]
            parent = subprocess.Popen(  # noqa: S603
                command, env=self.env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            until("healthy services", lambda: parent.poll() is not None or self.healthy(), 120)
            if parent.poll() is not None:
                raise SystemExit((self.folder / "services.log").read_text("utf-8", "replace")[-3000:])
            yield
        finally:
            stop(parent)

    def healthy(self) -> bool:
        """API server, scheduler, dag processor and triggerer say so."""
        try:
            found = self.call("GET", "/api/v2/monitor/health")
        except OSError:
            return False
        parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
        return all(found[part]["status"] == "healthy" for part in parts)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """One request; logs in when it must."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != _HTTP_UNAUTHORIZED or self.token:
                raise
            login = {"username": USER, "password": self.password}
            self.token = self.call("POST", "/auth/token", login)["access_token"]
            return self.call(method, path, body)

    def unpause(self, dag: str) -> None:
        """As soon as the dag processor knows it."""

        def known() -> bool:
            try:
                return bool(self.call("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})["dag_id"] == dag)
            except urllib.error.HTTPError:
                return False

        until(f"DAG {dag} known", known, 60)

    def runs(self, dag: str) -> list[dict[str, Any]]:
        """All runs of a DAG."""
        return list(self.call("GET", f"/api/v2/dags/{dag}/dagRuns")["dag_runs"])

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """All task instances of a run."""
        return list(self.call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances?limit=100")["task_instances"])


def stop(parent: subprocess.Popen[bytes]) -> None:
    """End the whole group; what ignores the request is killed."""
    for signal_number, seconds in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        try:
            os.killpg(parent.pid, signal_number)
        except ProcessLookupError:
            return
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            parent.poll()
            try:
                os.killpg(parent.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.2)


def kill_one(services: Services, run: str) -> tuple[str, int]:
    """SIGKILL one running room until one really died of it; (task id, map index)."""

    def hit() -> tuple[str, int] | None:
        running = [t for t in services.tasks("nightly_merge", run) if t["state"] == "running" and t["pid"]]
        for task in running:
            if task["task_id"] != "bundles":
                try:
                    os.kill(task["pid"], signal.SIGKILL)
                except ProcessLookupError:
                    continue
                return task["task_id"], task["map_index"]
        return None

    def settled(task: tuple[str, int]) -> str | None:
        state = next(t["state"] for t in services.tasks("nightly_merge", run) if (t["task_id"], t["map_index"]) == task)
        return None if state == "running" else str(state)

    while True:
        task = until("a running room", hit, 120, pause=0.05)
        state = until("the killed task to be noticed", functools.partial(settled, task), 90)
        say(f"killed {task[0]}[{task[1]}]: {state}")
        if state != "success":
            return task


def night(services: Services, city: Path, home: Path) -> None:
    """Drop, wait for intake, merge with one kill, see that everything ended well."""
    for dag in ("intake", "nightly_merge"):
        services.unpause(dag)
    shutil.copytree(city / "drops" / NIGHT, home / "drops")
    say("dropped the city's files; waiting for intake to notice (30 s of quiet)")
    done = until("intake after the drop", lambda: [r for r in services.runs("intake") if r["state"] in ENDED], 180)
    expect("intake", [r["state"] for r in done], {"success"})
    body = {"logical_date": None, "conf": {"night": NIGHT}}
    run = str(services.call("POST", "/api/v2/dags/nightly_merge/dagRuns", body)["dag_run_id"])
    say(f"nightly_merge started over the API: {run}")
    killed = kill_one(services, run)
    state = until("the end of the night", lambda: ended(services, run), 600, pause=2)
    tasks = services.tasks("nightly_merge", run)
    expect("nightly_merge", [state], {"success"})
    expect("its tasks", [t["state"] for t in tasks], {"success"})
    tries = [t["try_number"] for t in tasks if (t["task_id"], t["map_index"]) == killed]
    expect("the killed task's tries", [t > 1 for t in tries], {True})
    say(f"{len(tasks)} task instances, all well; {killed[0]} on try {tries[0]}")


def ended(services: Services, run: str) -> str | None:
    """The run's state once it is final."""
    state = str(services.call("GET", f"/api/v2/dags/nightly_merge/dagRuns/{run}")["state"])
    return state if state in ENDED else None


def expect(what: str, found: list[Any], wanted: set[Any]) -> None:
    """All found are wanted, and there is one at least.

    Raises:
        SystemExit: not so.
    """
    if not found or not set(found) <= wanted:
        raise SystemExit(f"{what}: expected {sorted(wanted)}, found {found}")


def main() -> None:
    """The whole proof, in a temporary folder that is kept when it fails."""
    folder = Path(tempfile.mkdtemp(prefix="gridfacts-services-"))
    say(f"working in {folder}")
    keys = folder / "keys.yml"
    through, plain = (environment(folder / name, keys) for name in ("through-airflow", "plain"))
    city = folder / "city"
    gridfacts(plain, "demo", "keys")
    gridfacts(plain, "demo", "city", "--residents", RESIDENTS, "--nights", "1", "--seed", "11", "--out", str(city))
    (folder / "through-airflow").mkdir()
    services = Services(folder / "airflow", through)
    with services.running():
        say("services are healthy")
        night(services, city, folder / "through-airflow")
    gridfacts(plain, "run", "--night", NIGHT, "--drops", str(city / "drops" / NIGHT))
    found = [gridfacts(env, "checksum").split()[1] for env in (through, plain)]
    expect("release checksum of the night on services", [found[0]], {found[1]})
    say(f"the same release as 'gridfacts run': {found[0]}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
