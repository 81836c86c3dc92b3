"""What is told when a task or a whole run fails, or what was dropped is no source's: a JSON line, and a command."""

from __future__ import annotations

import json
import logging
import os
import shlex
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import Context

    from transforms.strays import Strays

_LOG = logging.getLogger("gridfacts")
_SECONDS = 30


def alert(context: Context) -> None:
    """Tell of a failed task: DAG, run, task, bundle, attempt, the error's type and code; never its text."""
    task, error = context["task_instance"], context.get("exception")
    _send(
        context,
        task=task.task_id,
        map_index=task.map_index,
        attempt=task.try_number,
        error=type(error).__name__ if error else None,
        code=getattr(error, "code", None),
    )


def alert_run(context: Context) -> None:
    """Tell of a failed run: some task of it failed, or it took longer than a night has."""
    _send(context, task=None)


def alert_strays(context: Context, found: Strays) -> None:
    """Tell of things in the drop box that no source takes: how many, and whose they seem to be; no name of any."""
    counts = {"things": found.things, "files": found.files, "bytes": found.bytes}
    _send(context, task=context["task_instance"].task_id, code="STRAYS", sources=found.sources, **counts)


def _send(context: Context, **told: str | int | list[str] | None) -> None:
    """Append a line to ``$GRIDFACTS_HOME/alerts.jsonl`` and hand it to ``GRIDFACTS_ALERT_COMMAND`` on its input.

    An alert that cannot be delivered is logged and breaks nothing else.
    """
    run = context["dag_run"]
    told |= {"at": datetime.now(UTC).isoformat(timespec="seconds"), "dag": run.dag_id, "run": run.run_id}
    line = json.dumps(told, sort_keys=True) + "\n"
    try:
        _append(line)
        if command := os.environ.get("GRIDFACTS_ALERT_COMMAND"):
            env = {name: value for name, value in os.environ.items() if name != "GRIDFACTS_KEYS_YAML"}
            words = shlex.split(command)  # the operator's own, which needs no key
            subprocess.run(words, input=line, env=env, text=True, timeout=_SECONDS, check=True)  # noqa: S603
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        _LOG.error("alert not delivered: %s", type(error).__name__)


def _append(line: str) -> None:
    from transforms.run import Settings

    home = Settings.from_environment().home
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / "alerts.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        os.write(descriptor, line.encode())  # one write: lines of tasks that fail at once stay whole
    finally:
        os.close(descriptor)
