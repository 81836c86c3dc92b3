"""A pytest plugin: where ``CI=1``, a skipped test fails, unless ``tests/skips.txt`` lists it with a reason."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

LIST = Path(__file__).with_name("skips.txt")


def allowed(text: str) -> set[str]:
    """The test ids of a list.

    Raises:
        pytest.UsageError: a line without a reason.
    """
    ids = set()
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            test, _, reason = line.partition("#")
            if not reason.strip():
                raise pytest.UsageError(f"{LIST.name}: {test.strip()} has no reason")
            ids.add(test.strip())
    return ids


def _judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    unlisted = report.nodeid not in allowed(LIST.read_text("utf-8"))
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail") and unlisted:
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped without a line in tests/{LIST.name}: {why}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge a test that skipped itself."""
    report = yield
    _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Judge a file that skipped itself whole."""
    report = yield
    _judge(report)
    return report
