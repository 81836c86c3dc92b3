"""What the address library says of its nodes: a register makes them valid, other departments only propose them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.homes import NIGHTS, Home

REGISTERS = {"minzheng_diming", "zhujian_fangwu", "ziran_zongdi"}


@pytest.fixture(scope="module")
def without_houses(keyed: Path, city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after a night to which the housing office and the land registry sent nothing."""
    base = tmp_path_factory.mktemp("library")
    for source in ("zhengfa_wangge", "dianli_yonghu", "shuiwu_gongshui", "minzheng_diming"):
        shutil.copytree(city / "drops" / NIGHTS[0] / source, base / "drops" / source)
    home = Home.copy_of(keyed, base / "home")
    home.run(NIGHTS[0], base / "drops")
    return home.path


def test_a_node_is_valid_as_soon_as_a_register_names_it(without_houses: Path) -> None:
    night = without_houses / "lake/night" / NIGHTS[0]
    named = pd.read_parquet(night / "account/live/address.parquet", columns=["record_id", "source"])
    whose = pd.read_parquet(night / "resolve/address/cluster.parquet", columns=["record_id", "entity_id"])
    sources = named.merge(whose, on="record_id").groupby("entity_id")["source"].agg(set)
    status = pd.read_parquet(night / "merge/address/std_address.parquet").set_index("address_id")["status"]
    expected = sources.map(lambda names: "valid" if names & REGISTERS else "proposed")
    assert status.to_dict() == expected.to_dict()
    assert set(status) == {"valid", "proposed"}


def test_doors_that_nobody_registered_are_listed_for_a_person(without_houses: Path) -> None:
    asked = ("address", "proposed", "--night", NIGHTS[0], "--least", "1", "--top", "100000", "--json")
    told = {proposal["path"] for proposal in json.loads(Home(without_houses).call(*asked).stdout)}
    night = without_houses / "lake/night" / NIGHTS[0]
    columns = ["record_id", "source", "path", "level", "village"]
    named = pd.read_parquet(night / "account/live/address.parquet", columns=columns)
    whose = pd.read_parquet(night / "resolve/address/cluster.parquet", columns=["record_id", "entity_id"])
    named = named.merge(whose, on="record_id")
    named = named[named["village"].notna()]
    registered = named.loc[named["source"].isin(REGISTERS), "entity_id"]
    valid = set(named.loc[named["entity_id"].isin(registered), "path"])
    doors = set(named.loc[named["level"].isin(["door", "building"]), "path"]) - valid
    leaves = {path for path in doors if not any(other.startswith(f"{path}|") for other in doors)}
    assert leaves
    assert leaves <= told
    assert not told & valid
    assert {step.partition(":")[0] for path in told for step in path.split("|")[1:]}.isdisjoint(
        {"unit", "floor", "room"}
    )


def test_a_yes_makes_a_proposed_door_valid_and_no_other(without_houses: Path, tmp_path: Path) -> None:
    home = Home.copy_of(without_houses, tmp_path / "home")
    made = home.path / "lake/night" / NIGHTS[0] / "merge/address/std_address.parquet"
    before = pd.read_parquet(made).set_index("address_id")
    told = json.loads(
        home.call("address", "proposed", "--night", NIGHTS[0], "--least", "1", "--top", "100000", "--json").stdout
    )
    nodes = [one["address_id"] for one in told if one["address_id"]]
    assert set(before.loc[nodes, "status"]) == {"proposed"}
    chosen = nodes[0]
    words = ("--by", "Chen", "--reason", "seen", "--night", NIGHTS[0])
    home.call("address", "judge", chosen, "yes", *words)
    home.call("room", "merge", "--stage", "place", "--night", NIGHTS[0])
    after = pd.read_parquet(made).set_index("address_id")
    assert list(after.index[after["status"].ne(before["status"])]) == [chosen]
    assert after.at[chosen, "status"] == "valid"
