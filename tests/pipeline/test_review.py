"""A person's word: the queue asks, a judgement binds the next run, and taking it back undoes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.homes import NIGHTS, Home

NIGHT = ("--night", NIGHTS[0])


@pytest.fixture
def reviewed(first_night: Path, tmp_path: Path) -> Home:
    return Home.copy_of(first_night, tmp_path / "home")


def queue(home: Home) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(
        home.call("review", "list", *NIGHT, "--top", "1000", "--worth", "0.05", "--json").stdout
    )
    return items


def entities(home: Home, item: dict[str, Any]) -> tuple[str, str]:
    """Where the item's two records stand after resolve ran again."""
    from transforms import store

    home.call("room", "resolve", "--stage", "thing", "--stage", "person", *NIGHT)
    table = store.read_table(home.path / "lake" / "night" / NIGHTS[0] / "resolve" / item["kind"] / "cluster.parquet")
    of = dict(zip(table["record_id"].to_pylist(), table["entity_id"].to_pylist(), strict=True))
    return of[item["left"]], of[item["right"]]


def test_a_judgement_binds_and_can_be_taken_back(reviewed: Home) -> None:
    asked = queue(reviewed)[0]
    before = (asked["left_entity"], asked["right_entity"])
    assert (before[0] != before[1]) is (asked["question"] == "join")
    shown = reviewed.call("review", "show", asked["item_id"], *NIGHT).stdout
    assert asked["left"] in shown
    assert asked["right"] in shown
    assert f"score {asked['score'] / 10_000:.4f}" in shown
    assert {"join": "become one", "part": "stay together"}[asked["question"]] in " ".join(shown.split())

    otherwise = {"join": "same", "part": "different"}[asked["question"]]
    words = ("--by", "reviewer", "--reason", "seen in the field")
    reviewed.call("review", "judge", asked["item_id"], otherwise, *words, *NIGHT)
    assert asked["item_id"] not in {item["item_id"] for item in queue(reviewed)}
    left, right = entities(reviewed, asked)
    assert (left == right) is (otherwise == "same")

    reviewed.call("review", "undo", "1", "--by", "second reviewer")
    assert entities(reviewed, asked) == before
    assert asked["item_id"] in {item["item_id"] for item in queue(reviewed)}


def test_the_queue_asks_first_what_removes_most(reviewed: Home) -> None:
    expected = [item["expected"] for item in queue(reviewed)]
    assert len(expected) > 1
    assert expected == sorted(expected, reverse=True)


def test_what_the_list_leaves_out_is_counted_on_its_last_line(reviewed: Home) -> None:
    def listed(*words: str) -> list[str]:
        return reviewed.call("review", "list", *NIGHT, *words).stdout.splitlines()

    shown, whole = listed("--top", "0"), listed("--top", "0", "--worth", "0")
    of, every = (int(next(line for line in lines if " open; " in line).split()[0]) for lines in (shown, whole))
    assert every - of > 0
    assert shown[-1] == f"{every - of} more below worth 0.3: --worth 0"
    assert not any("more below" in line for line in whole)
    assert listed("--kind", "person", "--worth", "0.9999")[-1].endswith(" more below worth 0.9999: --worth 0")


def test_nobody_decides_without_a_name_and_a_reason(reviewed: Home) -> None:
    item = queue(reviewed)[0]["item_id"]
    done = reviewed.call("review", "judge", item, "same", "--by", " ", "--reason", "so", *NIGHT, check=False)
    assert done.returncode == 1
    assert "NOBODY" in done.stderr
    assert "no judgement stands" in reviewed.call("review", "judged").stdout


def test_two_persons_under_one_number_are_parted(reviewed: Home) -> None:
    from transforms import store
    from transforms.live import Live
    from transforms.paired import named

    lake = reviewed.path / "lake" / "night" / NIGHTS[0]
    told = store.read_table(lake / "link" / "person" / "pairs.parquet")
    pairs = named(told, Live(lake / "account" / "live" / "person.parquet").ids).to_pylist()
    joined = [pair for pair in pairs if pair["how"] == "number"]
    assert joined
    pair = {"kind": "person", "left": joined[0]["left"], "right": joined[0]["right"]}
    before = entities(reviewed, pair)
    assert before[0] == before[1]
    words = ("--by", "reviewer", "--reason", "the register confirmed two persons")
    reviewed.call("review", "between", pair["left"], pair["right"], "different", *words, *NIGHT)
    after = entities(reviewed, pair)
    assert after[0] != after[1]
    assert before[0] in after, "one of the two keeps the identity"
