"""The history of what Great Expectations counted and of what drifted, delivery by delivery, and its page."""

from __future__ import annotations

import pytest

from tests.unit.receipts.deployment import HEADINGS, SOURCE, Deployment, row
from transforms import contract as contracts
from transforms import store
from transforms.receipts.department import Point
from transforms.receipts.department_page import source_page
from transforms.receipts.quality import Quality, quality

FIRST, SECOND = "2026-10-01", "2026-10-02"
MARKED = "449990199001010012"  # its check digit is wrong
ROWS = [
    row("K1", "王*芳"),
    row("K2", "李示例", 证件号码=MARKED),
    row("K3", "", 性别="女性"),
    row("K4", "孙示例", 性别="女性"),
]
POINT = Point(release=1, night=FIRST, state="fresh", age=0, rows=4, quarantined=0, placed=1, known=1)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, list[Quality]]:
    place = Deployment(tmp_path_factory.mktemp("quality") / "home").make()
    place.drop(FIRST, "a_20261001.csv", ROWS)
    place.night(FIRST, done=False)
    place.drop(SECOND, "a_20261002.csv", [(*ROWS[0], "x")], (*HEADINGS, "<b>新列"))
    place.drop(SECOND, "a_20261002_更正1.csv", ROWS[:1])
    place.night(SECOND, done=False)
    return place, quality(place.settings, SOURCE)


def test_every_delivery_has_what_was_counted_on_it(told: tuple[Deployment, list[Quality]]) -> None:
    place, found = told
    assert [(one.as_of, one.correction, one.rows, one.evaluated) for one in found] == [
        (FIRST, 0, 4, 4), (SECOND, 0, 1, 1), (SECOND, 1, 1, 1),
    ]  # fmt: skip
    (batch, *_) = sorted(store.landed(place.run(SECOND), SOURCE))
    finding = store.read_table(store.batch_dir(place.settings, "check", batch) / "finding.parquet").to_pandas()
    broken = finding.groupby(["rule", "field"]).size()
    assert found[0].missed == len(broken) > 1
    assert found[0].asked > found[0].missed
    assert found[0].worst[0][1:] == ("性别", broken.max())
    assert "CODE_UNKNOWN" in found[0].worst[0][0]
    assert [one.differing for one in found] == [0, 0, 0], "the verdict pass counts the same"
    assert (found[2].missed, found[2].missed_share) == (0, 0.0)


def test_drift_is_told_by_name(told: tuple[Deployment, list[Quality]]) -> None:
    assert [one.drift for one in told[1]][1:] == [("约定之外的列：收入, <b>新列",), ("约定之外的列：收入",)]


def test_the_page_shows_it_and_no_cell_of_a_file(told: tuple[Deployment, list[Quality]]) -> None:
    place, found = told
    contract = contracts.load_all(place.settings.expectations)[SOURCE]
    page = source_page(contract, [POINT], None, found)
    assert f"{SECOND}（更正1）" in page
    assert "&lt;b&gt;新列" in page
    assert "CODE_UNKNOWN" in page
    assert [word for word in ("<b>", "http", "王*芳", MARKED, "女性") if word in page] == []
    assert "数据质量" not in source_page(contract, [POINT], None, []), "nothing is shown of nothing"
