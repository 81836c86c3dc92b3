"""Another department whose format is known is one YAML file and nothing else (README, tutorial)."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from tests.homes import NIGHTS, ROOT, Home

TUTORIAL = ROOT / "docs" / "tutorial"
SOURCE = "zhujian_gongzufang"
BESIDE = ("gongan_hukou", "minzheng_diming", "zhengfa_wangge", "zhujian_fangwu")  # persons, places, grids and houses


def test_one_contract_brings_a_department_in(home: Home, city: Path, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(ROOT / "expectations", tmp_path / "expectations"))
    shutil.copy(TUTORIAL / f"{SOURCE}.yml", mine / "contracts")
    drops = tmp_path / "drops"
    for known in BESIDE:
        shutil.copytree(city / "drops" / NIGHTS[0] / known, drops / known)
    (drops / SOURCE).mkdir()
    (extract,) = TUTORIAL.glob("*.csv")
    shutil.copy(extract, drops / SOURCE)
    rows = len(extract.read_text("utf-8").splitlines()) - 1
    assert rows > 1

    ours = Home(home.path, (("GRIDFACTS_EXPECTATIONS", str(mine)),))
    assert "contracts are good" in ours.call("contract", "lint").stdout
    ours.run(NIGHTS[0], drops)
    with sqlite3.connect(ours.path / "release.db") as release:
        told = release.execute(
            "SELECT count(*), count(DISTINCT p.person_id) FROM record AS r JOIN fact_person AS p"
            " ON p.person_id = r.entity_id WHERE r.source = ? AND p.known_to IS NULL",
            [SOURCE],
        ).fetchone()
    assert told == (rows, rows)
    assert ours.call("balance", "--night", NIGHTS[0]).stdout.strip() == "balanced"
