"""What lies in the drop box and no source takes: found, told without breaking a page, never opened, never a failure."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.unit.land.makers import NIGHT, Office, encode
from tests.unit.land.test_faults import as_nobody
from transforms import bundles, dropped, land, manifest, store, strays
from transforms import contract as contracts
from transforms.land.astray import MOST, look, near
from transforms.land.tally import Budget, tally
from transforms.land.words import masked, shown
from transforms.run import REPOSITORY, Run
from transforms.strays import Stray, Strays

CODES = ("gongan_hukou", "gongan_liudong", "shebao_canbao", "wgh")
NUMBER = "445391198803051245"


@pytest.fixture(scope="module")
def known() -> dict[str, contracts.Contract]:
    return contracts.load_all(REPOSITORY / "expectations")


def put(path: Path, size: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def told(found: Strays) -> list[tuple[str, int, int, str | None, str]]:
    return [(one.name, one.files, one.bytes, one.source, one.why) for one in found.told]


def test_a_sound_drop_says_nothing(tmp_path: Path, known: dict[str, contracts.Contract]) -> None:
    put(tmp_path / "gongan_hukou" / "户籍人口_20261001.csv")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "shebao_canbao").symlink_to(tmp_path / "gongan_hukou")  # land follows a source's own folder
    (tmp_path / "for_later" / "empty").mkdir(parents=True)
    harmless = ("Thumbs.db", "desktop.ini", "~$x.xlsx", "a.manifest.json")
    for name in (".DS_Store", ".snapshot/a", "lost+found/a", *harmless):
        put(tmp_path / name)
    found = look(tmp_path, known)
    assert found == Strays(0, 0, 0, whole=True, told=())
    assert found.lines == []
    assert look(tmp_path / "nowhere", known) == found


def test_everything_that_no_source_takes_is_told_with_what_it_seems_to_be(
    tmp_path: Path, known: dict[str, contracts.Contract]
) -> None:
    put(tmp_path / "gongan_hukuo" / "a.csv")
    put(tmp_path / "gongan_hukuo" / "sub" / "b.csv", 40)
    put(tmp_path / "gongan_hukuo" / ".hidden")
    put(tmp_path / "minzheng_jiuzhu" / "a.csv", 1)
    put(tmp_path / "户籍" / "户籍人口_20261001.csv")
    put(tmp_path / "2026-10-02" / "gongan_hukou" / "a.csv")
    put(tmp_path / "户籍人口_20261001.csv")
    put(tmp_path / "a.csv.part")
    put(tmp_path / "shebao_canbao")
    found = look(tmp_path, known)
    beside = "lies beside the folders of the sources"
    assert told(found) == [
        ("gongan_hukuo/", 2, 43, "gongan_hukou", "no contract of this name; did you mean gongan_hukou?"),
        ("shebao_canbao", 1, 3, "shebao_canbao", "the folder of this source should be here, and this is none"),
        ("2026-10-02/", 1, 3, None,
         "no contract of this name; folders of sources lie in it: is it the drop box that was meant?"),
        ("minzheng_jiuzhu/", 1, 1, None, "no contract of this name"),
        ("户籍/", 1, 3, "gongan_hukou", "no contract of this name; its files are named like those of gongan_hukou"),
        ("a.csv.part", 1, 3, None, beside),
        ("户籍人口_20261001.csv", 1, 3, "gongan_hukou",
         f"{beside}; by its name it is for gongan_hukou: lay it into gongan_hukou/"),
    ]  # fmt: skip
    assert (found.things, found.files, found.bytes, found.whole) == (7, 8, 59, True)
    assert found.sources == ["gongan_hukou", "shebao_canbao"]
    first, second, *_, last = found.lines
    assert first == "drop box: 7 things that no source takes, 8 files, 59 bytes"
    assert second == "  gongan_hukuo/ (2 files, 43 bytes): no contract of this name; did you mean gongan_hukou?"
    assert "lay each into the folder of its source" in last


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("gongan_hukuo", "gongan_hukou"),
        ("Gongan-Hukou ", "gongan_hukou"),
        ("ｇｏｎｇａｎ＿ｈｕｋｏｕ", "gongan_hukou"),
        ("gonganhuko", "gongan_hukou"),
        ("gonganhuk", None),
        ("gongan_hukou_20261001", "gongan_hukou"),
        ("gongan_hukou - 副本", "gongan_hukou"),
        ("gongan_hukou.csv", "gongan_hukou"),
        ("gongan", None),
        ("wgh2", None),  # a slip in three letters is another word
        ("wg", None),
        ("公安局", None),
        ("", None),
    ],
)
def test_a_name_is_near_a_source_by_a_slip_or_two(name: str, source: str | None) -> None:
    assert near(name, CODES) == source


def test_files_that_are_named_like_those_of_two_sources_are_nobodys(
    tmp_path: Path, known: dict[str, contracts.Contract]
) -> None:
    put(tmp_path / "new" / "户籍人口_20261001.csv")
    put(tmp_path / "new" / "NSR_20261001.tsv")
    assert told(look(tmp_path, known)) == [("new/", 2, 6, None, "no contract of this name")]
    (tmp_path / "new" / "NSR_20261001.tsv").unlink()
    assert look(tmp_path, known).sources == ["gongan_hukou"]


def test_the_longest_of_two_codes_that_begin_alike_is_meant() -> None:
    assert near("gongan_hukou_bak", ("gongan", "gongan_hukou")) == "gongan_hukou"
    assert near("anything", ()) is None


def test_names_that_would_break_a_page_or_tell_a_person_are_shown_safely(
    tmp_path: Path, known: dict[str, contracts.Contract]
) -> None:
    names = [f"{NUMBER}.csv", f"\x01{NUMBER}.csv", f"{'x' * 190}_{NUMBER}", "a\nb\x1b[31m\u202egnp.exe", "a\\nb"]
    for name in names:
        put(tmp_path / name)
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff\xfe", os.O_CREAT))
    found = look(tmp_path, known)
    assert len(found.told) == len(names) + 1
    lines = "".join(found.lines)
    assert lines.isprintable()
    assert NUMBER[:8] not in lines
    assert {"＊.csv", "\\x01＊.csv", "a\\nb\\x1b[31m\\u202egnp.exe", "a\\\\nb", "\\udcff\\udcfe"} < {
        one.name for one in found.told
    }


def test_no_two_names_are_shown_alike_and_a_long_one_is_cut() -> None:
    long = "x" * 250
    made = [shown(name) for name in (long, long + "a", long + "b", "a\nb", "a\\nb")]
    assert len(set(made)) == len(made)
    assert max(map(len, made)) == 200
    assert len(masked(long)) == 200
    assert masked(long + "a") == masked(long + "b"), "a hash would tell the number that was masked"


def test_links_and_pipes_are_told_and_nothing_is_read_through_them(
    tmp_path: Path, known: dict[str, contracts.Contract]
) -> None:
    outside = put(tmp_path / "outside" / "secret.csv", 1000)
    box = tmp_path / "box"
    box.mkdir()
    (box / "out").symlink_to(outside.parent)
    (box / "gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(box / "pipe")
    os.mkfifo(box / "yibao_canbao")
    (box / "folder").mkdir()
    (box / "folder" / "out").symlink_to(outside.parent)
    (box / "folder" / "loop").symlink_to(box)
    (box / "folder" / "file").symlink_to(outside)
    found = look(box, known)
    assert (found.things, found.files, found.bytes) == (5, 7, 0)
    whys = {one.name: one.why for one in found.told}
    assert {whys[name] for name in ("out", "gone", "pipe")} == {
        "a link, a pipe or a device: nothing is read through it"
    }
    assert whys["yibao_canbao"] == "the folder of this source should be here, and this is none"


def test_what_nobody_lets_us_read_is_told(known: dict[str, contracts.Contract]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        box = Path(folder)
        box.chmod(0o755)
        shut = [put(box / name / "a.csv").parent for name in ("gongan_hukou", "elsewhere")]
        put(box / "shebao_canbao" / "a.csv")
        for one in shut:
            one.chmod(0)
        with as_nobody():
            found = look(box, known)
            assert dropped.names(box / "gongan_hukou") == []
        assert told(found) == [
            ("gongan_hukou/", 0, 0, "gongan_hukou", "the folder of this source cannot be read (EACCES)"),
            ("elsewhere/", 0, 0, None, "no contract of this name; not all of it could be counted"),
        ]
        assert found.counted == "2 things that no source takes, at least 0 files, 0 bytes"
        box.chmod(0)
        with as_nobody():
            (whole,) = look(box, known).told
        assert (whole.name, whole.why) == ("./", "the drop box cannot be read (EACCES)")
        box.chmod(0o755)
        for one in shut:
            one.chmod(0o755)
        assert [one.name for one in look(box, known).told] == ["elsewhere/"]


def test_many_things_are_counted_and_the_first_of_them_told(
    tmp_path: Path, known: dict[str, contracts.Contract]
) -> None:
    for at in range(MOST + 3):
        put(tmp_path / f"{at:03}.csv", 2)
    found = look(tmp_path, known)
    assert (found.things, found.files, found.bytes, len(found.told)) == (MOST + 3, MOST + 3, 2 * (MOST + 3), MOST)
    assert found.rest == "and 3 more"
    assert len(found.lines) == 1 + MOST + 1 + 1
    assert found.lines[-2] == "  and 3 more"
    put(tmp_path / "zzz" / "gongan_hukou.csv")
    put(tmp_path / "zzz_gongan_hukou")
    put(tmp_path / "gongan_hukuo" / "a")
    assert [one.name for one in look(tmp_path, known).told[:3]] == ["gongan_hukuo/", "zzz/", "000.csv"]


def test_more_than_a_night_can_look_at_is_told_as_a_least(tmp_path: Path, known: dict[str, contracts.Contract]) -> None:
    for at in range(5):
        put(tmp_path / "elsewhere" / str(at))
    assert look(tmp_path, known, Budget(6)).counted == "1 thing that no source takes, 5 files, 15 bytes"
    assert look(tmp_path, known, Budget(4)).counted == "1 thing that no source takes, at least 3 files, 9 bytes"
    for at in range(5):
        put(tmp_path / f"{at}.csv")
    shutil.rmtree(tmp_path / "elsewhere")
    assert look(tmp_path, known, Budget(5)).whole is True
    assert look(tmp_path, known, Budget(3)).whole is False


def test_a_folder_is_counted_however_deep_and_one_file_that_goes_meanwhile_is_no_failure(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(60):
        deep /= "d" * 60
        deep.mkdir()
    put(deep / "a", 7)
    found = tally(tmp_path, Budget(), ["d" * 60])
    assert (found.files, found.bytes, found.whole, found.sources) == (1, 7, True, {"d" * 60})
    assert tally(tmp_path / "nowhere", Budget()).whole is False


def test_what_is_astray_is_noted_for_the_night_until_it_is_gone(office: Office) -> None:
    office.drop("utf", encode("utf"))
    run = Run.of(NIGHT, settings=office.settings, drops=office.path / "drops" / NIGHT)
    assert land.strays(run).things == 0
    assert strays.noted(run) is None
    stray = put(run.drops / "office_utg" / f"{NUMBER}.csv")
    found = land.strays(run)
    assert strays.noted(run) == found
    assert found.told == (
        Stray("office_utg/", 1, 3, "office_utf", "no contract of this name; did you mean office_utf?"),
    )
    folder = store.night_dir(run, "strays")
    assert NUMBER not in "".join(path.read_text("utf-8") for path in folder.iterdir())
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert land.strays(run) == found
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert manifest.Manifest.read(folder)
    assert not [path for path in (office.settings.lake / "raw").rglob("*") if path.is_file()]
    shutil.rmtree(stray.parent)
    assert land.strays(run).things == 0
    assert strays.noted(run) is None


def test_a_lake_that_takes_no_note_stops_nothing(office: Office) -> None:
    run = Run.of(NIGHT, settings=office.settings, drops=office.box("utf").parent)
    put(run.drops / "elsewhere" / "a")
    put(run.settings.lake / "night")  # a file where the folder of the nights should be
    assert land.strays(run).things == 1


def test_a_folder_in_the_folder_of_a_source_is_work_and_refused_with_what_it_holds(office: Office) -> None:
    put(office.box("utf") / "2026" / "utf-20261001.csv", 5)
    run = Run.of(NIGHT, settings=office.settings, drops=office.path / "drops" / NIGHT)
    office.box("csv")
    put(office.box("xlsx") / "Thumbs.db")
    assert bundles.sources_with_work(run) == {"office_utf": 0}
    (one,) = office.land("utf")
    assert (one["state"], one["code"]) == ("refused", "NOT_A_FILE")
    assert (
        one["message"] == "2026: this is a folder (1 file, 5 bytes): nothing in it is taken in; lay each file beside it"
    )
    assert land.strays(run).things == 0
