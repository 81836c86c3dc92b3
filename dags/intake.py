"""Intake: lands and checks what a department has just dropped, so that it hears of it the same day."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Asset, AssetWatcher, dag, get_current_context, task

from dags import notes, rooms, steps
from dags.alerts import alert_run
from dags.defaults import TASKS
from dags.drop_box import DropBoxTrigger

DROP_BOX = Asset("drop_box", watchers=[AssetWatcher(name="drop_box", trigger=DropBoxTrigger())])


@dag(
    dag_id="intake",
    schedule=[DROP_BOX],
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args=TASKS,
    on_failure_callback=alert_run,
    tags=["gridfacts", "intake"],
    params=steps.parameters(),
    doc_md=notes.INTAKE,
)
def intake() -> None:
    """The sources that dropped, in bundles, through land and check."""

    @task
    def dropped() -> list[list[str]]:
        """Bundle the sources the watcher saw: several drops come as one run. Started by hand: all that have work."""
        return rooms.plan(rooms.dropped_sources(get_current_context().get("triggering_asset_events")))

    steps.bundled(("land", "check"), dropped())


intake()
