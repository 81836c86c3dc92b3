"""A receipt that comes back with mended cells corrects those cells and withdraws nothing, whatever the format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from tests.spreadsheet import saved_again
from tests.unit.receipts.deployment import SOURCE, Deployment, read, row
from transforms import contract as contracts
from transforms import database, land, receipts, store, subjects
from transforms.model import Batch
from transforms.publish.schema import ensure_schema
from transforms.receipts.drops import Drop

FIRST, SECOND, THIRD = "2026-10-01", "2026-10-02", "2026-10-03"
A, BACK = "a_20261001.csv", "a_20261001.csv.回执.xlsx"
MARKED = "449990199001010012"  # its check digit is wrong
NASTY = '=HYPERLINK("http://x","y")'
Mend = Callable[[Worksheet], None]


@pytest.fixture
def sent(place: Deployment) -> Deployment:
    """A night with six rows of which two need a look; the workbook of the receipt holds these alone."""
    rows = [row("K1", NASTY), row("K2", "王*芳", 证件号码=MARKED), row("K3", "", 性别="女性"), row("K4", " 孙四 "),
            row("K5", "+86 李"), row("K6", "周六\r\n七")]  # fmt: skip
    place.drop(FIRST, A, rows)
    place.night(FIRST)
    place.receipts(FIRST, most_rows=2)
    return place


def cell(sheet: Worksheet, key: str, heading: str) -> openpyxl.cell.cell.Cell:
    head = [one.value for one in sheet[1]]
    [found] = [one for one in sheet.iter_rows(min_row=2) if one[head.index("编号")].value == key]
    return found[head.index(heading)]


def mend(sheet: Worksheet) -> None:
    cell(sheet, "K2", "证件号码").value = "44999019900101002X"
    cell(sheet, "K3", "姓名").value = "李示例"
    cell(sheet, "K3", "性别").value = "女"


def send_back(
    place: Deployment, night: str, change: Mend, name: str = BACK, of: Path | None = None
) -> dict[str, object]:
    """Mend the receipt and drop it; what land says of it."""
    book = openpyxl.load_workbook(of or place.folder(FIRST) / BACK)
    change(book.worksheets[0])
    box = place.run(night).drops / SOURCE
    book.save(box / name)
    place.night(night)
    told = json.loads((store.night_dir(place.run(night), "land", SOURCE) / "deliveries.json").read_text("utf-8"))
    [found] = [one for one in told if one["file"] == name]
    return found


def landed(place: Deployment, batch: object) -> list[dict[str, object]]:
    table = store.read_table(store.batch_dir(place.settings, "land", str(batch)) / "rows.parquet")
    return table.drop_columns(["batch"]).to_pylist()


def live(place: Deployment, night: str) -> list[str]:
    folder = store.night_dir(place.run(night), "account", "live")
    return sorted(store.read_table(folder / "person.parquet", ["name"])["name"].to_pylist())


def test_mended_cells_alone_change_and_nobody_is_withdrawn(sent: Deployment) -> None:
    [first] = store.landed(sent.run(FIRST), SOURCE)
    before, alive = landed(sent, first), live(sent, FIRST)
    assert len(alive) == 5
    assert len(sent.book(FIRST, A)) == 2, "the others are not in the workbook"
    told = send_back(sent, SECOND, mend)
    assert (told["state"], told["as_of"], told["correction"], told["rows"]) == ("landed", FIRST, 1, 6)
    assert "3 cells of 2 rows" in str(told["message"])
    after = landed(sent, told["batch"])
    changed = [
        (old["编号"], name) for old, new in zip(before, after, strict=True) for name in old if old[name] != new[name]
    ]
    assert changed == [("K2", "digest"), ("K2", "证件号码"), ("K3", "digest"), ("K3", "姓名"), ("K3", "性别")]
    assert live(sent, SECOND) == sorted([*alive, "李示例"])
    fixed = land.reread(sent.settings, str(told["batch"]))
    assert fixed["digest"].to_pylist() == [one["digest"] for one in after], "made anew from the bytes that came"


def test_a_spreadsheet_program_saves_it_and_no_cell_is_another(sent: Deployment, tmp_path: Path) -> None:
    """Line breaks, leading blanks and signs, texts that look like numbers: only what was mended is mended."""
    odd = ["007", "2026-01-02", "'abc", "TRUE", "a\tb", "１２３", "\U0001f600𠮷", "e\u0301", "a\n\nb\n", "1e5"]
    sent.drop(SECOND, "a_20261002.csv", [row(f"K{n}", text) for n, text in enumerate([*odd, NASTY, " x "])])
    sent.night(SECOND)
    sent.receipts(SECOND)
    book = saved_again(sent.folder(SECOND) / "a_20261002.csv.回执.xlsx", tmp_path)

    def one(sheet: Worksheet) -> None:
        cell(sheet, "K0", "性别").value = "男"

    told = send_back(sent, THIRD, one, "a_20261002.csv.回执.xlsx", of=book)
    assert (told["state"], told["rows"]) == ("landed", len(odd) + 2)
    assert "1 cells of 1 rows" in str(told["message"])


def test_its_own_receipt_has_every_row_in_the_order_of_the_file_and_can_come_back_too(sent: Deployment) -> None:
    send_back(sent, SECOND, mend)
    sent.receipts(SECOND)
    name = f"{A}.回执2.xlsx"
    rows = read(sent.folder(SECOND) / name)
    assert [one["编号"] for one in rows] == ["K1", "K2", "K3", "K4", "K5", "K6"]
    assert [one["结论"].startswith("接收") for one in rows] == [True] * 6

    def again(sheet: Worksheet) -> None:
        cell(sheet, "K4", "姓名").value = "孙示例"

    told = send_back(sent, THIRD, again, name, of=sent.folder(SECOND) / name)
    assert (told["state"], told["correction"]) == ("landed", 2)
    assert {"孙示例", "李示例"} <= set(live(sent, THIRD))
    (third,) = [one for one in sent.receipts(THIRD) if one.file == name]
    assert set(third.parts) == {f"{A}.回执3{ending}" for ending in (".xlsx", ".html", ".json")}
    issued = {part: (sent.folder(THIRD) / part).read_bytes() for part in third.parts}
    sent.receipts(THIRD)
    assert {part: (sent.folder(THIRD) / part).read_bytes() for part in third.parts} == issued
    for part in third.parts:
        assert receipts.verify(sent.settings, sent.folder(THIRD) / part).file == name


def test_it_is_landed_once_and_only_the_last_correction_can_be_mended(sent: Deployment) -> None:
    send_back(sent, SECOND, mend)
    alive = live(sent, SECOND)
    send = Path(sent.run(SECOND).drops / SOURCE / BACK)
    (sent.run(THIRD).drops / SOURCE / BACK).write_bytes(send.read_bytes())
    other = send_back(sent, THIRD, lambda sheet: setattr(cell(sheet, "K2", "姓名"), "value", "别名"), "b.回执.xlsx")
    deliveries = json.loads((store.night_dir(sent.run(THIRD), "land", SOURCE) / "deliveries.json").read_text("utf-8"))
    assert [(one["state"], one["code"]) for one in deliveries] == [
        ("duplicate", "DUPLICATE_FILE"),
        ("held", "RECEIPT_OLD"),
    ]
    assert other["code"] == "RECEIPT_OLD"
    sent.receipts(THIRD)
    page = (sent.folder(THIRD) / "b.回执2.html").read_text("utf-8")
    assert "请在最近一次更正的回执上改，或按文件名规则" in page
    assert live(sent, THIRD) == alive


def no_line(sheet: Worksheet) -> None:
    sheet["A2"].value = "99"


def twice(sheet: Worksheet) -> None:
    sheet["A3"].value = sheet["A2"].value


def no_guide(sheet: Worksheet) -> None:
    del sheet.parent["回执说明"]


def other_batch(sheet: Worksheet) -> None:
    for [line] in sheet.parent["回执说明"].iter_rows():
        if str(line.value).startswith("批次号"):
            line.value = f"批次号 {SOURCE}-20261001-0-{'a' * 64}"


def formula(sheet: Worksheet) -> None:
    target = cell(sheet, "K3", "姓名")
    target.value, target.data_type = "=1+1", "f"


@pytest.mark.parametrize(
    ("change", "state", "code"),
    [
        (lambda sheet: None, "refused", "NOTHING_MENDED"), (no_line, "refused", "RECEIPT"),
        (twice, "refused", "RECEIPT"), (no_guide, "refused", "RECEIPT"),
        (other_batch, "held", "RECEIPT_UNKNOWN"), (formula, "refused", "RECEIPT"),
    ],
)  # fmt: skip
def test_a_receipt_that_is_none_any_more_changes_nothing(sent: Deployment, change: Mend, state: str, code: str) -> None:
    alive = live(sent, FIRST)
    told = send_back(sent, SECOND, change)
    assert (told["state"], told["code"]) == (state, code)
    assert [word for word in (MARKED, "王*芳", "李") if word in str(told["message"])] == []
    assert live(sent, SECOND) == alive


def test_an_erased_row_is_gone_from_the_receipt_that_came_back_as_well(sent: Deployment) -> None:
    told = send_back(sent, SECOND, mend)
    stores = database.open_databases(sent.settings)
    ensure_schema(stores)
    batch = Batch.parse(str(told["batch"]))
    [mine] = [one for one in landed(sent, told["batch"]) if one["编号"] == "K2"]
    contract_rows = store.read_table(store.batch_dir(sent.settings, "land", batch.id) / "rows.parquet")
    contract = contracts.load_all(sent.settings.expectations)[SOURCE]
    keys = subjects.of_rows(sent.settings, contract, contract_rows).to_pylist()[int(str(mine["ordinal"])) - 1]
    subjects.grant(stores, "erase", None, {"record": [keys["record"]]}, "Chen", "the person asked for it")
    sent.night(THIRD)
    for one in store.landed(sent.run(THIRD), SOURCE):
        [row_now] = [row for row in landed(sent, one) if row["ordinal"] == mine["ordinal"]]
        assert (row_now["fault"], row_now["姓名"]) == ("NOT_TAKEN_OVER", None), one
    assert not store.raw_path(sent.settings, batch.sha256).exists(), "the bytes that showed the row are gone"
    assert "李示例" in live(sent, THIRD)


@pytest.mark.parametrize(
    ("sent_as", "named"),
    [
        ("a.csv", "a.csv.回执"), ("a.csv.回执.xlsx", "a.csv.回执2"), ("a.csv.回执2.xlsx", "a.csv.回执3"),
        ("a.csv.回执10.xlsx", "a.csv.回执11"), ("a.csv.回执（已改）.xlsx", "a.csv_00000000.回执2"),
        ("a.csv.回执1.xlsx", "a.csv_00000000.回执2"), ("a.csv_00000000.回执2（已改）.xlsx", "a.csv_00000000.回执3"),
        ("a" * 90, "a" * 60 + "_00000000.回执"), ("a" * 60 + "_00000000.回执.xlsx", "a" * 60 + "_00000000.回执2"),
    ],
)  # fmt: skip
def test_a_receipts_name_does_not_grow_with_its_turns(place: Deployment, sent_as: str, named: str) -> None:
    contract = contracts.load_all(place.settings.expectations)[SOURCE]
    assert Drop(place.run(FIRST), contract, {"file": sent_as, "sha256": "0" * 64}).receipt_name == named
