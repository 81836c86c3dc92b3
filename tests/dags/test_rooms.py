"""How a task calls a room: which night, which sources together, which errors are tried again, what is told of them."""

from __future__ import annotations

import json
import re
import sqlite3
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import RetryAction
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from dags import rooms
from dags.alerts import alert, alert_run
from dags.defaults import TASKS
from transforms import bundles
from transforms.errors import ConfigError, GridfactsError, ImbalanceError, RefusedError, StaleInputError
from transforms.run import Run, Settings

MARKED = "张标记 119991199003070000"


def context(night: str | None, due: datetime) -> Any:
    run = SimpleNamespace(run_after=due, dag_id="nightly_merge", run_id="manual__1")
    return {"params": {"night": night}, "dag_run": run}


def test_the_night_is_the_parameter_else_the_day_in_china() -> None:
    late = datetime(2026, 9, 30, 17, 30, tzinfo=UTC)
    assert rooms.night_of(context("2026-08-01", late)) == "2026-08-01"
    assert rooms.night_of(context(None, late)) == "2026-10-01"
    assert rooms.night_of(context(None, datetime(2026, 9, 30, 15, 59, tzinfo=UTC))) == "2026-09-30"


@given(st.dictionaries(st.from_regex(r"[a-z]{2,6}", fullmatch=True), st.integers(0, 10**9), max_size=30))
def test_bundles_hold_every_source_once_and_about_equal_work(waiting: dict[str, int]) -> None:
    made = bundles.bundles(waiting, rooms.BUNDLES)
    assert sorted(source for bundle in made for source in bundle) == sorted(waiting)
    assert len(made) == min(rooms.BUNDLES, len(waiting))
    assert made == bundles.bundles(dict(reversed(waiting.items())), rooms.BUNDLES)
    weights = [sum(waiting[source] + bundles.A_SOURCE for source in bundle) for bundle in made]
    assert not weights or max(weights) - min(weights) <= max(waiting.values()) + bundles.A_SOURCE


def test_small_sources_are_spread_by_their_number() -> None:
    made = bundles.bundles({"larger": 50_000} | {f"source_{n}": n for n in range(5)}, 2)
    assert [len(bundle) for bundle in made] == [3, 3]


def test_work_is_what_waits_or_a_landed_batch(tmp_path: Path) -> None:
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)})
    run = Run.of("2026-10-01", settings=settings)
    for source in ("gongan_hukou", "shebao_canbao", "shuiwu_nashui", "no_contract"):
        (run.drops / source).mkdir(parents=True)
    (run.drops / "gongan_hukou" / "a.csv").write_bytes(b"12345")
    (run.drops / "no_contract" / "a.csv").write_bytes(b"1")
    (run.drops / "shuiwu_nashui" / "link.csv").symlink_to("/etc/hostname")
    (run.drops / "shebao_canbao" / ".hidden").write_bytes(b"1")
    (settings.lake / "land" / "shichang_zhuti").mkdir(parents=True)
    assert bundles.sources_with_work(run) == {"gongan_hukou": 5, "shichang_zhuti": 0, "shuiwu_nashui": 0}


def test_events_that_come_together_are_all_in_the_run() -> None:
    def event(source: str) -> SimpleNamespace:
        return SimpleNamespace(extra={"from_trigger": True, "payload": {"source": source}})

    told = {"drop_box": [event("gongan_hukou"), event("shebao_canbao"), event("gongan_hukou")]}
    assert rooms.dropped_sources(told) == {"gongan_hukou", "shebao_canbao"}
    assert rooms.dropped_sources({}) is None
    assert rooms.dropped_sources(None) is None


def database_gone() -> None:
    with create_engine("sqlite:////nowhere/at/all.db").connect() as connection:
        connection.execute(text("SELECT 1"))


def row_in_message() -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f"SELECT * FROM [{MARKED}]")


def disk_full() -> None:
    raise OSError(28, "No space left on device", f"/drops/{MARKED}.csv")


@pytest.mark.parametrize(
    ("fail", "kind", "says"),
    [
        (database_gone, rooms.PassingError, "OperationalError"),
        (disk_full, rooms.PassingError, "OSError ENOSPC"),
        (lambda: int(MARKED), rooms.UnexpectedError, "ValueError"),
        (row_in_message, rooms.UnexpectedError, "OperationalError"),
    ],
)
def test_a_foreign_error_says_type_and_place_and_no_value(
    fail: Callable[[], object], kind: type[GridfactsError], says: str
) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        fail()
    told = rooms.without_text(caught.value)
    assert type(told) is kind
    assert says in str(told)
    assert re.search(r" at \S+/\S+\.pyx?:\d+", str(told))
    assert not [part for part in MARKED.split() if part in str(told)]


