"""The room: what it writes, reuses, refuses, holds, and never tells."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from tests.unit.check.lake import NIGHT, Lake
from tests.unit.check.rows import BREAKS, EXPECTATIONS, SOUND
from transforms import model, store
from transforms.errors import StaleInputError

HOUSEHOLD = "gongan_hukou"
SOUND_ROWS = [{"人员编号": f"P{n}"} for n in range(40)]


def test_verdicts_findings_and_suite_lie_beside_each_other(lake: Lake) -> None:
    rows = [{}, *[b for b in BREAKS if b.source == "shebao_canbao"]]
    batch = lake.land("shebao_canbao", [*rows, *({} for _ in rows)])
    (told,) = lake.check("shebao_canbao")
    verdict = store.read_table(lake.folder(batch) / "verdict.parquet")
    finding = store.read_table(lake.folder(batch) / "finding.parquet")
    assert verdict.schema.equals(model.VERDICT)
    assert finding.schema.equals(model.FINDING)
    assert set(verdict["batch"].to_pylist()) == {batch}
    assert told.counts["rows"] == told.counts["accepted"] + told.counts["quarantined"] == verdict.num_rows
    assert told.counts["struck"] > 0
    assert lake.suite(batch)["differing"] == []
    assert lake.facts(batch)["hold"] is None


def test_a_judged_batch_is_reused_and_a_changed_one_judged_again(lake: Lake) -> None:
    batch = lake.land(HOUSEHOLD, [{}])
    lake.check(HOUSEHOLD)
    before = (lake.folder(batch) / "manifest.json").stat().st_ino
    lake.check(HOUSEHOLD)
    assert (lake.folder(batch) / "manifest.json").stat().st_ino == before
    (lake.folder(batch) / "finding.parquet").write_bytes(b"")
    lake.check(HOUSEHOLD)
    assert (lake.folder(batch) / "manifest.json").stat().st_ino != before
    assert store.read_table(lake.folder(batch) / "finding.parquet").num_rows == 0


def test_a_changed_contract_makes_old_verdicts_stale(lake: Lake, tmp_path: Path) -> None:
    lake.expectations = tmp_path / "expectations"
    shutil.copytree(EXPECTATIONS, lake.expectations)
    batch = lake.land(HOUSEHOLD, [{"户口状态": "休眠"}])
    lake.check(HOUSEHOLD)
    assert lake.facts(batch)["struck"] == 1
    other = Lake(lake.home, tmp_path / "changed")
    shutil.copytree(lake.expectations, other.expectations)
    path = other.expectations / "contracts" / f"{HOUSEHOLD}.yml"
    path.write_text(path.read_text("utf-8").replace("正常: living,", "正常: living, 休眠: living,"), "utf-8")
    other.check(HOUSEHOLD)
    assert other.facts(batch)["struck"] == 0


def test_a_damaged_landed_table_is_refused(lake: Lake) -> None:
    batch = lake.land(HOUSEHOLD, [{}])
    (store.batch_dir(lake.run().settings, "land", batch) / "rows.parquet").write_bytes(b"")
    with pytest.raises(StaleInputError, match=r"rows\.parquet not as its manifest says"):
        lake.check(HOUSEHOLD)


def test_a_batch_that_land_holds_is_not_judged(lake: Lake) -> None:
    batch = lake.land(HOUSEHOLD, [{}], hold="ROW_COUNT")
    assert lake.check(HOUSEHOLD) == []
    assert not lake.folder(batch).exists()


@pytest.mark.parametrize(
    ("rows", "code", "field"),
    [
        ([*SOUND_ROWS[:30], *({"户口状态": "休眠"} for _ in range(10))], "UNKNOWN_CODES", "户口状态"),
        ([*SOUND_ROWS[:31], *({"户口状态": "休眠"} for _ in range(9))], None, None),
        ([{"姓名": None}] * 3, "DISTRIBUTION", "姓名"),
        (
            [*[{"姓名": None}] * 3, BREAKS[0]],
            "DISTRIBUTION",
            "姓名",
        ),  # a line that is no row says nothing of it
        ([{"姓名": None}] * 3 + [{}], "QUARANTINE_SHARE", None),
        ([{"姓名": None}] * 2 + [{}, {}], None, None),
    ],
)
def test_a_file_wrong_as_a_whole_is_held(lake: Lake, rows: list, code: str | None, field: str | None) -> None:
    batch = lake.land(HOUSEHOLD, rows)
    lake.check(HOUSEHOLD)
    assert (lake.facts(batch)["hold"], lake.facts(batch)["hold_field"]) == (code, field)
    assert ("整个文件暂缓入库" in lake.page(HOUSEHOLD)) == (code is not None)


def test_three_percent_of_unknown_codes_is_the_border(lake: Lake) -> None:
    unknown = [{"户口状态": "休眠"}] * 12
    border = lake.land(HOUSEHOLD, [*unknown, *({"人员编号": f"P{n}"} for n in range(388))])
    over = lake.land(HOUSEHOLD, [*unknown, *({"人员编号": f"P{n}"} for n in range(387))])
    lake.check(HOUSEHOLD)
    assert lake.facts(border)["hold"] is None
    assert lake.facts(over)["hold"] == "UNKNOWN_CODES"


def test_the_report_says_what_became_of_the_rows_and_how_to_mend_them(lake: Lake) -> None:
    rows = [*SOUND_ROWS, *({"姓名": None} for _ in range(12)), *({"联系电话": "12900001111"} for _ in range(3))]
    lake.land(HOUSEHOLD, rows)
    lake.check(HOUSEHOLD)
    page = lake.page(HOUSEHOLD)
    assert '<td class="n">55</td><td class="n">43</td><td class="n">12</td><td class="n">3</td>' in page
    assert "请补填该列" in page
    assert "42、43、44、45、46、47、48、49、50、51 …… 共 12 行" in page
    assert "54、55、56</td>" in page
    assert "<svg" in page
    assert "http" not in page
    assert "<script" not in page


def test_a_night_without_a_delivery_leaves_the_last_report_alone(lake: Lake) -> None:
    lake.land(HOUSEHOLD, [{}])
    lake.check(HOUSEHOLD)
    lake.check(HOUSEHOLD, night="2026-10-02")
    assert not (lake.home / "reports" / "2026-10-02").exists()


def test_marked_values_leave_the_landed_rows_nowhere(
    lake: Lake, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    marks = {"姓名": "哨兵张三丰", "公民身份号码": "哨兵99", "联系电话": "哨兵139"}
    marks |= {"出生日期": "哨兵日", "户口状态": "哨兵态"}
    caplog.set_level(logging.DEBUG)
    others = [{"人员编号": "哨兵号", "户籍地址": "哨兵\x00路"}, {"姓名": "哨兵<b>&amp;"}]
    batch = lake.land(HOUSEHOLD, [{}, marks, *others])
    told = lake.check(HOUSEHOLD)
    assert lake.facts(batch)["struck"] == 4
    written = [p for p in lake.home.rglob("*") if p.is_file() and "/land/" not in str(p)]
    assert {p.suffix for p in written} == {".parquet", ".json", ".html"}
    heard = caplog.text + "".join(capfd.readouterr()) + repr(told) + "".join(lake.said)
    for mark in ("哨兵", "\\u54e8\\u5175"):
        assert mark not in heard
        assert [p for p in written if p.suffix != ".parquet" and mark in p.read_text("utf-8")] == []
    for path in (p for p in written if p.suffix == ".parquet"):
        assert "哨兵" not in repr(store.read_table(path).to_pylist())


def test_headings_and_file_names_are_escaped(lake: Lake) -> None:
    batch = lake.land(HOUSEHOLD, [{}])
    land = store.batch_dir(lake.run().settings, "land", batch)
    text = (land / "manifest.json").read_text("utf-8").replace(f"{HOUSEHOLD}.csv", "<img src=x>.csv")
    (land / "manifest.json").write_text(text, "utf-8")
    lake.check(HOUSEHOLD)
    assert "<img" not in lake.page(HOUSEHOLD)
    assert "&lt;img src=x&gt;.csv" in lake.page(HOUSEHOLD)


def test_all_sources_of_a_night_in_one_call(lake: Lake) -> None:
    for source in SOUND:
        lake.land(source, [{}] * 2)
    told = lake.check(*SOUND)
    assert [report.part.split("-")[0] for report in told] == sorted(SOUND)
    assert {report.counts["accepted"] for report in told} == {2}
    assert len(lake.said) == len(SOUND)
    assert sorted(p.stem for p in (lake.home / "reports" / NIGHT).iterdir()) == sorted(SOUND)


@pytest.mark.parametrize("source", [HOUSEHOLD, "shichang_zhuti", "zhujian_fangwu"])
def test_no_value_that_breaks_a_rule_is_told(lake: Lake, source: str) -> None:
    """Every rule of a source at once: its page, its suite and what is said name rule, heading and line."""
    broken = [b for b in BREAKS if b.source == source]
    cells = {value.strip() for b in broken for value in b.cells.values() if value}
    told = [cell for cell in cells if (len(cell) >= 5 and not cell.isascii()) or len(cell) >= 9]
    assert len(told) > 1
    lake.land(source, [*({} for _ in range(3 * len(broken))), *broken])
    lake.check(source)
    assert sum(rule in lake.page(source) for rule in {b.rule for b in broken}) > 2
    assert lake.telling(told) == []
