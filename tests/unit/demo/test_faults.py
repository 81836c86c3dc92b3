"""Every fault the city was asked for occurs in it, at a rate of rates.yml, and the truth names it on the right rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.cell.cell import MergedCell

from demo import catalogue
from demo.config import BY_PEOPLE, HEAD_FORMS, HERE, all_rates, broken_files, error_names
from demo.damage import whole
from demo.departments import gongan_hukou, minzheng_diming
from demo.wording import AddressWriter
from demo.world import World, state_of
from tests.unit.demo.sample import Broken, City, book, contract, read

FIRST, SECOND = "2026-10-01", "2026-10-02"
FAULTS = catalogue.faults()
NAMED = sorted({name for names in error_names().values() for name in names})
ELSEWHERE = {"address_old_county", "old_division_code"}  # in counties that had another name: small cities hold none
FROM_HABITS = {"id_missing", "address_missing"}


@pytest.fixture(scope="module")
def truth(town: City) -> pd.DataFrame:
    """The truth of all kinds, a row for each row of a file: night, source, file_sha256, line, errors."""
    kinds = sorted({path.stem for path in (town.folder / "truth").glob("*.parquet")} - {"events", "household_members"})
    every = pd.concat([town.truth(kind) for kind in kinds], ignore_index=True)
    return every.drop_duplicates(["night", "source", "file_sha256", "line"]).reset_index(drop=True)


@pytest.fixture(scope="module")
def hit(truth: pd.DataFrame) -> dict[str, set[str]]:
    """Named error → the departments in whose files the truth names it."""
    told = truth[["source", "errors"]].explode("errors").dropna().drop_duplicates()
    return {str(name): set(part["source"]) for name, part in told.groupby("errors")}


def struck(truth: pd.DataFrame, source: str, name: str, night: str = FIRST) -> set[int]:
    """Lines of a department's file whose truth names an error."""
    part = truth[(truth["source"] == source) & (truth["night"] == night)]
    return set(part.loc[part["errors"].map(lambda errors: name in errors), "line"])


def test_the_page_is_the_catalogue() -> None:
    assert (HERE / "FAULTS.md").read_text(encoding="utf-8") == catalogue.markdown()


def test_the_lists_are_whole() -> None:
    """Sections C, D and F of the catalogue of faults are numbered without a gap; the checklist has thirty lines."""
    asked = set(FAULTS["asked"])
    for letter, last in (("C", 20), ("D", 9), ("F", 8)):
        assert {f"faults {letter}{number}" for number in range(1, last + 1)} <= asked
    assert FAULTS.loc[FAULTS["asked"] == "domain 8", "fault"].nunique() > 30


def test_every_fault_of_rows_and_files_has_a_department() -> None:
    told = FAULTS[FAULTS["sort"].isin(["error", "file"])]
    assert len(told) > 70
    for sort, name in told[["sort", "name"]].itertuples(index=False):
        found = catalogue.told_by(sort, name)
        assert found, name
        assert all(rate > 0 for rate in found.values()), name
    assert set(FAULTS.loc[FAULTS["sort"] == "file", "name"]) == set(whole.FAULTS)


@pytest.mark.parametrize("name", [name for name in NAMED if name not in ELSEWHERE])
def test_every_named_error_occurs_where_its_rate_is(hit: dict[str, set[str]], name: str) -> None:
    assert hit[name]
    sources = {source for source, names in error_names().items() if name in names}
    assert name in FROM_HABITS or hit[name] <= sources


def test_the_truth_names_nothing_else(hit: dict[str, set[str]]) -> None:
    assert len(hit) > 100
    assert set(hit) <= set(NAMED) | FROM_HABITS | set(whole.FAULTS)


def lines(path: Path) -> dict[int, bytes]:
    """Physical lines of a text file from 1, without LF."""
    return dict(enumerate(path.read_bytes().split(b"\n")[:-1], start=1))


