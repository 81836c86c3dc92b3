"""What happens when a task or a whole run fails: one JSON line in the home, and a command of the operator's own."""

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

_LOG = logging.getLogger("gridfacts")
_SECONDS = 30


def alert(context: Context) -> None:
    """Append a line to ``$GRIDFACTS_HOME/alerts.jsonl`` and hand it to ``GRIDFACTS_ALERT_COMMAND`` on its input.

    The line names DAG, run, task, bundle, attempt and the error's type and code; never its text. An alert that
    cannot be delivered is logged and breaks nothing else.
    """
    line = json.dumps(_told(context), sort_keys=True) + "\n"
    try:
        _append(line)
        if command := os.environ.get("GRIDFACTS_ALERT_COMMAND"):
            subprocess.run(shlex.split(command), input=line, text=True, timeout=_SECONDS, check=True)  # noqa: S603 - the operator's own
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        _LOG.error("alert not delivered: %s", type(error).__name__)


def _told(context: Context) -> dict[str, str | int | None]:
    task, error = context.get("task_instance"), context.get("exception")
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "dag": context["dag_run"].dag_id,
        "run": context["dag_run"].run_id,
        "task": task.task_id if task else None,
        "map_index": task.map_index if task else None,
        "attempt": task.try_number if task else None,
        "error": type(error).__name__ if error else None,
        "code": getattr(error, "code", None) if error else None,
    }


def _append(line: str) -> None:
    from transforms.run import Settings

    home = Settings.from_environment().home
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / "alerts.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        os.write(descriptor, line.encode())  # one write: lines of tasks that fail at once stay whole
    finally:
        os.close(descriptor)
