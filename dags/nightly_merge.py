"""The nightly merge: every room once, in order, from the drop box to one release and its receipts."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, chain, dag, task

from dags import notes, rooms, steps
from dags.alerts import alert_run
from dags.defaults import TASKS
from transforms.kinds import LANES, rooms_of

BUNDLE_ROOMS = ("land", "check", "standardise")


@dag(
    dag_id="nightly_merge",
    schedule=CronTriggerTimetable("30 1 * * *", timezone=str(rooms.TIMEZONE), run_immediately=timedelta(0)),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args=TASKS,
    on_failure_callback=alert_run,
    tags=["gridfacts", "nightly"],
    params=steps.parameters(),
    doc_md=notes.NIGHTLY_MERGE,
)
def nightly_merge() -> None:
    """Bundles of sources through the first three rooms, then stage by stage, one release, receipts."""

    @task
    def bundles() -> list[list[str]]:
        """Spread the sources that have work over at most four bundles of about equal bytes. Reads sizes only."""
        return rooms.plan()

    @task(doc_md=notes.ROOMS["apply"])
    def account_apply() -> dict[str, int]:
        return rooms.enter("account", entry="apply")

    @task(doc_md=notes.ROOMS["close"])
    def account_close() -> dict[str, int]:
        return rooms.close()

    @task(doc_md=notes.ROOMS["brakes"])
    def brakes() -> dict[str, int]:
        return rooms.brake()

    @task(doc_md=notes.ROOMS["publish"])
    def publish() -> dict[str, int]:
        return rooms.enter("publish")

    @task(doc_md=notes.ROOMS["receipts"])
    def receipts() -> dict[str, int]:
        return rooms.tell()

    @task(doc_md=notes.ROOMS["rights"])
    def rights() -> dict[str, int]:
        return rooms.rights()

    @task(doc_md=notes.ROOMS["retain"])
    def retain() -> dict[str, int]:
        return rooms.retain()

    places, closed = steps.staged("place", rooms_of("place")), account_close()
    chain(steps.bundled(BUNDLE_ROOMS, bundles()), account_apply(), places)
    for lane in LANES:
        chain(places, *(steps.staged(stage, rooms_of(stage)) for stage in lane), closed)
    chain(closed, brakes(), publish(), [rights(), receipts()], retain())


nightly_merge()