BARS, COMMAS = 11, 9  # between the fields of gongan_liudong and of canlian_renyuan
IN_LINES: dict[str, tuple[str, Callable[[bytes], bool]]] = {
    "extra_field": ("gongan_liudong", lambda line: line.count(b"|") == BARS + 1),
    "bom_in_file": ("jiaoyu_xueji", lambda line: line.startswith("\ufeff".encode("gb18030"))),
    "nul_byte": ("gongan_liudong", lambda line: b"\0" in line),
    "control_char": ("gongan_liudong", lambda line: b"\1" in line),
    "short_row": ("canlian_renyuan", lambda line: line.count(b",") == COMMAS - 2),
    "mixed_line_ends": ("canlian_renyuan", lambda line: not line.endswith(b"\r")),
    "extra_field_first": ("shuiwu_nashui", lambda line: line.endswith(b"\t")),
    "unclosed_quote": ("shuiwu_nashui", lambda line: line.count(b'"') == 1),
    "lone_surrogate": ("minzheng_diming", lambda line: b'"DZQC":"\\ud83d' in line or b'"DZQC":"\\udc00' in line),
    "line_break_in_cell": ("shuiwu_gongshui", lambda line: line.count(b'"') == 1 and b'"' in line.split(b",")[2]),
}


@pytest.mark.parametrize("name", IN_LINES)
def test_damaged_lines_are_where_the_truth_says(town: City, truth: pd.DataFrame, name: str) -> None:
    source, looks = IN_LINES[name]
    path = town.file(FIRST, source)
    head = contract(source)["arrives"].get("header_row", 1) if path.suffix != ".json" else 0
    found = {number for number, line in lines(path).items() if number > head and looks(line)}
    assert found
    assert found == struck(truth, source, name)


def test_only_what_cannot_be_split_is_broken(town: City, truth: pd.DataFrame) -> None:
    unreadable = {"extra_field", "extra_field_first", "short_row", "unclosed_quote"}
    for source in ("gongan_liudong", "jiaoyu_xueji", "canlian_renyuan", "shuiwu_nashui", "shuiwu_gongshui"):
        rows = read(town.file(FIRST, source))
        assert set(rows) == set(truth[(truth["source"] == source) & (truth["night"] == FIRST)]["line"])
        broken = {line for line, row in rows.items() if isinstance(row, Broken)}
        assert broken == set().union(*(struck(truth, source, name) for name in unreadable)), source


IN_VALUES: dict[str, tuple[str, str, str]] = {  # name: department, heading, what the whole value looks like
    "leading_zero_lost": ("yibao_canbao", "psn_cert_type", r"\d"),
    "birth_us_order": ("canlian_renyuan", "生日", r"\d\d/\d\d/\d{4}"),
    "birth_short_month": ("tuiyi_junren", "出生年月", r"\d{4}-\d\d?"),
    "birth_excel_1904": ("jiaoyu_xueji", "出生日期(学籍)", r"\d{5}"),
    "id_float": ("canlian_renyuan", "持证人身份证号", r"\d{16}00\.0"),
    "id_centenarian": ("tuiyi_junren", "居民身份证号", r"\d{12}99[6-9]"),
    "id_masked": ("wangge_renkou", "证件号", r"\d{6}\*{8}\d{3}[\dX]"),
    "id_exponent": ("shebao_canbao", "证件号码", r"\d\.\d{5}E\+17"),
}


@pytest.mark.parametrize("name", IN_VALUES)
def test_damaged_values_are_where_the_truth_says(town: City, truth: pd.DataFrame, name: str) -> None:
    source, heading, looks = IN_VALUES[name]
    told = struck(truth, source, name)
    rows = town.rows(FIRST, source)
    found = {line for line, row in rows.items() if re.fullmatch(looks, str(row.get(heading)))}
    assert told
    assert told <= found
    others = {"birth_excel_1904": "birth_excel_serial", "birth_short_month": "birth_year_month_only",
              "id_centenarian": "id_15_digit"}  # fmt: skip
    assert found <= told | struck(truth, source, others.get(name, name))


