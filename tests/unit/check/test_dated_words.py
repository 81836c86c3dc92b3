"""Words that hold for a time: a word means what it meant on the day of its delivery, in check and in standardise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from tests.unit.check.lake import Lake
from tests.unit.check.rows import EXPECTATIONS
from transforms import code_words, keys, model, standardise, store
from transforms import contract as contracts
from transforms.commands.touched import touched

SOURCE, HEADING = "gongan_hukou", "性别"
DAYS = ("2026-10-01", "2026-10-02")
WORDS = f"""{SOURCE},{HEADING},1,male,,2026-10-01
{SOURCE},{HEADING},1,unknown,2026-10-03,
{SOURCE},{HEADING},M,male,2026-10-02,
jiaoyu_xueji,{HEADING},2,male,,
"""
SAID = ("1", "M", "2")
MEANT = {
    "2026-10-01": ["male", None, "female"], "2026-10-02": [None, "male", "female"],
    "2026-10-03": ["unknown", "male", "female"],
}  # fmt: skip


def expectations(folder: Path, rows: str) -> Path:
    copy = Path(shutil.copytree(EXPECTATIONS, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__")))
    with (copy / "lookups" / "code_words.csv").open("a", encoding="utf-8") as file:
        file.write(rows)
    return copy


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    keys.create(tmp_path / "home" / "keys.yml")
    return Lake(tmp_path / "home", expectations(tmp_path / "expectations", WORDS))


def delivered(lake: Lake, day: str) -> str:
    """The same rows, word for word, as a delivery of a day, through check and standardise."""
    rows = [{HEADING: word, "人员编号": f"P{word}", "公民身份号码": None} for word in SAID]
    batch = lake.land(SOURCE, rows, night=day)
    lake.check(SOURCE, night=day)
    standardise.run(lake.run(day), [SOURCE])
    return batch


def sexes(lake: Lake, batch: str) -> list[str | None]:
    return list(table(lake, "standardise", batch, "person")["sex"].to_pylist())


def table(lake: Lake, room: str, batch: str, name: str) -> pa.Table:
    return store.read_table(store.batch_dir(lake.run().settings, room, batch) / f"{name}.parquet")


def test_a_word_holds_on_its_days_and_check_and_standardise_agree(lake: Lake) -> None:
    """Every day sends the same bytes: what was found, or was not, on the day before is not told again."""
    for day, meant in MEANT.items():
        batch = delivered(lake, day)
        struck = [row["ordinal"] for row in table(lake, "check", batch, "finding").to_pylist()]
        assert struck == [at for at, word in enumerate(meant, 1) if word is None], day
        assert sexes(lake, batch) == meant, day


def test_a_late_night_judges_a_delivery_by_its_own_day(lake: Lake) -> None:
    batch = delivered(lake, "2026-10-01")
    lake.check(SOURCE, night="2027-01-01")
    standardise.run(lake.run("2027-01-01"), [SOURCE])
    assert sexes(lake, batch) == MEANT["2026-10-01"]
    assert model.Batch.parse(batch).as_of == "2026-10-01"


def test_only_deliveries_of_the_word_s_days_are_made_anew(lake: Lake, tmp_path: Path) -> None:
    """A word that begins later leaves what was delivered before as it is: nothing is stale but by the file's hash."""
    contract = contracts.load_all(lake.expectations)[SOURCE]
    longer = expectations(tmp_path / "longer", WORDS + f"{SOURCE},{HEADING},F,female,2026-10-02,\n")
    told = {d: [code_words.digest(code_words.on(contract, e, d)) for e in (lake.expectations, longer)] for d in DAYS}
    assert told["2026-10-01"][0] == told["2026-10-01"][1]
    assert told["2026-10-02"][0] != told["2026-10-02"][1]
    plain = contracts.load_all(lake.expectations)["wangge_renkou"]
    assert code_words.on(plain, lake.expectations, "2026-10-02") is plain


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("gongan_hukou,性别,M,male,2026-10-02,", None),
        ("gongan_hukou,性别,M,boy,,", "boy is a word that column 性别 does not know"),
        ("gongan_hukou,姓名,M,male,,", "has no column 姓名 with codes"),
        ("nobody,性别,M,male,,", "source nobody has no column"),
        ("gongan_hukou,性别,M,male,,\ngongan_hukou,性别,M,female,2026-10-02,", "on the same day"),
        ("gongan_hukou,户口状态,信访重点,living,2030-01-01,", "a word on the deny-list (complaint)"),
        ("gongan_liudong,证件类型代码,护照,414,,", "who is to be forgotten"),
    ],
)
def test_lint_names_a_word_that_holds_nowhere_or_twice(tmp_path: Path, row: str, said: str | None) -> None:
    from expectations.lint import lint

    problems = lint(expectations(tmp_path / "expectations", row + "\n"))
    assert any(said in problem for problem in problems) if said else problems == []


def test_another_meaning_is_another_version_of_the_record_and_nothing_else_is(lake: Lake) -> None:
    """Who says the same on two days has one version, unless a word of it began or ended between them."""
    told = {day: table(lake, "standardise", delivered(lake, day), "person")["content_hash"].to_pylist() for day in DAYS}
    same = [one == other for one, other in zip(*told.values(), strict=True)]
    assert dict(zip(SAID, same, strict=True)) == {"1": False, "M": False, "2": True}


def test_a_word_is_known_in_a_cell_with_blanks() -> None:
    cells = code_words.stamped(pa.array(["M", " M ", "2", None]), {"M": "male", "1": None})
    assert cells.to_pylist() == ["M\x1fmale", " M \x1fmale", "2", None]


def test_a_replay_says_which_rows_a_dated_word_touches(lake: Lake, tmp_path: Path) -> None:
    """A word that means another thing from the second day on: one row of the second delivery, none of the first."""
    for day in DAYS:
        delivered(lake, day)
    changed = f"{SOURCE},{HEADING},2,female,,2026-10-01\n{SOURCE},{HEADING},2,unknown,2026-10-02,\n"
    longer = expectations(tmp_path / "longer", WORDS + changed)
    after = Lake(Path(shutil.copytree(lake.home, tmp_path / "after")), longer)
    run = after.run(DAYS[-1])
    after.check(SOURCE, night=DAYS[-1])
    standardise.run(run, [SOURCE])
    told = {model.Batch.parse(one.batch).as_of: one for one in touched(run, lake.run().settings, SOURCE)}
    assert {day: one.cleaned for day, one in told.items() if one.differs} == {DAYS[1]: {"person": 1}}
    assert set(told) == set(DAYS), "both are made anew, for the file is another"
