"""What becomes of each dropped file, across files and nights; and what a hostile one can do."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.unit.land.makers import FORMATS, HEADINGS, LANDED, NIGHT, ROWS, Office, contract, encode, workbook
from transforms import contract as contracts
from transforms import land, manifest, model, store
from transforms.errors import ConfigError, GridfactsError
from transforms.land import intake, sandbox, template
from transforms.run import Run

LATER = "2026-10-03"


def states(deliveries: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(d["state"], d["code"]) for d in deliveries]


def test_every_format_is_landed_with_its_manifest_and_read_again_alike(office: Office) -> None:
    for kind in FORMATS:
        office.drop(kind, encode(kind))
    deliveries = office.land(*FORMATS)
    assert states(deliveries) == [("landed", None)] * len(FORMATS)
    for one, kind in zip(deliveries, FORMATS, strict=True):
        folder = store.batch_dir(office.settings, "land", one["batch"])
        facts = manifest.require(office.settings.lake, folder, "land").facts
        assert (facts["first_night"], facts["rows"], facts["hold"]) == (NIGHT, 3, None)
        table = office.table(one["batch"])
        expected = [
            *model.LANDED.names,
            *([LANDED[0], LANDED[1], "geometry", LANDED[2]] if kind in ("geojson", "shapefile", "gpkg") else LANDED),
        ]
        assert table.column_names == expected
        again = land.reread(office.settings, one["batch"])
        assert again.column_names == model.LANDED.names
        assert again.equals(table.select(model.LANDED.names).combine_chunks())
        raw = store.raw_path(office.settings, one["sha256"])
        assert raw.read_bytes() == encode(kind) or kind in ("xlsx", "shapefile")
        assert stat.S_IMODE(raw.stat().st_mode) == 0o440


def test_running_a_night_again_changes_nothing(office: Office) -> None:
    office.drop("utf", encode("utf"))
    office.drop("utf", b"", tail="-c1")
    first = office.land("utf")
    before = {p: p.stat().st_mtime_ns for p in office.settings.lake.rglob("*") if p.is_file()}
    assert office.land("utf") == first
    assert {p: p.stat().st_mtime_ns for p in office.settings.lake.rglob("*") if p.is_file()} == before
    assert states(first) == [("refused", "EMPTY_FILE"), ("landed", None)]


def test_the_same_bytes_again_are_a_duplicate_and_a_later_period_is_a_delivery(office: Office) -> None:
    office.drop("utf", encode("utf"))
    (first,) = office.land("utf")
    office.drop("utf", encode("utf"), night=LATER)
    office.drop("utf", encode("utf"), "20261003", night=LATER)
    office.drop("utf", encode("utf"), "20261003", "-c1", night=LATER)
    same, correction, later = office.land("utf", night=LATER)
    assert states([same, correction, later]) == [("duplicate", "DUPLICATE_FILE"), ("landed", None), ("landed", None)]
    assert same["batch"] == first["batch"]
    assert (later["as_of"], later["correction"], correction["correction"]) == ("2026-10-03", 0, 1)
    assert len({d["batch"] for d in (same, correction, later)}) == 3
    assert office.land("utf", night=LATER) == [same, correction, later]
    run = Run.of(NIGHT, settings=office.settings)
    assert store.landed(run, "office_utf") == [first["batch"]], "the earlier night does not see the later one's"


def test_two_names_of_one_period_with_the_same_bytes_land_once(office: Office) -> None:
    office.promise(contract("utf", arrives={"file_pattern": r"utf.*-(?P<as_of>\d{8})\.csv"}))
    office.drop("utf", encode("utf"))
    (office.box("utf") / "utf-again-20261001.csv").write_bytes(encode("utf"))
    assert states(office.land("utf")) == [("landed", None), ("duplicate", "DUPLICATE_FILE")]
    assert states(office.land("utf")) == [("landed", None), ("duplicate", "DUPLICATE_FILE")]


def test_control_totals_are_compared(office: Office) -> None:
    data = encode("utf")
    good = {"rows": 3, "sha256": hashlib.sha256(data).hexdigest()}
    told = [good, good | {"rows": 4}, good | {"sha256": "0" * 64}, ["no object"]]
    for at, totals in enumerate(told, 1):
        path = office.drop("utf", data, f"2026090{at}")
        path.with_name(path.name + ".manifest.json").write_text(json.dumps(totals))
    assert states(office.land("utf")) == [("landed", None)] + [("refused", "CONTROL_TOTAL")] * 3


@pytest.mark.parametrize(
    ("changes", "rows", "expected"),
    [
        ({}, 0, ("held", "ZERO_ROWS")),
        ({"arrives": {"rows": {"min": 0, "max": 9}}}, 0, ("landed", None)),
        ({"arrives": {"rows": {"min": 4, "max": 9}}}, 3, ("held", "ROW_BOUNDS")),
        ({"arrives": {"rows": {"min": 1, "max": 2}}}, 3, ("held", "ROW_BOUNDS")),
        ({"on_new_column": "note", "ignored": [{"heading": "编号", "reason": "key"}]}, 3, ("landed", None)),
        ({"on_new_column": "stop", "ignored": [{"heading": "编号", "reason": "key"}]}, 3, ("refused", "NEW_COLUMN")),
        ({"on_new_column": "quarantine", "ignored": [{"heading": "编号", "reason": "key"}]}, 3, ("held", "NEW_COLUMN")),
    ],
)  # fmt: skip
def test_a_batch_is_weighed_against_its_contract(
    office: Office, changes: dict[str, Any], rows: int, expected: tuple[str, str | None]
) -> None:
    office.promise(contract("utf", **changes))
    office.drop("utf", encode("utf", ROWS[:rows]))
    (one,) = office.land("utf")
    assert (one["state"], one["code"]) == expected
    assert one["file"] in one["message"]
    if "on_new_column" in changes:
        assert "备注" in one["message"]
    if one["state"] == "held":
        facts = manifest.require(
            office.settings.lake, store.batch_dir(office.settings, "land", one["batch"]), "land"
        ).facts
        assert (facts["hold"], facts["rows"]) == (expected[1], rows)


@pytest.mark.parametrize(
    ("column", "said"),
    [({"heading": "是否重点人员"}, "deny-list"), ({"heading": "zdry_bs"}, "deny-list"), ({"purpose": "P-NO"}, "P-NO")],
)  # fmt: skip
def test_what_the_register_of_purposes_does_not_admit_is_not_landed_though_nobody_linted(
    office: Office, column: dict[str, str], said: str
) -> None:
    told = contract("utf")
    told["columns"].append({"heading": "其他", "to": "person.former_name", "purpose": "P-POPULATION"} | column)
    office.promise(told)
    office.drop("utf", encode("utf", [(*row, "是") for row in ROWS], (*HEADINGS, told["columns"][-1]["heading"])))
    (one,) = office.land("utf")
    assert (one["state"], one["code"], one["sha256"]) == ("refused", "NOT_ADMITTED", None)
    assert said in one["message"]
    assert not (office.settings.lake / "raw").exists()
    assert not (office.settings.lake / "land" / "office_utf").exists()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("utf.csv", ("held", "NO_AS_OF")),
        ("utf-20261301.csv", ("held", "NO_AS_OF")),
        ("utf-20261101.csv", ("held", "FUTURE_AS_OF")),
        ("csv-20261001.csv", ("refused", "OTHER_SOURCE")),
        ("a\nb'\";*[.csv", ("held", "NO_AS_OF")),
        (os.fsdecode("名单".encode("gbk") + b".csv"), ("held", "NO_AS_OF")),
    ],
)
def test_a_name_decides_but_is_never_a_path(office: Office, name: str, expected: tuple[str, str]) -> None:
    (office.box("utf") / name).write_bytes(encode("utf"))
    (one,) = office.land("utf")
    assert (one["state"], one["code"], one["batch"]) == (*expected, None)
    assert one["file"].isprintable()
    assert one["file"] in one["message"]
    assert store.raw_path(office.settings, one["sha256"]).is_file()


def test_links_pipes_folders_and_holes_are_refused(office: Office, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("nobody's")
    box = office.box("utf")
    (box / "utf-20260901.csv").symlink_to(secret)
    os.mkfifo(box / "utf-20260902.csv")
    (box / "utf-20260903.csv").mkdir()
    with (box / "utf-20260904.csv").open("wb") as hole:
        hole.truncate(1 << 40)
    with (box / "utf-20260905.csv").open("wb") as hole:
        hole.truncate(1 << 30)
    (box / ".hidden").write_text("x")
    (box / "~$utf-20261001.csv").write_text("what a spreadsheet program leaves beside an open file")
    (box / "Thumbs.db").write_text("x")
    (box / "utf-20260906.csv.manifest.json").write_text("{}")
    found = office.land("utf")
    assert [d["code"] for d in found] == ["NOT_A_FILE", "NOT_A_FILE", "NOT_A_FILE", "TOO_LARGE", "SPARSE_FILE"]
    assert {d["state"] for d in found} == {"refused"}


def far_cell(sheet_tag: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([HEADINGS, *ROWS]))) as old, zipfile.ZipFile(sink, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(b"</sheetData>", sheet_tag + b"</sheetData>"))
    return sink.getvalue()


def test_hostile_files_fail_only_themselves(office: Office) -> None:
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    low = b'<row r="9000"><c r="A9000"><v>1</v></c></row>'
    overlapping = bytearray(encode("xlsx"))
    central = overlapping.rindex(b"PK\x01\x02")
    overlapping[central + 42 : central + 46] = b"\0\0\0\0"  # the last entry claims the first one's place
    office.drop("xlsx", far_cell(far), "20260901")
    office.drop("xlsx", far_cell(low), "20260902")
    office.drop("xlsx", bytes(overlapping), "20260903")
    office.drop("xlsx", encode("xlsx"), "20260904")
    found = office.land("xlsx")
    assert [d["state"] for d in found] == ["refused", "landed", "refused", "landed"]
    assert found[1]["rows"] == len(ROWS) + 1
    assert found[0]["code"] == "TOO_SPARSE"
    assert found[2]["code"] in {"ZIP_BOMB", "DAMAGED", "BAD_ARCHIVE"}


def test_a_parser_without_memory_is_an_answer(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.land.batch._BASE_MEMORY", 1 << 20)  # less than the parser has already
    monkeypatch.setattr("transforms.land.batch._MEMORY_PER_BYTE", 0)
    office.drop("utf", encode("utf"))
    (one,) = office.land("utf")
    assert one["state"] == "refused"
    assert one["code"] in {"TOO_LARGE", "PARSER_STOPPED", "UNREADABLE"}


def test_a_parser_that_is_killed_or_too_slow_costs_its_own_file_only() -> None:
    for ends, seconds, told in (("kill -9 $$", 20, "-9"), ("exit 3", 20, "3"), ("exec sleep 20", 0, template.STOPPED)):
        parser = os.fork()
        if parser == 0:
            os.execv("/bin/sh", ["sh", "-c", ends])  # noqa: S606 - stands in for a parser
        assert template._end_of(parser, seconds) == told
        with pytest.raises(ChildProcessError):
            os.waitpid(parser, 0)


def test_the_template_serves_many_files_at_once_and_is_started_again_when_it_died(office: Office) -> None:
    for day in range(1, 9):
        office.drop("utf", encode("utf"), f"2026090{day}")
    sandbox.prepare()
    process = sandbox._TEMPLATE._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    assert states(office.land("utf")) == [("landed", None)] * 8
    assert sandbox._TEMPLATE._process is not process


def test_the_parser_has_no_network_and_cannot_outgrow_its_limits() -> None:
    code = (
        "import resource, socket\n"
        "from transforms.land.confine import cap, leave_network\n"
        "leave_network()\n"
        "cap(1 << 30, 30, 1 << 20)\n"
        "try:\n bytearray(2 << 30)\n"
        "except MemoryError: print('capped')\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE)[0], sorted(name for _, name in socket.if_nameindex()))\n"
    )
    environment = {"PYTHONPATH": str(Path(land.__file__).parents[2]), "OPENBLAS_NUM_THREADS": "1"}
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    ).stdout
    assert told.splitlines()[0] == "capped"
    assert told.splitlines()[1].startswith("0 ")
    if subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode == 0:
        assert told.splitlines()[1] == "0 ['lo']"


def test_one_bad_file_does_not_touch_the_others(office: Office) -> None:
    office.drop("csv", "x".encode("utf-16"))
    office.drop("utf", encode("utf"))
    assert states(office.land("csv", "utf")) == [("refused", "ENCODING"), ("landed", None)]
    assert office.land("jsonl") == []
    with pytest.raises(ConfigError, match="office_nobody"):
        office.land("nobody")


def test_messages_and_manifests_hold_no_value(office: Office) -> None:
    marked = "张甲乙丙三"
    rows = [("1", marked, "路", ""), ("2", marked, "路\0", "")]
    for kind in FORMATS:
        if kind != "xlsx":
            office.drop(kind, encode(kind, rows))
            office.drop(kind, encode(kind, rows, (marked, "姓名", "住址", "y")), "20260901")
    office.drop("utf", encode("utf", rows, (marked, marked, "住址", "y")), "20260801")
    deliveries = office.land(*FORMATS)
    assert {"SCHEMA"} <= {d["code"] for d in deliveries}
    told = [p.read_text("utf-8") for p in office.settings.lake.rglob("*.json")]
    assert len(told) >= len(deliveries)
    assert not any(marked in text or ascii(marked)[1:-1] in text for text in told)


def test_a_changed_contract_splits_earlier_batches_again_or_holds_them(office: Office) -> None:
    office.drop("utf", encode("utf"))
    (one,) = office.land("utf")
    told = contract("utf", ignored=[{"heading": "编号", "reason": "key"}])
    told["columns"].append({"heading": "备注", "to": "person.name", "purpose": "P-POPULATION"})
    office.promise(told)
    contracts.load_all.cache_clear()  # a deployment changes them between two runs of the program
    office.box("utf", LATER)
    assert office.land("utf", night=LATER) == []
    assert office.table(one["batch"])["备注"].to_pylist() == ["甲", "乙", "丙"]
    told["columns"][-1] = {"heading": "新列", "to": "person.name", "purpose": "P-POPULATION"}
    office.promise(told)
    contracts.load_all.cache_clear()  # a deployment changes them between two runs of the program
    office.box("utf", LATER)
    assert office.land("utf", night=LATER) == []
    facts = manifest.require(office.settings.lake, store.batch_dir(office.settings, "land", one["batch"]), "land").facts
    assert (facts["hold"], facts["first_night"], facts["rows"]) == ("SCHEMA", NIGHT, 3)
    assert office.table(one["batch"]).num_rows == 3


def test_damaged_raw_bytes_are_noticed_and_healed_by_the_sender(office: Office) -> None:
    path = office.drop("utf", encode("utf"))
    (one,) = office.land("utf")
    raw = store.raw_path(office.settings, one["sha256"])
    raw.chmod(0o640)
    raw.write_bytes(raw.read_bytes().replace(b"1", b"2"))
    with pytest.raises(GridfactsError, match="RAW_DAMAGED"):
        land.reread(office.settings, one["batch"])
    assert path.exists()
    office.land("utf")
    assert land.reread(office.settings, one["batch"]).num_rows == 3


def test_nothing_is_taken_in_on_a_disk_that_is_nearly_full(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.drop("utf", encode("utf"))
    monkeypatch.setattr(intake, "LEAST_FREE", 1)
    monkeypatch.setattr(intake, "ENOUGH", 1 << 60)
    with pytest.raises(GridfactsError, match="DISK_FULL") as caught:
        office.land("utf")
    assert caught.value.exit_code == 1
    assert not (office.settings.lake / "raw").exists()
    monkeypatch.undo()
    assert states(office.land("utf")) == [("landed", None)]