def cells(path: Path, sheet: str) -> dict[str, set[int]]:
    """Rows of a sheet with an error, with a formula, and below a cell they are merged with."""
    found: dict[str, set[int]] = {"error_cell": set(), "formula_no_value": set(), "merged_cell": set()}
    for row in book(path)[sheet].iter_rows():
        for cell in row:
            if isinstance(cell, MergedCell):
                found["merged_cell"].add(cell.row)
            elif cell.data_type in "ef":
                found["error_cell" if cell.data_type == "e" else "formula_no_value"].add(cell.row)
    return found


@pytest.mark.parametrize(
    ("source", "name"),
    [("tuiyi_junren", "error_cell"), ("tuiyi_junren", "merged_cell"), ("yingji_changsuo", "formula_no_value")],
)
def test_damaged_cells_are_where_the_truth_says(town: City, truth: pd.DataFrame, source: str, name: str) -> None:
    path = town.file(FIRST, source)
    found = cells(path, contract(source)["arrives"]["sheet"])[name]
    told = struck(truth, source, name)
    assert told
    assert told == {row for row in found if row >= min(read(path))}
    if name == "formula_no_value":
        values = openpyxl.load_workbook(path, data_only=True)[contract(source)["arrives"]["sheet"]]
        assert all(values.cell(row, 3).value is None for row in told)


def test_the_dead_are_dead_in_the_register(town: City, truth: pd.DataFrame) -> None:
    people = town.truth("person").query("night == @FIRST")
    register = town.rows(FIRST, "gongan_hukou")
    known = people[people["source"] == "gongan_hukou"]
    states = pd.Series([register[line]["户口状态"] for line in known["line"]], index=known["entity"])
    dead = set(states[states == "死亡注销"].index)
    listed = struck(truth, "shebao_canbao", "dead_still_listed")
    told = people[(people["source"] == "shebao_canbao") & people["line"].isin(listed)]["entity"]
    assert len(told)
    assert set(told) & dead
    assert set(told) & set(states.index) <= dead
    alive = people[(people["source"] == "shebao_canbao") & ~people["line"].isin(listed)]["entity"]
    assert not set(alive) & dead


def test_a_county_that_had_another_name(world: World) -> None:
    """Both errors of such counties, in a town that is moved to one."""
    villages = world.villages.assign(county="云安区")
    for name in ("code", "town_code", "county_code"):
        villages[name] = villages[name].str.replace("445302", "445303")
    moved = replace(world, villages=villages, writer=AddressWriter(world.config, villages, world.places))
    state = state_of(moved, 1)
    plates, register = minzheng_diming.extract(state), gongan_hukou.extract(state)
    old = np.array([code.startswith("445323") for code in plates.columns["SSCJWH"]])
    assert old.any()
    assert old.tolist() == plates.errors["old_division_code"].tolist()
    assert old.tolist() == [code.startswith("445323") for code in plates.columns["SSXZJD"]]
    flags = register.errors["address_old_county"]
    texts = zip(register.columns["户籍地址"], register.columns["现住址"], strict=True)
    said = np.array(["云安县" in one or "云安县" in other for one, other in texts])
    assert 0 < flags.sum() < 0.1 * len(flags)
    assert not (said & ~flags).any()
    assert (said & flags).sum() > 0.95 * flags.sum(), "in traditional characters it looks otherwise"


@pytest.mark.parametrize(
    ("source", "fault"), [(source, fault) for source, names in sorted(broken_files().items()) for fault in names]
)
def test_broken_files_come_before_the_sound_one(town: City, truth: pd.DataFrame, source: str, fault: str) -> None:
    events = town.truth("events").query("entity == @source and night == @SECOND")
    names = [text.split(" ", 1)[1] for text in events.query("event == 'file_broken'")["detail"] if fault in text]
    folder = town.folder / "drops" / SECOND / source
    assert len(names) == 1
    assert (folder / names[0]).is_file()
    part = truth[(truth["source"] == source) & (truth["night"] == SECOND)]
    named = part.groupby("file_sha256")["errors"].apply(lambda rows: all(fault in errors for errors in rows))
    assert sorted(named.tolist())[-2:] == [False, True]
    sound = [text.name for text in folder.iterdir() if text.name not in town.broken()]
    assert len(sound) == 1
    pattern = re.compile(contract(source)["arrives"]["file_pattern"])

    def correction(name: str) -> int:
        match = pattern.fullmatch(name)
        assert match
        return int(match["correction"] or 0)

    assert correction(sound[0]) > correction(names[0])
    assert len(read(folder / sound[0])) > 2


