"""The DAG files as Airflow sees them: complete, documented, and without any work while they are read."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dags.alerts import alert, alert_run
from dags.rooms import BUNDLES
from tests.dags.conftest import ROOT
from transforms.kinds import LANES, rooms_of

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

DAGS = ("intake", "nightly_merge")
A_NIGHT_MAY_COST = 40


def test_the_bag_holds_these_dags_and_no_errors(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert sorted(bag.dags) == list(DAGS)


@pytest.mark.parametrize("dag_id", DAGS)
def test_every_task_has_owner_limit_retries_alert_and_notes(bag: DagBag, dag_id: str) -> None:
    tasks = bag.dags[dag_id].tasks
    assert len(tasks) >= 3
    for task in tasks:
        assert task.owner == "data-engineering", task.task_id
        assert timedelta(0) < task.execution_timeout <= timedelta(hours=1), task.task_id
        assert task.retries >= 1, task.task_id
        assert task.retry_policy is not None, task.task_id
        assert task.on_failure_callback in (alert, [alert]), task.task_id
        assert len(task.doc_md or "") > 20, task.task_id


@pytest.mark.parametrize("dag_id", DAGS)
def test_every_dag_says_what_red_means_and_what_is_safe(bag: DagBag, dag_id: str) -> None:
    dag = bag.dags[dag_id]
    for words in ("It is red", "safe"):
        assert words in (dag.doc_md or "")
    groups = [group for name, group in dag.task_group.get_task_group_dict().items() if name]
    assert groups
    assert all("Safe to clear" in (group.doc_md or "") for group in groups)
    assert "gridfacts" in dag.tags
    assert dag.has_on_failure_callback or dag.on_failure_callback is alert_run
    assert dag.dagrun_timeout is not None
    assert (dag.catchup, dag.max_active_runs) == (False, 1)


def test_a_night_costs_at_most_forty_task_instances(bag: DagBag) -> None:
    tasks = bag.dags["nightly_merge"].tasks
    mapped = [task for task in tasks if task.task_id.startswith("bundle.")]
    assert len(mapped) == 3
    assert len(mapped) * BUNDLES + len(tasks) - len(mapped) <= A_NIGHT_MAY_COST


def test_the_rooms_of_a_night_stand_in_order(bag: DagBag) -> None:
    first = ["bundles", "bundle.land", "bundle.check", "bundle.standardise", "account_apply"]
    dag = bag.dags["nightly_merge"]
    seen: set[str] = set()
    for lane in LANES:
        stages = [f"{stage}.{room}" for stage in ("place", *lane) for room in rooms_of(stage)]
        order = [*first, *stages, "account_close", "brakes", "publish", "receipts", "retain"]
        seen.update(order)
        for before, after in pairwise(order):
            assert after in dag.get_task(before).downstream_task_ids, (before, after)
    seen.add("rights")
    assert "rights" in dag.get_task("publish").downstream_task_ids
    assert "retain" in dag.get_task("rights").downstream_task_ids, "rights and receipts side by side"
    assert sorted(seen) == sorted(dag.task_ids)


READ_ALL = """
import sys
from airflow.dag_processing.dagbag import DagBag
root, seen = sys.argv[1], []
def watch(event, args):
    if event == "open" and isinstance(args[0], str) and args[0].startswith(root):
        if not args[0].endswith((".py", ".pyc", ".airflowignore")) and ".pyc." not in args[0]:
            seen.append(args[0])
    elif event in ("socket.connect", "subprocess.Popen", "os.mkdir", "sqlite3.connect"):
        seen.append(event)
sys.addaudithook(watch)
bag = DagBag(root + "/dags")
assert not bag.import_errors, bag.import_errors
rooms = ("land", "check", "standardise", "locate", "link", "resolve", "merge", "publish", "account")
seen += [room for room in rooms if "transforms." + room in sys.modules]
print(len(bag.dags), "dags", "touched:", seen)
"""


def test_reading_the_dag_files_touches_nothing(tmp_path: Path) -> None:
    """No file but code is opened, no room imported, no process, folder or connection made, no setting needed."""
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "GRIDFACTS_HOME": str(tmp_path / "home"),
        "GRIDFACTS_EXPECTATIONS": str(tmp_path / "nowhere"),
        "GRIDFACTS_ENGINE": "no such engine",
    }
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(ROOT)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == f"{len(DAGS)} dags touched: []"
    assert list(tmp_path.iterdir()) == []
