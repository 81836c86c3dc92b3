"""A night with poisoned sources: each is frozen at its last good state; the rest is published as if without it."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from tests.conftest import Once
from tests.homes import NIGHTS, ROOT, Home

Column = list[str]


def _csv(path: Path, delimiter: str, change: Callable[[dict[str, Column]], None]) -> None:
    heads, *rows = csv.reader(io.StringIO(path.read_text("gb18030")), delimiter=delimiter)
    columns = {head: [row[i] for row in rows] for i, head in enumerate(heads)}
    change(columns)
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\r\n").writerows(
            [heads, *zip(*columns.values(), strict=True)]
        )


def household_register(path: Path, change: Callable[[dict[str, Column]], None]) -> None:
    _csv(path, ",", change)


def schools(path: Path, change: Callable[[dict[str, Column]], None]) -> None:
    _csv(path, "\t", change)


def medical_insurance(path: Path, change: Callable[[dict[str, Column]], None]) -> None:
    columns = pq.read_table(path).to_pydict()
    change(columns)
    pq.write_table(pa.table(columns), path)


def social_security(path: Path, change: Callable[[dict[str, Column]], None]) -> None:
    book = openpyxl.load_workbook(path)
    _, heads, *rows = book.worksheets[0].iter_rows()
    columns = {str(head.value): [str(row[i].value or "") for row in rows] for i, head in enumerate(heads)}
    change(columns)
    for i, values in enumerate(columns.values()):
        for row, value in zip(rows, values, strict=True):
            row[i].value = value or None
    book.save(path)


def borrowed(heading: str, share: float) -> Callable[[dict[str, Column]], None]:
    """A share of the rows has the number of another row."""

    def change(columns: dict[str, Column]) -> None:
        dice = random.Random(7)
        numbered = [i for i, number in enumerate(columns[heading]) if number]
        lenders = list(columns[heading])
        for i in dice.sample(numbered, max(round(share * len(lenders)), 1)):
            others = [lenders[j] for j in numbered if lenders[j] != lenders[i]]
            columns[heading][i] = dice.choice(others)

    return change


def everywhere(heading: str, value: str | None = None) -> Callable[[dict[str, Column]], None]:
    """Every row says one value; None: that of the first row that says one."""

    def change(columns: dict[str, Column]) -> None:
        said = value if value is not None else next(v for v in columns[heading] if v)
        columns[heading] = [said] * len(columns[heading])

    return change


@dataclass(frozen=True)
class Poison:
    """What a source sends: tonight's name of its file, whence the sound one is taken, and what is done to it."""

    file: str
    sound: str
    write: Callable[[Path, Callable[[dict[str, Column]], None]], None]
    change: Callable[[dict[str, Column]], None]


REGISTER = ("户籍人口_20261002.csv", "2026-10-02/gongan_hukou/户籍人口_20261002.csv", household_register)
INSURANCE = (
    "psn_insu_d_20261002_00.parquet",
    "2026-10-01/yibao_canbao/psn_insu_d_20261001_00.parquet",
    medical_insurance,
)
SECURITY = ("参保人员名单20261002.xlsx", "2026-10-02/shebao_canbao/参保人员名单20261002.xlsx", social_security)
SCHOOLS = ("学籍20261002.tsv", "2026-10-01/jiaoyu_xueji/学籍20261001.tsv", schools)
NIGHTS_OF_POISON: dict[str, dict[str, Poison]] = {
    "borrowed": {
        "gongan_hukou": Poison(*REGISTER, borrowed("公民身份号码", 0.05)),
        "yibao_canbao": Poison(*INSURANCE, borrowed("certno", 0.01)),
        "shebao_canbao": Poison(*SECURITY, borrowed("证件号码", 0.2)),
        "jiaoyu_xueji": Poison(*SCHOOLS, borrowed("身份证件号", 0.05)),
    },
    "all_the_same": {
        "gongan_hukou": Poison(*REGISTER, everywhere("姓名", "张三")),
        "yibao_canbao": Poison(*INSURANCE, everywhere("tel", "13812345678")),
        "shebao_canbao": Poison(*SECURITY, everywhere("证件号码")),
        "jiaoyu_xueji": Poison(*SCHOOLS, everywhere("出生日期(学籍)", "")),
    },
}
SOURCES = sorted(NIGHTS_OF_POISON["borrowed"])
LET_IN = ("all_the_same", "yibao_canbao")


def partition(home: Home) -> set[frozenset[str]]:
    """Which records stand together, of every kind."""
    rows = read(home, "SELECT kind, record_id, entity_id FROM record WHERE state = 'merged'")
    return {frozenset(group) for _, group in rows.groupby(["kind", "entity_id"])["record_id"]}


def facts(home: Home) -> pd.DataFrame:
    people = read(home, "SELECT * FROM fact_person WHERE known_to IS NULL ORDER BY person_id")
    return people[[c for c in people if c != "known_from"]]


def read(home: Home, query: str) -> pd.DataFrame:
    return pd.read_sql(query, sa.create_engine(f"sqlite:///{home.path / 'release.db'}"))


@pytest.fixture(scope="module")
def without(once: Once, first_night: Path, city: Path) -> Home:
    """The second night in which the four sources sent nothing."""

    def make(folder: Path) -> None:
        home = Home.copy_of(first_night, folder / "home")
        drops = Path(shutil.copytree(city / "drops" / NIGHTS[1], folder / "drops"))
        for source in SOURCES:
            shutil.rmtree(drops / source, ignore_errors=True)
        home.run(NIGHTS[1], drops)

    return Home(once("without", make) / "home")


A_NIGHT_EACH = pytest.mark.thorough("one poison is tried in every run")


