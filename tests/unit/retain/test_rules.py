"""How long what is kept is data: read whole, or refused with the class that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from transforms.errors import ConfigError
from transforms.retain import files, rules
from transforms.run import REPOSITORY, Settings

SHIPPED = (REPOSITORY / "expectations" / rules.FILE).read_text("utf-8")


def test_days_are_counted_back_from_a_night(tmp_path: Path) -> None:
    (tmp_path / rules.FILE).write_text(SHIPPED.replace("sources: {}", "sources: {registry: 3}"), "utf-8")
    known = rules.load(tmp_path)
    assert known.deliveries.of("registry", "2027-03-02") == "2027-02-27"
    assert known.deliveries.of("other", "2027-03-02") == rules.earlier("2027-03-02", known.deliveries.days)
    assert rules.earlier("2028-03-01", 1) == "2028-02-29"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("vault:", "vaults:", "vault"),
        ("refused: {days: 30}", "refused: {days: 0}", "refused.days"),
        ("audit: {days: 1100}", "audit: {days: 400}", "audit.days"),
        ("history: {days: null}", "history: {days: 30}", "history.days"),
        ("nights: {days: 14}", "nights: {day: 14}", "nights"),
    ],
)
def test_a_class_that_is_wrong_is_named(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in SHIPPED
    (tmp_path / rules.FILE).write_text(SHIPPED.replace(before, after), "utf-8")
    with pytest.raises(ConfigError, match=said):
        rules.load(tmp_path)


def test_no_rules_are_no_permission(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="missing"):
        rules.load(tmp_path)


def test_of_earlier_nights_tables_go_and_what_came_is_kept(tmp_path: Path) -> None:
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)})
    for night in ("2026-10-01", "2026-10-02", "2026-10-03"):
        for part in ("land/registry", "merge/person"):
            (settings.lake / "night" / night / part).mkdir(parents=True)
            (settings.lake / "night" / night / part / "told.json").write_text("[]")
        for folder in (settings.home / "receipts" / "registry" / night, settings.home / "reports" / night):
            folder.mkdir(parents=True)
            (folder / "page.html").write_text("x")
    told = list(files.nights(settings, "2026-10-02", {"2026-10-02"}))
    assert [(one.name, one.rows) for one in told] == [("2026-10-01", 1)]
    files.forget_night(settings, "2026-10-01")
    assert list(files.nights(settings, "2026-10-02", {"2026-10-02"})) == []
    assert (settings.lake / "night" / "2026-10-01" / "land" / "registry" / "told.json").exists()
    assert [(one.name, one.rows) for one in files.receipts(settings, "2026-10-01")] == [("2026-10-01", 2)]
    files.forget_receipts(settings, "2026-10-01")
    assert [one.name for one in files.receipts(settings, "2026-10-03")] == ["2026-10-02", "2026-10-03"]