def test_an_error_raised_in_a_task_leaves_its_cause_behind() -> None:
    def refuse() -> None:
        try:
            int(MARKED)
        except ValueError as error:
            raise RefusedError("FORMAT", "gongan_hukou: line 3") from error

    with pytest.raises(RefusedError) as refused, rooms.value_free_errors():
        refuse()
    with pytest.raises(rooms.UnexpectedError) as unexpected, rooms.value_free_errors():
        int(MARKED)
    for caught in (refused, unexpected):
        shown = "".join(traceback.format_exception(caught.value))
        assert type(caught.value).__name__ in shown
        assert MARKED.split(maxsplit=1)[0] not in shown


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (rooms.PassingError("PASSING", "x"), RetryAction.RETRY),
        (rooms.UnexpectedError("UNEXPECTED", "x"), RetryAction.DEFAULT),
        (RefusedError("EMPTY_FILE", "x"), RetryAction.FAIL),
        (ImbalanceError(["x"]), RetryAction.FAIL),
        (ConfigError("x"), RetryAction.FAIL),
        (StaleInputError("a", "b", "c", "d"), RetryAction.FAIL),
        (RuntimeError("killed"), RetryAction.DEFAULT),
    ],
)
def test_only_what_may_pass_is_tried_again(error: Exception, action: RetryAction) -> None:
    assert TASKS["retry_policy"].evaluate(error, 1, TASKS["retries"]).action is action


def test_an_alert_is_one_line_for_file_and_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = tmp_path / "heard"
    monkeypatch.setenv("GRIDFACTS_HOME", str(tmp_path))
    monkeypatch.setenv("GRIDFACTS_ALERT_COMMAND", f"tee -a {heard}")
    task = SimpleNamespace(task_id="person.link", map_index=-1, try_number=3)
    failed = context(None, datetime(2026, 10, 1, tzinfo=UTC))
    alert(failed | {"task_instance": task, "exception": RefusedError("EMPTY_FILE", MARKED)})
    alert_run(failed)
    lines = (tmp_path / "alerts.jsonl").read_text("utf-8").splitlines()
    first, second = map(json.loads, lines)
    assert (first["task"], first["error"], first["code"], first["attempt"]) == (
        "person.link", "RefusedError", "EMPTY_FILE", 3,
    )  # fmt: skip
    assert (second["task"], second["run"]) == (None, "manual__1")
    assert heard.read_text("utf-8").splitlines() == lines
    assert MARKED not in "".join(lines)


@pytest.mark.parametrize(
    ("only", "told"), [(None, 1), ({"gongan_hukuo"}, 1), ({"gongan_hukou"}, 0), ({"shebao_canbao", "gongan_hukuo"}, 1)]
)
def test_what_no_source_takes_is_logged_and_alerted_once_and_no_name_of_it(
    only: set[str] | None, told: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    night = context("2026-10-01", datetime(2026, 10, 1, tzinfo=UTC)) | {
        "task_instance": SimpleNamespace(task_id="plan")
    }
    night["params"]["drops"] = str(tmp_path / "drops")
    monkeypatch.setenv("GRIDFACTS_HOME", str(tmp_path))
    monkeypatch.setattr(rooms, "get_current_context", lambda: night)
    for source in ("gongan_hukou", "gongan_hukuo", "张标记"):
        (tmp_path / "drops" / source).mkdir(parents=True)
        (tmp_path / "drops" / source / f"{MARKED}.csv").write_bytes(b"123")
    (tmp_path / "drops" / f"{MARKED}.csv").write_bytes(b"12345")
    rooms.plan(only)
    alerts = tmp_path / "alerts.jsonl"
    lines = alerts.read_text("utf-8").splitlines() if alerts.exists() else []
    warned = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert (len(lines), len(warned)) == (told, told)
    for line, warning in zip(lines, warned, strict=True):
        found = json.loads(line)
        assert found["code"] == "STRAYS"
        assert (found["task"], found["things"], found["files"], found["bytes"]) == ("plan", 3, 3, 11)
        assert found["sources"] == ["gongan_hukou"]
        assert "3 things that no source takes, 3 files, 11 bytes, perhaps of gongan_hukou" in warning
        assert not [name for name in ("hukuo", "标记", "1199") if name in line + warning]


def test_of_a_sound_drop_nothing_is_logged_or_alerted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    night = context("2026-10-01", datetime(2026, 10, 1, tzinfo=UTC))
    monkeypatch.setenv("GRIDFACTS_HOME", str(tmp_path))
    monkeypatch.setattr(rooms, "get_current_context", lambda: night)
    (tmp_path / "drops" / "gongan_hukou").mkdir(parents=True)
    (tmp_path / "drops" / "gongan_hukou" / "a.csv").write_bytes(b"1")
    assert rooms.plan() == [["gongan_hukou"]]
    assert not [one for one in caplog.records if one.levelname == "WARNING"]
    assert not (tmp_path / "alerts.jsonl").exists()


def test_the_alert_command_gets_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = tmp_path / "heard"
    monkeypatch.setenv("GRIDFACTS_HOME", str(tmp_path))
    monkeypatch.setenv("GRIDFACTS_KEYS_YAML", MARKED)
    monkeypatch.setenv("GRIDFACTS_ALERT_COMMAND", f"sh -c 'env > {heard}'")
    alert_run(context(None, datetime(2026, 10, 1, tzinfo=UTC)))
    told = heard.read_text("utf-8")
    assert (f"GRIDFACTS_HOME={tmp_path}" in told, MARKED in told) == (True, False)


def test_an_alert_that_cannot_be_told_breaks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDFACTS_HOME", str(tmp_path))
    monkeypatch.setenv("GRIDFACTS_ALERT_COMMAND", str(tmp_path / "no such program"))
    alert_run(context(None, datetime(2026, 10, 1, tzinfo=UTC)))
    assert len((tmp_path / "alerts.jsonl").read_text("utf-8").splitlines()) == 1
