"""What lies in a receipt: the department's own columns, nothing it did not send, nothing hostile, a signature."""

from __future__ import annotations

import base64
import csv
import io
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.unit.receipts.deployment import SOURCE, Deployment, row
from transforms import receipts
from transforms.errors import ConfigError, GridfactsError, StaleInputError
from transforms.receipts.rows import worth_saying

NIGHT, A = "2026-10-01", "a_20261001.csv"
VERDICTS = ["行号", "结论", "规则", "字段", "怎么改", "以哪一行为准"]
MARKED = "449990199001010012"  # its check digit is wrong
NASTY = '=HYPERLINK("http://x","y")'


@pytest.fixture
def done(place: Deployment) -> Deployment:
    rows = [row("K1", NASTY), row("K2", "王*芳", 证件号码=MARKED), row("K3", "", 性别="女性"), row("K4", "孙四")]
    place.drop(NIGHT, A, rows)
    place.night(NIGHT)
    place.receipts(NIGHT)
    return place


def test_own_columns_stand_in_the_order_of_the_file_without_what_is_not_loaded(done: Deployment) -> None:
    first = done.book(NIGHT, A)[0]
    assert list(first) == [*VERDICTS, "编号", "姓名", "证件号码", "性别", "户号"]
    assert [r["编号"] for r in done.book(NIGHT, A)] == ["K1", "K2", "K3", "K4"]
    assert first["姓名"] == NASTY


def test_a_struck_value_and_a_quarantined_row_say_why_and_how_to_mend(done: Deployment) -> None:
    _, struck, quarantined, sound = done.book(NIGHT, A)
    assert struck["字段"] == "证件号码"
    assert struck["怎么改"].startswith("证件号码：")
    assert quarantined["字段"] == "姓名；性别"
    assert quarantined["规则"].count("；") == 1
    assert [sound[name] for name in ("规则", "字段", "怎么改")] == [None, None, None]


def test_the_page_and_the_document_hold_no_cell_of_the_file(done: Deployment) -> None:
    texts = [p.read_text("utf-8") for p in done.folder(NIGHT).iterdir() if p.suffix in (".html", ".json")]
    assert len(texts) == 2
    for text in texts:
        assert [word for word in (NASTY, "HYPERLINK", "王*芳", MARKED, "孙四", "女性", "9999") if word in text] == []
    assert "http" not in texts[0].replace("http://www.w3.org", "")


def test_a_file_without_rows_is_told_how_to_send_it_again_and_nothing_of_mending_rows(place: Deployment) -> None:
    place.drop(
        NIGHT, "a_20261001.csv", [row("K1", "王*芳")], ("编号", "操作", "名字", "证件号码", "性别", "户号", "收入")
    )
    place.drop(NIGHT, "a_20261002.csv", [row("K1", "王*芳")])
    place.night(NIGHT, done=False)
    place.receipts(NIGHT)
    refused, held = ((place.folder(NIGHT) / f"a_2026100{n}.csv.回执.html").read_text("utf-8") for n in (1, 2))
    for page in (refused, held):
        assert "请改好后按文件名规则" in page
        assert "逐行结果见" not in page
    assert "姓名" in refused, "the column that is missing is named"


HOSTILE = [
    "=HYPERLINK(1)_20261001.csv", "<script>alert(1)<_20261001.csv", "a\nb'; DROP_20261001.csv",
    f"{MARKED}_20261001.csv",
    "-rf \u202ex_20261001.csv", "名" * 70 + "_20261001.csv",
]  # fmt: skip


def test_a_hostile_file_name_does_no_harm(place: Deployment) -> None:
    for number, name in enumerate(HOSTILE):
        place.drop(NIGHT, name, [row(f"K{number}", "王一")])
    place.night(NIGHT, done=False)
    made = place.receipts(NIGHT)
    found = sorted(place.folder(NIGHT).iterdir())
    assert len(made) == len(HOSTILE)
    assert sorted(part for one in made for part in one.parts) == [path.name for path in found]
    assert len(found) == 3 * len(HOSTILE), "no receipt overwrites another"
    for path in found:
        assert path.name.isprintable()
        assert not path.name.startswith("-")
        assert MARKED not in path.name
        assert not set("<>\"'|;= \n") & set(path.name)
        if path.suffix != ".xlsx":
            assert MARKED not in path.read_text("utf-8")
        if path.suffix == ".html":
            assert "<script" not in path.read_text("utf-8")
        receipts.verify(place.settings, path)


