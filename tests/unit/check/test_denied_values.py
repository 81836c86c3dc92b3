"""A denied word that arrives as a value is told by rule and heading, and stands in no table behind check."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from expectations.purposes import Register, is_named, says
from tests.unit.check.lake import Lake
from tests.unit.check.rows import AS_OF, EXPECTATIONS
from transforms import keys, standardise, store

SOURCE, HEADING, DENIED = "gongan_hukou", "与户主关系", "信访重点"
WORDS = list(Register.of(EXPECTATIONS, AS_OF).denied)


@pytest.mark.parametrize(
    ("cell", "denied"),
    [
        ("重点人员", True), ("重點 人員", True), ("在逃", True), ("吸毒", True), (DENIED, True), ("xi_du", True),
        ("Zhong Dian Ren Yuan", True), ("ＺＤＲＹ-02", True), ("是xinfang户", True), ("党员证", True), ("户主", False),
        ("0201", False), ("其他", False), ("zd", False), ("", False), (None, False),
    ],
)  # fmt: skip
def test_a_cell_says_a_denied_word_as_a_heading_would(cell: str | None, denied: bool) -> None:
    assert says([cell], WORDS) == [denied]
    assert not cell or any(is_named(cell, word) for word in WORDS) == denied


def test_no_list_denies_nothing() -> None:
    assert says(["重点人员", ""], []) == [False, False]


def test_nothing_of_a_denied_value_is_kept_but_the_bytes_that_came(tmp_path: Path) -> None:
    keys.create(tmp_path / "home" / "keys.yml")
    lake = Lake(tmp_path / "home")
    rows = [{"人员编号": "P1", HEADING: DENIED}, {"人员编号": "P2"}, {"人员编号": "P3", HEADING: "没有的词"}]
    batch = lake.land(SOURCE, rows)
    lake.check(SOURCE)
    standardise.run(lake.run(), [SOURCE])
    finding = store.read_table(lake.folder(batch) / "finding.parquet").to_pylist()
    assert [(f["ordinal"], f["effect"]) for f in finding if f["rule"] == "DENIED_VALUE"] == [(1, "strike")]
    person = store.read_table(store.batch_dir(lake.run().settings, "standardise", batch) / "person.parquet")
    assert person["relation_to_head"].to_pylist() == [None, "head", None]
    assert person["raw_relation_to_head"].to_pylist() == [None, "户主", "没有的词"], "what is only unknown may be seen"
    paths = [p for p in lake.home.rglob("*") if p.is_file() and "land" not in p.parts]
    assert len(paths) > 5
    told = {p: str(store.read_table(p).to_pylist()) if p.suffix == ".parquet" else p.read_text("utf-8") for p in paths}
    assert [path for path, text in told.items() if DENIED in text] == []
    assert not any(DENIED in line for line in lake.said)
    assert "DENIED" in lake.page(SOURCE) or "不予采集" in lake.page(SOURCE)


def test_a_word_that_is_denied_from_tonight_on_is_struck_in_what_came_before_too(tmp_path: Path) -> None:
    """Also where the delivery before held the same rows, and nothing was found in them."""
    copy = shutil.copytree(EXPECTATIONS, tmp_path / "expectations", ignore=shutil.ignore_patterns("*.py"))
    table = copy / "lookups" / "denied_columns.csv"
    text = table.read_text("utf-8").replace("word,reason\n", "word,reason,valid_from\n户主,made up,2026-10-02\n", 1)
    table.write_text(text, "utf-8")
    lake, found = Lake(tmp_path / "home", copy), {}
    for night in ("2026-10-01", "2026-10-02"):
        batch = lake.land(SOURCE, [{"人员编号": "P1"}, {"人员编号": "P2", HEADING: "配偶"}], night=night)
        lake.check(SOURCE, night=night)
        batches = found.setdefault(night, [*found.get("2026-10-01", []), batch])
        told = [store.read_table(lake.folder(one) / "finding.parquet").to_pylist() for one in batches]
        struck = [[(one["ordinal"], one["rule"]) for one in finding] for finding in told]
        assert struck == ([[]] if night == "2026-10-01" else [[(1, "DENIED_VALUE")]] * 2)
