"""The departments of the reference city: as different as departments are, and none feeds more than it may."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import pytest

from expectations.purposes import is_named
from transforms import contract as contracts
from transforms.contract import Contract
from transforms.run import REPOSITORY

EXPECTATIONS = REPOSITORY / "expectations"
CONTRACTS = contracts.load_all(EXPECTATIONS)


def alike(headings: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Pairs of sources that share more than half of the headings of the smaller one."""
    sets = {source: set(names) for source, names in headings.items()}
    return [
        (a, b) for a, b in combinations(sorted(sets), 2) if 2 * len(sets[a] & sets[b]) > min(len(sets[a]), len(sets[b]))
    ]


def denied(heading: str) -> bool:
    with (EXPECTATIONS / "lookups" / "denied_columns.csv").open(encoding="utf-8", newline="") as file:
        return any(is_named(heading, row["word"]) for row in csv.DictReader(file))


def header(path: Path) -> str:
    """The comment lines above a contract."""
    lines = path.read_text("utf-8").splitlines()
    end = next(at for at, line in enumerate(lines) if not line.startswith("#"))
    return " ".join(line.lstrip("# ") for line in lines[:end])


def test_twenty_five_departments() -> None:
    assert len(CONTRACTS) == 25
    assert len({contract.label for contract in CONTRACTS.values()}) == 25


def test_no_two_share_more_than_half_their_headings() -> None:
    assert alike({source: contract.headings for source, contract in CONTRACTS.items()}) == []


def test_departments_that_share_too_much_are_found() -> None:
    names = {"a": ["1", "2", "3", "4"], "b": ["3", "4", "5", "6"], "c": ["4", "5", "6", "7", "8"], "d": ["x"]}
    assert alike(names) == [("b", "c")]


def test_every_way_to_arrive_occurs() -> None:
    arrives = [contract.arrives for contract in CONTRACTS.values()]
    assert {a.format for a in arrives} >= {"csv", "xlsx", "jsonl", "parquet", "geojson", "shapefile"}
    assert {a.encoding for a in arrives} >= {"utf-8", "utf-8-sig", "gb18030"}
    assert {a.delimiter for a in arrives if a.format == "csv"} >= {",", "\t", "|", ";"}
    assert {a.crs for a in arrives} >= {"cgcs2000", "gcj02", "bd09"}
    assert {a.mode for a in arrives} == {"snapshot", "delta"}
    assert {a.cadence for a in arrives} == {"daily", "weekly", "monthly", "yearly"}
    assert {a.same_period for a in arrives} == {"supersede", "hold"}
    assert any(a.header_row > 2 for a in arrives)
    assert any(a.comment_prefix for a in arrives)
    assert any(a.footer_marks for a in arrives)
    assert any(a.merged for a in arrives)


def test_at_least_three_have_no_natural_key() -> None:
    assert sum(not contract.key for contract in CONTRACTS.values()) >= 3


@pytest.mark.parametrize("source", sorted(CONTRACTS))
def test_the_header_says_which_kinds_are_fed_and_why_no_more(source: str) -> None:
    said = header(EXPECTATIONS / "contracts" / f"{source}.yml")
    assert "Feeds" in said
    fed = said.partition("Feeds")[2].partition(".")[0]
    assert [kind for kind in CONTRACTS[source].feeds if kind not in fed] == []
    assert {"Never", "Not", "never", "not"} & set(said.replace(",", " ").replace(":", " ").split())


@pytest.mark.parametrize("source", sorted(CONTRACTS))
def test_every_ignored_column_has_a_reason_of_its_own(source: str) -> None:
    assert all(len(entry.reason) > 10 for entry in CONTRACTS[source].ignored)


def test_denied_columns_come_in_files_and_are_not_loaded() -> None:
    found = {
        source: [heading for heading in contract.headings if denied(heading)] for source, contract in CONTRACTS.items()
    }
    assert sum(len(names) for names in found.values()) >= 7
    for source, names in found.items():
        assert not set(names) & set(CONTRACTS[source].landed_headings), source


def person_columns(contract: Contract) -> list[str]:
    return [column.heading for column in contract.columns if any(to.startswith("person.") for to in column.to)]


@pytest.mark.parametrize("source", ["weijian_jigou", "rexian_12345", "shuiwu_gongshui", "dianli_yonghu", "ranqi_yonghu",
                                    "youzheng_toudi", "wenlv_changsuo", "yingji_changsuo"])  # fmt: skip
def test_institutions_and_utilities_tell_of_no_person(source: str) -> None:
    assert person_columns(CONTRACTS[source]) == []
    assert person_columns(CONTRACTS["yibao_canbao"]) != []


def test_the_disabled_persons_federation_never_wins_a_value() -> None:
    """Its trust is below every other's, so that what is published comes from elsewhere where anyone else knows it."""
    own = CONTRACTS["canlian_renyuan"].trust
    others = {s: c.trust for s, c in CONTRACTS.items() if "person" in c.feeds and s != "canlian_renyuan"}
    assert len(others) > 5
    for name, points in own.items():
        assert points < min(trust.get(name, 50) for trust in others.values()), name
