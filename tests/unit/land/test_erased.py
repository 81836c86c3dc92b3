"""Rows of an erased subject: blank in the raw bytes of every format, gone from the landed rows, never landed again."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tests.unit.land.makers import FORMATS, HEADINGS, NIGHT, ROWS, Office, contract, encode
from transforms import contract as contracts
from transforms import database, decisions, keys, land, manifest, model, store, subjects
from transforms.errors import GridfactsError
from transforms.model import Batch
from transforms.prove import prove
from transforms.publish.schema import ensure_schema

SUBJECT = ("1", "示例甲", "示例路77号", "只在原始字节里")  # nobody else says any of these words
PLACED = [SUBJECT, *((*row[:3], f"{row[3]}没有载入") for row in ROWS[1:])]
IN_PLACE = {"csv", "utf", "xlsx", "parquet"}
NEXT = "2026-10-03"


def erase(office: Office, batch: str, line: int) -> None:
    """Grant the request of the person whose row stands at a line."""
    rows = office.table(batch)
    source = contracts.load_all(office.settings.expectations)[Batch.parse(batch).source]
    told = subjects.of_rows(office.settings, source, rows.filter(pa.compute.equal(rows["line"], line)))
    digests = {what: [digest for digest in told[what].to_pylist() if digest] for what in subjects.WHATS}
    stores = database.open_databases(office.settings)
    ensure_schema(stores)
    subjects.grant(stores, "erase", None, digests, "Chen", "a request")


@pytest.fixture
def keyed(office: Office) -> Office:
    keys.create(office.settings.home / "keys.yml")
    return office


def landed(office: Office, kind: str, data: bytes, day: str = "20261001", night: str = NIGHT) -> str:
    office.drop(kind, data, day=day, night=night)
    [one] = office.land(kind, night=night)
    assert one["state"] in ("landed", "duplicate"), one
    return str(one["batch"])


def again(office: Office, kind: str, night: str = NEXT) -> None:
    """A night without a file of the source."""
    office.box(kind, night)
    office.land(kind, night=night)


def without_first(office: Office, batch: str, before: pa.Table) -> None:
    """The first row of the batch is a row of nothing; every other is as it was, told again from the raw bytes too."""
    now = office.table(batch)
    assert now["fault"].to_pylist() == [model.NOT_TAKEN_OVER, *before["fault"].to_pylist()[1:]]
    assert now.slice(1).equals(before.slice(1))
    headings = [name for name in now.column_names if name not in model.LANDED.names]
    assert len(headings) >= 3
    assert all(now[name][0].as_py() is None for name in headings)
    assert land.reread(office.settings, batch).equals(now.select(model.LANDED.names).combine_chunks())


@pytest.mark.parametrize("kind", FORMATS)
def test_the_rows_of_a_subject_leave_every_file_of_the_home(keyed: Office, kind: str) -> None:
    batch = landed(keyed, kind, encode(kind, PLACED))
    before = keyed.table(batch)
    received = store.raw_path(keyed.settings, Batch.parse(batch).sha256)
    held = {hit.value for hit in prove(keyed.settings, SUBJECT[1:]).hits}
    assert {1, 2} <= held
    erase(keyed, batch, int(before["line"][0].as_py()))
    again(keyed, kind)
    without_first(keyed, batch, before)
    assert prove(keyed.settings, SUBJECT[1:]).hits == ()
    assert not received.exists()
    now = store.held_raw(keyed.settings, Batch.parse(batch).sha256)
    assert store.file_sha256(now) == now.name != received.name
    told = prove(keyed.settings, [PLACED[1][3]])  # a column that is not loaded stays in raw bytes of the own form
    assert bool(told.hits) == (kind in IN_PLACE)


def test_neither_the_same_bytes_nor_the_next_snapshot_brings_the_person_back(keyed: Office) -> None:
    batch = landed(keyed, "csv", encode("csv", PLACED))
    before = keyed.table(batch)
    erase(keyed, batch, 2)
    folder = store.batch_dir(keyed.settings, "land", batch)
    assert landed(keyed, "csv", encode("csv", PLACED), night=NEXT) == batch
    without_first(keyed, batch, before)
    stood = manifest.Manifest.read(folder)
    later = [*ROWS[1:], ("9", "赵六", "测试路9号", "丁"), ("1", "示例乙", "示例路78号", "改名换地")]
    other = landed(keyed, "csv", encode("csv", later), day="20261003", night="2026-10-04")
    assert keyed.table(other)["fault"].to_pylist() == [None, None, None, model.NOT_TAKEN_OVER]
    assert prove(keyed.settings, [*SUBJECT[1:], "示例乙", "示例路78号", "改名换地"]).hits == ()
    assert manifest.Manifest.read(folder) == stood  # looked through once, and not touched again
    decisions.retire(database.open_databases(keyed.settings), "subject", 1, "Chen")
    admitted = landed(keyed, "csv", encode("csv", PLACED), day="20261004", night="2026-10-05")
    assert keyed.table(admitted)["fault"][0].as_py() == model.NOT_TAKEN_OVER, "those bytes stay as they are held"
    admitted = landed(keyed, "csv", encode("csv", later), day="20261006", night="2026-10-06")
    assert keyed.table(admitted)["fault"].to_pylist() == [None, None, None, model.NOT_TAKEN_OVER]
    admitted = landed(keyed, "csv", encode("csv", later[::-1]), day="20261007", night="2026-10-07")
    assert keyed.table(admitted)["fault"].null_count == len(later)


def test_a_second_subject_of_the_same_file_goes_too(keyed: Office) -> None:
    batch = landed(keyed, "xlsx", encode("xlsx", PLACED))
    lines = keyed.table(batch)["line"].to_pylist()
    erase(keyed, batch, lines[0])
    again(keyed, "xlsx")
    between = store.held_raw(keyed.settings, Batch.parse(batch).sha256)
    erase(keyed, batch, lines[2])
    again(keyed, "xlsx", "2026-10-04")
    assert keyed.table(batch)["fault"].to_pylist() == [model.NOT_TAKEN_OVER, None, model.NOT_TAKEN_OVER]
    assert prove(keyed.settings, [*SUBJECT[1:], *PLACED[2][1:]]).hits == ()
    assert not between.exists()


@pytest.mark.parametrize(
    "text",
    [
        '编号,姓名,住址,备注\r\n1,"示例甲","示例路\r\n77号",""\r\n2,李四,测试路2号,乙\r\n',
        '编号,姓名,住址,备注\n\n1,示例甲,示例路77号,"a ""b"", c"\n\n2,李四,测试路2号,乙\n',
        '编号,姓名,住址,备注\n1,示例甲,示例路"77"号,\n2,李四,测试路2号,乙\n',
    ],
    ids=["two-lines", "quotes", "irregular"],
)
def test_records_of_several_lines_and_odd_quotes(keyed: Office, text: str) -> None:
    batch = landed(keyed, "utf", text.encode())
    before = keyed.table(batch)
    erase(keyed, batch, int(before["line"][0].as_py()))
    again(keyed, "utf")
    without_first(keyed, batch, before)
    assert prove(keyed.settings, ["示例甲", "示例路"]).hits == ()
    assert "乙".encode() in store.held_raw(keyed.settings, Batch.parse(batch).sha256).read_bytes()


def test_a_merged_cell_that_others_need_leaves_lands_own_table(keyed: Office, tmp_path: Path) -> None:
    import openpyxl

    keyed.promise(contract("xlsx", arrives={"merged": ["住址"]}))
    path = tmp_path / "book.xlsx"
    path.write_bytes(encode("xlsx", PLACED))
    book = openpyxl.load_workbook(path)
    column = HEADINGS.index("住址") + 1
    book.active.merge_cells(start_row=3, end_row=4, start_column=column, end_column=column)
    book.save(path)
    batch = landed(keyed, "xlsx", path.read_bytes())
    before = keyed.table(batch)
    assert before["住址"].to_pylist()[:2] == [SUBJECT[2]] * 2
    erase(keyed, batch, int(before["line"][0].as_py()))
    again(keyed, "xlsx")
    without_first(keyed, batch, before)
    assert prove(keyed.settings, [SUBJECT[1], SUBJECT[3]]).hits == ()


def test_a_run_that_was_stopped_between_bytes_and_rows_is_taken_up(
    keyed: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = landed(keyed, "parquet", encode("parquet", PLACED))
    before = keyed.table(batch)
    erase(keyed, batch, 1)
    with monkeypatch.context() as patch:
        patch.setattr("transforms.land.erase.tick", _stopped)
        with pytest.raises(KeyboardInterrupt):
            again(keyed, "parquet")
    assert prove(keyed.settings, SUBJECT[1:]).hits
    again(keyed, "parquet")
    without_first(keyed, batch, before)
    assert prove(keyed.settings, SUBJECT[1:]).hits == ()


def _stopped(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_note_of_another_hand_is_refused(keyed: Office) -> None:
    batch = landed(keyed, "csv", encode("csv", PLACED))
    erase(keyed, batch, 2)
    again(keyed, "csv")
    [note] = keyed.settings.lake.glob("raw/*/*.redacted.json")
    note.write_text(note.read_text("utf-8").replace('"lines": [2]', '"lines": [2, 3]'), "utf-8")
    with pytest.raises(GridfactsError, match="RAW_DAMAGED"):
        land.reread(keyed.settings, batch)


def test_a_restricted_subject_stays_landed(keyed: Office) -> None:
    batch = landed(keyed, "csv", encode("csv", PLACED))
    stores = database.open_databases(keyed.settings)
    ensure_schema(stores)
    source = contracts.load_all(keyed.settings.expectations)["office_csv"]
    told = subjects.of_rows(keyed.settings, source, keyed.table(batch))["record"].to_pylist()
    subjects.grant(stores, "restrict", None, {"record": told}, "Chen", "a request")
    again(keyed, "csv")
    assert keyed.table(batch)["fault"].null_count == len(PLACED)
