"""The department's template: what the contract asks, in a workbook that does not damage what is filled in."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest

from expectations import rules
from expectations.contract_asks import asks, file_names
from expectations.contract_template import GUIDE, WORDS, template
from tests.homes import Home
from transforms import contract as contracts
from transforms import kinds
from transforms.check import verdict
from transforms.contract import Contract
from transforms.run import REPOSITORY

EXPECTATIONS = REPOSITORY / "expectations"
KINDS = kinds.load_all(EXPECTATIONS)
CONTRACTS = contracts.load_all(EXPECTATIONS)
every_contract = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)


def opened(contract: Contract) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(template(contract, KINDS, EXPECTATIONS)))


@every_contract
def test_the_first_sheet_is_what_the_contract_reads(contract: Contract) -> None:
    book = opened(contract)
    sheet = book.worksheets[0]
    assert sheet.title == (contract.arrives.sheet or "数据")
    headings = [cell.value for cell in sheet[contract.arrives.header_row]]
    assert sorted(headings) == sorted(contract.landed_headings), "every column that is read, and no other"
    loaded = [column.heading for column in contract.columns]
    assert [h for h in headings if h in loaded] == loaded
    assert GUIDE in book.sheetnames
    assert sheet.max_row == contract.arrives.header_row, "examples stand on another sheet: they would be landed"


@every_contract
def test_the_same_contract_makes_the_same_bytes(contract: Contract) -> None:
    assert template(contract, KINDS, EXPECTATIONS) == template(contract, KINDS, EXPECTATIONS)


@every_contract
def test_identifiers_are_text_and_codes_have_drop_downs(contract: Contract) -> None:
    book = opened(contract)
    sheet, head = book.worksheets[0], contract.arrives.header_row
    lists = {str(v.sqref).split(":")[0]: v.formula1 for v in sheet.data_validations.dataValidation}
    for at, ask in enumerate(asks(contract, KINDS, EXPECTATIONS), 1):
        letter = openpyxl.utils.get_column_letter(at)
        assert sheet.column_dimensions[letter].number_format == ("@" if ask.text else "General")
        assert sheet.cell(head, at).comment.text.startswith("必填" if ask.required else "选填")
        assert bool(ask.words) == (f"{letter}{head + 1}" in lists)
        if ask.words:
            cells = book[WORDS][lists[f"{letter}{head + 1}"].split("!")[1].replace("$", "")]
            assert [cell.value for (cell,) in cells] == list(ask.words)
    assert any(ask.text for ask in asks(contract, KINDS, EXPECTATIONS))


@every_contract
def test_the_examples_pass_the_rules_they_explain(contract: Contract) -> None:
    told = {ask.heading: ask.example for ask in asks(contract, KINDS, EXPECTATIONS)}
    fixed = {"batch": ["b"], "ordinal": [1], "line": [2], "fault": [None], "numeric": [None], "digest": ["d"]}
    types = {"ordinal": pa.int64(), "line": pa.int64()}
    columns = {name: pa.array(cells, types.get(name, pa.string())) for name, cells in fixed.items()}
    columns |= {heading: pa.array([told[heading]], pa.string()) for heading in contract.landed_headings}
    derived = [r for r in rules.derive(contract, KINDS, "2026-10-01", {}) if r.check != "geometry"]
    found = verdict.judge(pa.table(columns), derived, contract.arrives.null_marks).finding.to_pylist()
    assert [f for f in found if f["effect"] != "note"] == []


@every_contract
def test_the_file_names_it_tells_keep_the_pattern(contract: Contract) -> None:
    names = list(file_names(contract))
    assert names
    lines = [row[0] for row in opened(contract)[GUIDE].iter_rows(values_only=True)]
    assert any(names[0] in str(line) for line in lines)


def test_words_that_look_like_formulas_stay_words() -> None:
    plain = CONTRACTS["shebao_canbao"]
    column = next(c for c in plain.columns if c.codes)
    nasty = column.model_copy(update={"heading": "=1+1", "codes": {"=HYPERLINK(1)": "111", "@x": "414"}})
    columns = tuple(nasty if c is column else c for c in plain.columns)
    book = opened(plain.model_copy(update={"columns": columns, "label": "=2+2"}))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {"=1+1", "=HYPERLINK(1)", "@x", "=2+2"} <= {cell.value for cell in cells}
    assert {cell.data_type for cell in cells} == {"s"}


def test_a_source_that_no_clerk_fills_in_says_so() -> None:
    said = {
        name: " ".join(str(row[0]) for row in opened(contract)[GUIDE].iter_rows(values_only=True))
        for name, contract in CONTRACTS.items()
    }
    by_program = [name for name, c in CONTRACTS.items() if c.arrives.format not in ("csv", "xlsx")]
    assert by_program
    assert all("不能直接报送" in said[name] for name in by_program)
    assert "另存为" in said["gongan_hukou"]
    assert "GB18030" in said["gongan_hukou"]
    assert "直接报送本文件" in said["shebao_canbao"]


def test_the_command_writes_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.call("contract", "template", "gongan_hukou", "--out", str(tmp_path / "a.xlsx"))
    assert (tmp_path / "a.xlsx").read_bytes() == template(CONTRACTS["gongan_hukou"], KINDS, EXPECTATIONS)
    assert home.call("contract", "template", "nobody", check=False).returncode == 2