@pytest.mark.parametrize(
    "poison", [p if p == LET_IN[0] else pytest.param(p, marks=A_NIGHT_EACH) for p in NIGHTS_OF_POISON]
)
def test_poisoned_sources_are_frozen_and_the_rest_is_published(
    poison: str, without: Home, first_night: Path, city: Path, tmp_path: Path
) -> None:
    drops = Path(shutil.copytree(city / "drops" / NIGHTS[1], tmp_path / "drops"))
    for source, told in NIGHTS_OF_POISON[poison].items():
        shutil.rmtree(drops / source, ignore_errors=True)
        (drops / source).mkdir()
        path = Path(shutil.copyfile(city / "drops" / told.sound, drops / source / told.file))
        told.write(path, told.change)
    home = Home.copy_of(first_night, tmp_path / "home")
    done = home.run(NIGHTS[1], drops)

    held = json.loads(home.call("hold", "list", "--json").stdout)
    assert sorted(row["source"] for row in held) == SOURCES
    for row in held:
        assert f"{row['source']}: held, {row['code']}" in done.stderr
    states = read(home, "SELECT source, state FROM source_state WHERE release = 2").set_index("source")["state"]
    assert set(states[SOURCES]) == {"held"}
    assert partition(home) == partition(without)
    pd.testing.assert_frame_equal(facts(home), facts(without))
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"
    if poison == LET_IN[0]:
        let_in(home, next(row["hold_id"] for row in held if row["source"] == LET_IN[1]), drops)


def let_in(home: Home, hold: str, drops: Path) -> None:
    """A named person says yes to one of the deliveries: it counts, no brake asks again, the others stay frozen."""
    before = home.checksum()
    nobody = home.call("hold", "release", hold, "--by", " ", "--reason", "so", check=False)
    assert "NOBODY" in nobody.stderr
    home.call("hold", "release", hold, "--by", "reviewer", "--reason", "the bureau really has one phone")
    home.run(NIGHTS[1], drops)
    waiting = {row["source"] for row in json.loads(home.call("hold", "list", "--json").stdout)}
    assert waiting == {*SOURCES} - {LET_IN[1]}
    assert "reviewer" in home.call("hold", "show", hold).stdout
    assert home.checksum() != before
    states = read(home, "SELECT source, state FROM source_state WHERE release = 3").set_index("source")["state"]
    assert states[LET_IN[1]] == "fresh"


FIRST = {
    "shebao_canbao": ("参保人员名单20261001.xlsx", social_security, borrowed("证件号码", 0.2)),
    "yibao_canbao": ("psn_insu_d_20261001_00.parquet", medical_insurance, everywhere("tel", "13812345678")),
    "jiaoyu_xueji": ("学籍20261001.tsv", schools, everywhere("身份证件号")),
}
BESIDE = ("gongan_hukou", "wangge_renkou", "zhengfa_wangge", "zhujian_fangwu")  # enough of a city to live in


@pytest.mark.thorough("one poison of a second delivery is tried in every run")
def test_a_source_poisoned_from_its_first_delivery_on_is_named_and_held(
    keyed: Path, city: Path, tmp_path: Path
) -> None:
    sound = city / "drops" / NIGHTS[0]
    homes = []
    for sources in (BESIDE, (*BESIDE, *FIRST)):
        drops = tmp_path / f"drops{len(sources)}"
        for source in sources:
            shutil.copytree(sound / source, drops / source)
        for source in set(sources) & set(FIRST):
            name, write, change = FIRST[source]
            write(drops / source / name, change)
        homes.append(Home.copy_of(keyed, tmp_path / f"home{len(sources)}"))
        homes[-1].run(NIGHTS[0], drops)
    clean, home = homes
    told = {row["source"]: row["code"] for row in json.loads(home.call("hold", "list", "--json").stdout)}
    assert told == {
        "shebao_canbao": "BRAKE_LOST_NUMBERS", "yibao_canbao": "BRAKE_SAMENESS", "jiaoyu_xueji": "BRAKE_SAMENESS",
    }  # fmt: skip
    assert partition(home) == partition(clean)
    assert not json.loads(clean.call("hold", "list", "--json").stdout)
    assert home.call("balance", "--night", NIGHTS[0]).stdout.strip() == "balanced"


@pytest.mark.thorough("unit/brakes holds a release beyond its budget")
def test_any_other_budget_holds_the_release_for_a_yes(first_night: Path, city: Path, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(ROOT / "expectations", tmp_path / "expectations"))
    budgets = re.sub(r"(?m)^departures: .*$", "departures: {share: 0.0, least: 0}", (mine / "brakes.yml").read_text())
    (mine / "brakes.yml").write_text(budgets)
    home = Home.copy_of(first_night, tmp_path / "home", ("GRIDFACTS_EXPECTATIONS", str(mine)))
    before = home.checksum()
    done = home.run(NIGHTS[1], city / "drops" / NIGHTS[1], check=False)
    assert done.returncode == 1
    held = json.loads(home.call("hold", "list", "--json").stdout)
    assert {row["code"] for row in held} == {"BRAKE_DEPARTURES"}
    held = [row for row in held if row["source"] is None]  # where one source's rows say "died", it alone waits
    assert held
    assert all(row["hold_id"] in done.stderr for row in held)
    unbraked = home.call("room", "publish", "--night", NIGHTS[1], check=False)
    assert "STALE_INPUT" in unbraked.stderr
    assert home.checksum() == before

    for row in held:
        home.call("hold", "release", row["hold_id"], "--by", "reviewer", "--reason", "a block was pulled down")
    for room in ("brakes", "publish"):
        home.call("room", room, "--night", NIGHTS[1])
    assert home.checksum() != before