def test_above_the_limit_the_workbook_holds_what_needs_a_look_and_a_file_holds_all(done: Deployment) -> None:
    (made,) = done.receipts(NIGHT, most_rows=3)
    assert [r["编号"] for r in done.book(NIGHT, A)] == ["K2", "K3"]
    (whole,) = [part for part in made.parts if "全部" in part]
    text = (done.folder(NIGHT) / whole).read_bytes().decode("gb18030")
    head, *rows = csv.reader(io.StringIO(text))
    assert head == [*VERDICTS, "编号", "姓名", "证件号码", "性别", "户号"]
    assert [r[6] for r in rows] == ["K1", "K2", "K3", "K4"]
    assert rows[0][7] == f"'{NASTY}", "CSV has no text cells: an apostrophe keeps it from being a formula"


@pytest.mark.parametrize("part", [".回执.xlsx", ".回执.html", ".回执.json"])
def test_every_part_is_verified_by_itself(done: Deployment, part: str) -> None:
    found = receipts.verify(done.settings, done.folder(NIGHT) / f"{A}{part}")
    assert (found.source, found.file, len(found.parts)) == (SOURCE, A, 2)


def test_a_changed_part_is_found_out(done: Deployment) -> None:
    page = done.folder(NIGHT) / f"{A}.回执.html"
    page.write_text(page.read_text("utf-8").replace("接收", "退回"), "utf-8")
    with pytest.raises(GridfactsError, match="ALTERED"):
        receipts.verify(done.settings, page)


def test_a_changed_document_is_found_out_and_so_is_another_key(done: Deployment, tmp_path: Path) -> None:
    path = done.folder(NIGHT) / f"{A}.回执.json"
    whole = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(whole | {"department": "市他局"}), "utf-8")
    with pytest.raises(GridfactsError, match="FORGED"):
        receipts.verify(done.settings, path)
    path.write_text(json.dumps({k: v for k, v in whole.items() if k != "signature"}), "utf-8")
    with pytest.raises(GridfactsError, match="NOT_SIGNED"):
        receipts.verify(done.settings, path)
    stranger = Deployment(tmp_path / "other").make()
    path.write_text(json.dumps(whole), "utf-8")
    with pytest.raises(GridfactsError, match="FORGED"):
        receipts.verify(stranger.settings, path)


def test_a_file_that_no_receipt_names_is_none(done: Deployment, tmp_path: Path) -> None:
    for name in ("x.xlsx", f"{A}.回执.xlsx.bak"):
        copy = Path(shutil.copy(done.folder(NIGHT) / f"{A}.回执.xlsx", done.folder(NIGHT) / name))
        with pytest.raises(GridfactsError, match="NOT_SIGNED"):
            receipts.verify(done.settings, copy)


def test_an_older_key_still_verifies_while_it_is_in_the_key_file(done: Deployment) -> None:
    path, book = done.home / "keys.yml", done.folder(NIGHT) / f"{A}.回执.xlsx"
    told = yaml.safe_load(path.read_text("utf-8"))
    told["receipt"]["receipt-2"] = base64.b64encode(b"2" * 32).decode()
    rotated = Path(shutil.copytree(done.home, done.home.with_name("rotated")))
    (rotated / "keys.yml").write_text(yaml.safe_dump(told), "utf-8")
    later = Deployment(rotated)
    assert receipts.verify(later.settings, book).file == A
    del told["receipt"]["receipt-1"]
    removed = Path(shutil.copytree(done.home, done.home.with_name("removed")))
    (removed / "keys.yml").write_text(yaml.safe_dump(told), "utf-8")
    with pytest.raises(ConfigError, match="receipt-1"):
        receipts.verify(Deployment(removed).settings, book)


def test_a_night_without_drops_and_a_damaged_lake_are_refused(done: Deployment) -> None:
    with pytest.raises(GridfactsError, match="NOT_FOUND"):
        done.receipts("2026-10-09")
    (finding,) = (done.home / "lake" / "check").rglob("finding.parquet")
    finding.write_bytes(b"")
    with pytest.raises(StaleInputError, match="run 'gridfacts room check'"):
        done.receipts(NIGHT)


def test_of_a_denied_word_nobody_is_told_to_have_it_admitted() -> None:
    told = [
        (1, "DENIED_VALUE", "类别"),
        (1, "CODE_UNKNOWN", "类别"),
        (1, "CODE_UNKNOWN", "状态"),
        (2, "CODE_UNKNOWN", "类别"),
    ]
    findings = pd.DataFrame(told, columns=["ordinal", "rule", "field"])
    assert [*worth_saying(findings).itertuples(index=False, name=None)] == [told[0], *told[2:]]
    assert worth_saying(findings[1:]).equals(findings[1:])
