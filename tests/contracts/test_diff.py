"""What a changed contract does to the next night is told in words, and it is what the rooms then do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from expectations.contract_diff import MEANING, Effect, differences
from tests.homes import ROOT, Home
from transforms import contract as contracts
from transforms import manifest

SOURCE = "ceshi_fangke"
PLAIN = {
    "source": SOURCE, "label": "测试",
    "owner": {"department": "市测试局", "contact": "科", "answers_within_days": 3},
    "arrives": {"format": "csv", "encoding": "utf-8", "file_pattern": r"f_(?P<as_of>\d{8})\.csv",
                "cadence": "daily", "mode": "snapshot", "same_period": "hold", "rows": {"min": 1, "max": 10}},
    "key": ["编号"], "feeds": {"person": {"key": ["编号"]}},
    "columns": [{"heading": "姓名", "to": "person.name", "required": True, "purpose": "P-POPULATION"},
                {"heading": "性别", "to": "person.sex", "codes": {"男": "male", "女": "female"},
                 "purpose": "P-POPULATION"}],
    "ignored": [{"heading": "编号", "reason": "key"}, {"heading": "备注", "reason": "not needed"}],
    "trust": {"name": 50},
}  # fmt: skip
Change = Callable[[dict], None]


def column(told: dict, **changed: object) -> None:
    told["columns"][1].update(changed)


def moved(told: dict) -> None:
    told["columns"].append({"heading": "备注", "to": "person.former_name", "purpose": "P-POPULATION"})
    told["ignored"].pop()


CASES: dict[str, tuple[Change, Effect]] = {
    "owner": (lambda t: t["owner"].update(contact="处"), Effect.WORDS),
    "label": (lambda t: t.update(label="新"), Effect.WORDS),
    "reason": (lambda t: t["ignored"][1].update(reason="other"), Effect.WORDS),
    "trust": (lambda t: t.update(trust={"name": 60}), Effect.SURVIVE),
    "pattern": (lambda t: t["arrives"].update(file_pattern=r"g_(?P<as_of>\d{8})\.csv"), Effect.ARRIVE),
    "bounds": (lambda t: t["arrives"].update(rows={"min": 0, "max": 10}), Effect.SPLIT),
    "new column policy": (lambda t: t.update(on_new_column="quarantine"), Effect.SPLIT),
    "required": (lambda t: column(t, required=True), Effect.JUDGE),
    "code": (lambda t: column(t, codes={"男": "male", "女": "unknown"}), Effect.JUDGE),
    "null marks": (lambda t: t["arrives"].update(null_marks=["", "空"]), Effect.JUDGE),
    "constant": (lambda t: t.update(constants={"person.residence_kind": "migrant"}), Effect.CLEAN),
    "property": (lambda t: column(t, to="person.former_name", codes=None), Effect.RETELL),
    "loaded": (moved, Effect.RETELL),
    "key": (lambda t: t["feeds"]["person"].update(key=["姓名"]), Effect.RECORDS),
}


def written(path: Path, change: Change | None = None) -> Path:
    told = json.loads(json.dumps(PLAIN))
    if change:
        change(told)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(told, allow_unicode=True), "utf-8")
    return path


@pytest.mark.parametrize("name", CASES)
def test_the_heaviest_effect_stands_first(tmp_path: Path, name: str) -> None:
    change, effect = CASES[name]
    found = differences(
        contracts.read(written(tmp_path / "a.yml")), contracts.read(written(tmp_path / "b.yml", change))
    )
    assert found[0].effect is effect
    assert found[0].effect in MEANING
    assert found[0].told


def test_equal_contracts_have_no_difference(tmp_path: Path) -> None:
    same = contracts.read(written(tmp_path / "a.yml"))
    assert differences(same, contracts.read(written(tmp_path / "b.yml"))) == []


@pytest.fixture
def home(tmp_path: Path, keyed: Path) -> Home:
    """A home with one landed and judged batch of three rows."""
    mine = tmp_path / "expectations"
    for part in ("kinds", "lookups"):
        shutil.copytree(ROOT / "expectations" / part, mine / part)
    written(mine / "contracts" / f"{SOURCE}.yml")
    found = Home.copy_of(keyed, tmp_path / "home", ("GRIDFACTS_EXPECTATIONS", str(mine)))
    box = tmp_path / "drops" / SOURCE
    box.mkdir(parents=True)
    (box / "f_20261001.csv").write_text("编号,姓名,性别,备注\n1,王一,男,x\n2,李二,女,y\n3,张三,女,z\n", "utf-8")
    for room in ("land", "check"):
        found.call("room", room, "--night", "2026-10-01", "--drops", str(box.parent))
    return found


def manifests(home: Home) -> tuple[int, int]:
    """Which files the manifests of land and check are: another one has been written anew."""
    land, check = (next((home.path / "lake" / room / SOURCE).glob("*/manifest.json")) for room in ("land", "check"))
    return land.stat().st_ino, check.stat().st_ino


@pytest.mark.parametrize("name", ["owner", "trust", "pattern", "bounds", "new column policy", "code", "loaded", "key"])
def test_what_is_told_is_what_the_next_night_does(home: Home, tmp_path: Path, name: str) -> None:
    change, _ = CASES[name]
    mine = tmp_path / "expectations" / "contracts" / f"{SOURCE}.yml"
    new = written(tmp_path / "new.yml", change)
    (told,) = json.loads(home.call("contract", "diff", str(mine), str(new), "--json").stdout)["batches"]
    assert told["rows"] == 3
    before = manifests(home)
    shutil.copy(new, mine)
    contracts.load_all.cache_clear()
    manifest.configuration.cache_clear()
    (tmp_path / "nothing").mkdir()
    for room in ("land", "check"):
        home.call("room", room, "--night", "2026-10-02", "--drops", str(tmp_path / "nothing"))
    split, judged = (was != now for was, now in zip(before, manifests(home), strict=True))
    assert (told["split"], told["judged"]) == (split, judged)


def test_rows_that_say_a_changed_word_are_counted(home: Home, tmp_path: Path) -> None:
    old, new = written(tmp_path / "old.yml"), written(tmp_path / "new.yml", CASES["code"][0])
    (told,) = json.loads(home.call("contract", "diff", str(old), str(new), "--json").stdout)["batches"]
    assert told["words"] == {"性别": 2}
    assert "2 rows say a changed word under 性别" in home.call("contract", "diff", str(old), str(new)).stdout
    same = home.call("contract", "diff", str(old), str(old)).stdout
    assert "no difference" in same