def headings_of(path: Path, encoding: str, sign: bytes) -> list[str]:
    head = path.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
    return [name.decode(encoding) for name in head.split(sign)]


def test_what_broken_files_look_like(town: City) -> None:
    """Each fault is in the bytes, and not in those of the sound file beside it."""
    told = town.truth("events").query("event == 'file_broken'")[["entity", "detail"]].itertuples(index=False)
    found = {detail.split(" ", 1)[0]: town.folder / "drops" / SECOND / source / detail.split(" ", 1)[1]
             for source, detail in told}  # fmt: skip
    assert set(found) == set(whole.FAULTS)
    with pytest.raises(UnicodeDecodeError):
        found["wrong_encoding"].read_bytes().decode("utf-8-sig")
    assert "机构名称" in headings_of(found["wrong_encoding"], "gb18030", b",")
    with pytest.raises(UnicodeDecodeError):
        found["foreign_bytes"].read_bytes().decode("gb18030")
    assert "承办单位" in headings_of(found["foreign_bytes"], "gb18030", b";")
    assert "承办单位" not in headings_of(found["column_renamed"], "gb18030", b";")
    twice = headings_of(found["heading_twice"], "gb18030", b",")
    assert len(set(twice)) == len(twice) - 1
    assert sum(line.count(b'"') for line in found["quote_left_open"].read_bytes().splitlines()) == 1
    rows = read(found["column_empty"]).values()
    assert {row["机构名称"] for row in rows} == {""}
    sheet = book(found["column_missing"])["登记表"]
    assert "居民身份证号" not in [cell.value for cell in sheet[2]]
    assert "退役军人" in [cell.value for cell in sheet[2]]


def test_events_of_the_catalogue_happen(town: City) -> None:
    wanted = set(FAULTS.loc[FAULTS["sort"] == "event", "name"])
    assert len(wanted) > 4
    assert wanted <= set(town.truth("events").query("night == @SECOND")["event"])


def test_a_firm_that_moves_says_its_new_seat(town: City) -> None:
    moved = set(town.truth("events").query("event == 'moved'")["entity"])
    firms = town.truth("organization").query("source == 'shichang_zhuti'")
    told = firms[firms["entity"].isin(moved)].set_index(["entity", "night"])["line"]
    rows = {night: town.rows(night, "shichang_zhuti") for night in (FIRST, SECOND)}
    both = [entity for entity in sorted(moved) if (entity, FIRST) in told.index and (entity, SECOND) in told.index]
    assert both
    for entity in both:
        before, after = (rows[night][told[entity, night]] for night in (FIRST, SECOND))
        assert after["操作标志"] == "U"
        assert before["主体标识"] == after["主体标识"]
        assert before["经营场所"] == after["经营场所"]
    seats = firms[firms["entity"].isin(both)].groupby("entity")["address"].nunique()
    assert (seats == 2).any()


def test_the_second_file_has_its_columns_in_another_order(town: City) -> None:
    event = town.truth("events").query("event == 'columns_reordered'").iloc[0]
    sheet: Any = contract(event["entity"])["arrives"]["sheet"]
    paths = [town.file(FIRST, event["entity"]), town.folder / "drops" / SECOND / event["entity"] / event["detail"]]
    first, second = ([cell.value for cell in book(path)[sheet][2]] for path in paths)
    assert sorted(first) == sorted(second)
    assert first != second


def test_rates_are_shares() -> None:
    assert len(error_names()) == 25
    for source, names in error_names().items():
        rates = all_rates()[source]
        drawn = HEAD_FORMS if BY_PEOPLE in rates else ()
        assert all(0 < rates[name] <= 1 for name in names if name not in drawn), source
        assert not rates.keys() & set(drawn), f"{source} would leave out parts twice"
