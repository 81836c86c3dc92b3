"""A contract is tried on a file in a home of its own: what would become of it, and nothing here changes."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from pathlib import Path

import openpyxl
import pytest
import yaml

from expectations.contract_template import GUIDE, template
from tests.homes import ROOT, Home
from tests.unit.land.makers import FORMATS, ROWS, SUFFIX, contract, encode
from transforms import contract as contracts
from transforms import kinds

TUTORIAL = ROOT / "docs" / "tutorial"
PROMISE = TUTORIAL / "zhujian_gongzufang.yml"


@pytest.fixture
def sample() -> Path:
    (found,) = TUTORIAL.glob("*.csv")
    return found


@pytest.fixture
def empty(keyed: Path, tmp_path: Path) -> Home:
    return Home.copy_of(keyed, tmp_path / "home")


def state(folder: Path) -> dict[str, str]:
    """Every file below a folder by the hash of its bytes."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()
    }


def test_it_tells_counts_and_touches_nothing(empty: Home, sample: Path) -> None:
    before = state(empty.path)
    told = json.loads(empty.call("contract", "try", str(PROMISE), str(sample), "--json").stdout)
    rows = len(sample.read_text("utf-8").splitlines()) - 1
    assert (told["state"], told["rows"], told["accepted"], told["quarantined"]) == ("landed", rows, rows, 0)
    assert [found[:3] for found in told["found"]] == [["ID_CHECKSUM", "身份证号", "strike"]], (
        "the tutorial's fourth row"
    )
    assert state(empty.path) == before


def test_a_file_of_any_name_and_a_contract_of_any_name_will_do(empty: Home, sample: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(sample, tmp_path / "样本.csv"))
    promise = tmp_path / "draft.yml"
    promise.write_text(
        PROMISE.read_text("utf-8").replace("to: person.phone", "to: person.phone, required: true"), "utf-8"
    )
    assert "rows accepted" in empty.call("contract", "try", str(promise), str(file)).stdout


def test_a_batch_of_this_home_can_be_tried(empty: Home, sample: Path, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(ROOT / "expectations", tmp_path / "expectations"))
    shutil.copy(PROMISE, mine / "contracts")
    box = tmp_path / "drops" / PROMISE.stem
    box.mkdir(parents=True)
    shutil.copy(sample, box)
    ours = Home(empty.path, (("GRIDFACTS_EXPECTATIONS", str(mine)),))
    ours.call("room", "land", "--night", "2026-10-03", "--drops", str(box.parent), "--source", PROMISE.stem)
    (batch,) = (ours.path / "lake" / "land" / PROMISE.stem).iterdir()
    before = state(ours.path)
    assert "4 rows" in ours.call("contract", "try", str(PROMISE), batch.name).stdout
    assert state(ours.path) == before


def test_a_refused_file_and_a_wrong_contract_say_so(empty: Home, sample: Path, tmp_path: Path) -> None:
    cut = tmp_path / sample.name
    cut.write_bytes(sample.read_bytes()[:-3])
    refused = empty.call("contract", "try", str(PROMISE), str(cut), check=False)
    assert refused.returncode == 1
    assert "last row has no line break" in refused.stdout
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(PROMISE.read_text("utf-8").replace("person.phone", "person.fax"), "utf-8")
    said = empty.call("contract", "try", str(wrong), str(sample), check=False)
    assert (said.returncode, "person.fax" in said.stderr) == (2, True)
    assert empty.call("contract", "try", str(PROMISE), "no-such-batch", check=False).returncode == 2


def promised(kind: str, folder: Path) -> Path:
    path = folder / f"office_{kind}.yml"
    path.write_text(yaml.safe_dump(contract(kind, registers={"authority_for": []}), allow_unicode=True), "utf-8")
    return path


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_of_every_format_can_be_tried(empty: Home, tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"{kind}-20261001.{SUFFIX[kind]}"
    file.write_bytes(encode(kind))
    before = state(empty.path)
    told = json.loads(empty.call("contract", "try", str(promised(kind, tmp_path)), str(file), "--json").stdout)
    assert (told["state"], told["rows"], told["accepted"], told["differing"]) == ("landed", len(ROWS), len(ROWS), 0)
    assert state(empty.path) == before
    file.write_bytes(encode(kind)[:-3])
    cut = empty.call("contract", "try", str(tmp_path / f"office_{kind}.yml"), str(file), "--json", check=False)
    assert (cut.returncode, json.loads(cut.stdout)["state"]) == (1, "refused")


@pytest.mark.parametrize("kind", FORMATS)
def test_the_template_of_every_format_says_how_it_is_sent(tmp_path: Path, kind: str) -> None:
    known = contracts.read(promised(kind, tmp_path))
    raw = template(known, kinds.load_all(ROOT / "expectations"), ROOT / "expectations")
    book = openpyxl.load_workbook(io.BytesIO(raw))
    said = " ".join(str(row[0]) for row in book[GUIDE].iter_rows(values_only=True))
    by_hand = {"xlsx": "直接报送本文件", "xls": "97-2003", "csv": "另存为", "utf": "另存为"}
    assert by_hand.get(kind, "不能直接报送") in said
    assert ("不能直接报送" in said) == (kind not in by_hand)
    head = book.worksheets[0][known.arrives.header_row]
    assert sorted(str(cell.value) for cell in head) == sorted(known.landed_headings)
