"""The real DAG on a small city: the same release as the command line, again the same when run again, nothing told."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests import canary
from tests.dags.conftest import airflow_environment
from tests.homes import NIGHTS, Home

pytestmark = pytest.mark.airflow

NIGHT = NIGHTS[0]
A_NIGHT_MAY_COST = 40


@dataclass(frozen=True)
class Night:
    """A home in which the DAG ran a night, the Airflow that ran it, and everything it printed."""

    home: Home
    airflow: Path
    drops: Path

    def run(self) -> str:
        env = self.home.environment | airflow_environment(self.airflow)
        conf = json.dumps({"night": NIGHT, "drops": str(self.drops)})
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "dags", "test", "nightly_merge", "--conf", conf],
            env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=280,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(self.airflow / "airflow.db")) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def drops(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    box = canary.marked(Path(shutil.copytree(city / "drops" / NIGHT, tmp_path_factory.mktemp("marked") / "drops")))
    (box / "gongan_hukuo").mkdir()
    (box / "gongan_hukuo" / f"{canary.NUMBER}.csv").write_bytes(b"of no source")
    return box


def keys_in_environment(home: Home) -> Home:
    """The same home with its keys in a variable of the worker, and no key file."""
    path = home.path / "keys.yml"
    text = path.read_text("utf-8")
    path.unlink()
    return Home(home.path, (("GRIDFACTS_KEYS_YAML", text),))


@pytest.fixture(scope="module")
def ran(keyed: Path, drops: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Night, str]:
    folder = tmp_path_factory.mktemp("night")
    night = Night(keys_in_environment(Home.copy_of(keyed, folder / "home")), folder / "airflow", drops)
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=night.home.environment | airflow_environment(night.airflow), check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return night, night.run()


@pytest.fixture(scope="module")
def plain(keyed: Path, drops: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same drops through the command line."""
    home = Home.copy_of(keyed, tmp_path_factory.mktemp("plain") / "home")
    home.run(NIGHT, drops)
    return home


def test_the_dag_makes_the_release_of_the_command_line(ran: tuple[Night, str], plain: Home) -> None:
    assert ran[0].home.call("checksum").stdout == plain.call("checksum").stdout


def test_a_night_costs_few_tasks_and_all_end_well(ran: tuple[Night, str]) -> None:
    states = ran[0].query("SELECT state, count(*) FROM task_instance GROUP BY state")
    assert [state for state, _ in states] == ["success"]
    assert 25 < int(str(states[0][1])) <= A_NIGHT_MAY_COST


def test_what_no_source_takes_is_told_once(ran: tuple[Night, str]) -> None:
    night, log = ran
    alerts = [json.loads(line) for line in (night.home.path / "alerts.jsonl").read_text("utf-8").splitlines()]
    assert [(one["task"], one["code"], one["sources"]) for one in alerts] == [("bundles", "STRAYS", ["gongan_hukou"])]
    assert log.count("1 thing that no source takes, 1 file, 12 bytes, perhaps of gongan_hukou") == 1


def test_every_drop_has_its_receipt(ran: tuple[Night, str]) -> None:
    told = [json.loads(p.read_text("utf-8")) for p in (ran[0].home.path / "lake").rglob("deliveries.json")]
    drops = sum(len(deliveries) for deliveries in told)
    assert drops > 10
    receipts = list((ran[0].home.path / "receipts").glob(f"*/{NIGHT}/*.回执.json"))
    assert len(receipts) == drops
    assert ran[0].home.call("receipt", "verify", str(receipts[0]))


def test_no_marked_value_is_in_xcom_rendered_fields_or_logs(ran: tuple[Night, str]) -> None:
    night, log = ran
    assert night.query("SELECT count(*) FROM xcom")[0][0]
    assert night.query("SELECT count(*) FROM rendered_task_instance_fields")[0][0]
    assert len(re.findall(r"\[gridfacts\]", log)) > 20
    landed = b"".join(p.read_bytes() for p in sorted((night.home.path / "lake" / "raw").rglob("*")) if p.is_file())
    files = [p for p in night.airflow.rglob("*") if p.is_file()] + list(night.home.path.glob("alerts.jsonl"))
    assert [p for p in files if p.name == "airflow.db"]
    assert set(canary.found_in(landed)) == set(canary.MARKS), "the marked values never came in"
    assert canary.found_in(log.encode()) == []
    assert {p.name: canary.found_in(p.read_bytes()) for p in files if canary.found_in(p.read_bytes())} == {}


def test_no_key_of_the_environment_is_shown_or_kept(ran: tuple[Night, str]) -> None:
    night, log = ran
    told = yaml.safe_load(night.home.settings["GRIDFACTS_KEYS_YAML"])
    secrets = [secret.encode() for held in told.values() for secret in held.values()]
    assert len(secrets) == 7
    kept = [p for folder in (night.airflow, night.home.path) for p in folder.rglob("*") if p.is_file()]
    for text in (log.encode(), *(p.read_bytes() for p in kept)):
        assert not [one for one in secrets if one in text]


def test_what_goes_through_xcom_is_source_codes_and_counts(ran: tuple[Night, str]) -> None:
    values = [json.loads(str(value)) for (value,) in ran[0].query("SELECT value FROM xcom") if value is not None]
    assert len(values) > 20
    counts = [value for value in values if isinstance(value, dict)]
    assert counts
    for value in counts:
        assert all(re.fullmatch(r"[A-Za-z_]+", key) and isinstance(n, int) for key, n in value.items()), list(value)


@pytest.mark.thorough("test_same_release runs a night again on the command line")
def test_the_dag_run_again_for_the_same_night_changes_nothing(ran: tuple[Night, str], plain: Home) -> None:
    night, _ = ran
    again = Night(night.home, night.airflow, night.drops)
    again.run()
    assert night.home.call("checksum").stdout == plain.call("checksum").stdout
