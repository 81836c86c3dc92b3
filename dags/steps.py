"""Tasks that more than one place of a DAG needs: a room on a bundle of sources, a room on a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, chain, task, task_group

from dags import notes, rooms

if TYPE_CHECKING:
    from airflow.sdk import XComArg


def parameters() -> dict[str, Param]:
    """What a person may say when starting a run by hand."""
    return {
        "night": Param(None, type=["null", "string"], format="date", title="Night", description=notes.NIGHT),
        "drops": Param(None, type=["null", "string"], title="Drop box", description=notes.DROPS),
    }


def bundled(order: tuple[str, ...], bundles: XComArg) -> Any:  # noqa: ANN401 - Airflow types mapped groups so
    """A group per bundle: the rooms in order, each one task on the bundle's sources."""

    @task_group(group_id="bundle", tooltip="One bundle of sources through its first rooms", doc_md=notes.BUNDLE)
    def bundle(sources: list[str]) -> None:
        chain(*(_on_sources(room, sources) for room in order))

    return bundle.expand(sources=bundles)


def staged(stage: str, order: tuple[str, ...]) -> Any:  # noqa: ANN401
    """A group per stage: the rooms in order, each one task on all kinds of the stage."""

    @task_group(group_id=stage, tooltip="One stage through the rooms that find out who is who", doc_md=notes.STAGE)
    def group() -> None:
        chain(*(_on_stage(room, stage) for room in order))

    return group()


def _on_sources(room: str, sources: list[str]) -> Any:  # noqa: ANN401
    @task(task_id=room, doc_md=notes.ROOMS[room])
    def enter(codes: list[str]) -> dict[str, int]:
        return rooms.enter(room, codes)

    return enter(sources)


def _on_stage(room: str, stage: str) -> Any:  # noqa: ANN401
    @task(task_id=room, doc_md=notes.ROOMS[room])
    def enter() -> dict[str, int]:
        return rooms.enter(room, stage)

    return enter()
