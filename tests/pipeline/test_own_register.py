"""A stranger's register by declarations alone: the commands of docs/tutorial/febrl/README.md as they stand there.

The clone they are typed in is a copy: the tutorial's migration is no part of the repository's own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.homes import ROOT

TUTORIAL = ROOT / "docs" / "tutorial" / "febrl"
PAGE = (TUTORIAL / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
COPIED = ("transforms", "expectations", "sql", "demo", "docs/tutorial")
BAR = 0.996
pytestmark = pytest.mark.timeout(900)  # half a minute on an idle machine
NIGHTS_OF_ITS_OWN = pytest.mark.thorough("unit/link learns weights from records alone and notices a collapse")


def typed(clone: Path, commands: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Shell commands in the clone, whose gridfacts and python are this interpreter's."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("GRIDFACTS_")}
    told = plain | {"PATH": f"{clone / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(clone), "GRIDFACTS_THREADS": "1"}
    done = subprocess.run(["bash", "-ec", commands], cwd=clone, env=told, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stranger")
    for name in COPIED:
        shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (path / "bin").mkdir()
    shims = {"python": '"$@"', "gridfacts": "-c 'from transforms.cli import main; main()' \"$@\""}
    for name, words in shims.items():
        (path / "bin" / name).write_text(f"#!/bin/sh\nexec {sys.executable} {words}\n", "utf-8")
        (path / "bin" / name).chmod(0o755)
    return path


@pytest.fixture(scope="module")
def released(clone: Path) -> subprocess.CompletedProcess[str]:
    return typed(clone, COMMANDS[0])


def test_the_tutorials_migration_follows_the_newest() -> None:
    own = {path.stem for path in (ROOT / "sql" / "migrations" / "release").glob("release_*.py")}
    newest = max("_".join(name.split("_")[:2]) for name in own)
    (path,) = (TUTORIAL / "sql" / "migrations" / "release").glob("*.py")
    assert re.search(rf'^down_revision = "{newest}"', path.read_text("utf-8"), re.MULTILINE)


@NIGHTS_OF_ITS_OWN
def test_febrl_3_is_linked_above_the_bar(released: subprocess.CompletedProcess[str], clone: Path) -> None:
    assert len(COMMANDS) == 2
    (found,) = re.findall(r"resolved +n +(\d+) +P ([\d.]+) +R ([\d.]+) +F1 ([\d.]+)", released.stdout)
    assert found[0] == "5000"  # every card is counted, none is set aside
    assert float(found[3]) >= BAR
    manifest = json.loads((clone / "library/lake/night/2026-10-01/link/member/manifest.json").read_text("utf-8"))
    assert manifest["facts"]["model"] == "tonight's own training"
    assert (manifest["facts"]["collapsed"], manifest["facts"]["id_conflict"]) == (0, 0)


@NIGHTS_OF_ITS_OWN
@pytest.mark.usefixtures("released")
def test_it_is_explained_and_exported(clone: Path) -> None:
    exported = f"export GRIDFACTS_EXPECTATIONS=$PWD/my_expectations GRIDFACTS_HOME=$PWD/library\n{COMMANDS[1]}"
    told = typed(clone, exported).stdout
    assert "balanced" in told
    assert re.search(r"^member \w{26}: live$", told, re.MULTILINE)
    assert "together because:" in told
    assert re.search(r"^ +social number: same +\+\d", told, re.MULTILINE)
    assert "0 would stand in another entity" in told
    assert "no brake would stop it" in told
    assert "member" in json.loads((clone / "library" / "model.json").read_text("utf-8"))["kinds"]
    assert re.search(r"^  surname = \w+ \(.+\)\n    stands: \[\d\] library_cards", told, re.MULTILINE)
    shown = pd.read_csv(clone / "library" / "book_club" / "v1_member.csv", dtype=str)
    cards = pd.read_csv(clone / "library/drops/library_cards/cards-20261001.csv", dtype=str)
    assert len(shown) > 1500
    assert shown["birth_date"].str.fullmatch(r"\d{4}").all()
    numbers = set(cards["soc_sec_id"])
    lake = clone / "library" / "lake" / "night" / "2026-10-01"
    live = pd.read_parquet(lake / "account" / "live" / "member.parquet").astype(str)
    assert len(live) == len(cards)
    assert not any(numbers & set(live[name]) for name in live.columns)  # tokens alone go on


@NIGHTS_OF_ITS_OWN
@pytest.mark.usefixtures("released")
@pytest.mark.parametrize(("change", "code"), [({"minimum_age": 13}, "UNDER_14"), ({"mask": {}}, "JOINABLE")])
def test_its_natural_persons_are_guarded_like_the_citys(clone: Path, change: dict[str, object], code: str) -> None:
    path = clone / "my_expectations" / "consumers" / "book_club.yml"
    package = yaml.safe_load(path.read_text("utf-8"))
    package["tables"]["v1_member"] |= change
    wrong = clone / "wrong" / "consumers"
    wrong.mkdir(parents=True, exist_ok=True)
    (wrong / path.name).write_text(yaml.safe_dump(package), "utf-8")
    asked = "from pathlib import Path; from transforms.reader import package; package.load_all(Path('wrong'))"
    done = typed(clone, f'python -c "{asked}"', check=False)
    assert done.returncode != 0
    assert code in done.stderr


@NIGHTS_OF_ITS_OWN
@pytest.mark.usefixtures("released")
def test_a_declaration_that_tells_only_the_surname_is_held_and_not_published(clone: Path) -> None:
    shutil.copytree(clone / "my_expectations", clone / "vague")
    path = clone / "vague" / "kinds" / "member.yml"
    kind = yaml.safe_load(path.read_text("utf-8"))
    kind["link"] |= {"blocks": [["surname"]], "compare": [{"property": "surname", "as": "equal"}]}
    path.write_text(yaml.safe_dump(kind), "utf-8")
    done = typed(
        clone,
        "export GRIDFACTS_EXPECTATIONS=$PWD/vague GRIDFACTS_HOME=$PWD/village\n"
        "python docs/tutorial/febrl/make_drops.py village\n"
        "gridfacts demo keys\ngridfacts run --night 2026-10-01",
        check=False,
    )
    assert done.returncode != 0
    assert "RELEASE_HELD" in done.stderr
    assert "collapse member: 1, at most 0" in done.stderr
    assert (
        not pd.read_parquet(clone / "village/lake/night/2026-10-01/resolve/member/cluster.parquet")["entity_id"]
        .duplicated()
        .any()
    )
