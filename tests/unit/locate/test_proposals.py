"""Doors that departments name and nobody registered: who is counted, and what a register's word ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from transforms import database, keys, locate, review, store
from transforms.commands import addresses as commands
from transforms.locate import Proposal
from transforms.publish.schema import ensure_schema
from transforms.run import REPOSITORY, Run, Settings

DOOR, OTHER = "v|road:人民路|door:3", "v|road:人民路|door:5"
Rows = Sequence[tuple[str, str | None]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    told = {"GRIDFACTS_HOME": str(tmp_path), "GRIDFACTS_EXPECTATIONS": str(REPOSITORY / "expectations")}
    return Run(Settings.from_environment(told), "2026-10-01", tmp_path)


def village(path: str | None) -> str | None:
    return "v" if path and path.startswith("v|") else None


def proposed(run: Run, persons: Rows, mentions: Rows = (), least: int | None = None) -> list[Proposal]:
    tables = {
        "person": {
            "source": [s for s, _ in persons], "since": ["2026-10-01"] * len(persons),
            "actual_address_path": [p for _, p in persons],
            "actual_address_village": [village(p) for _, p in persons],
        },
        "address": {
            "source": [s for s, _ in mentions], "since": ["2026-10-01"] * len(mentions),
            "path": [p for _, p in mentions],
            "full_text": [f"合成{p}" for _, p in mentions], "village": [village(p) for _, p in mentions],
        },
    }  # fmt: skip
    folder = store.night_dir(run, "account", "live")
    folder.mkdir(parents=True, exist_ok=True)
    for kind, columns in tables.items():
        arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
        store.write_table(folder / f"{kind}.parquet", pa.table(arrays))
    return locate.proposals(run, least)


TWO = [("shebao_canbao", f"{DOOR}|room:301"), ("jiaoyu_xueji", f"{DOOR}|room:302")]


def test_a_door_that_two_departments_name_is_proposed_whatever_the_room(run: Run) -> None:
    (found,) = proposed(run, [*TWO, ("shebao_canbao", OTHER), ("jiaoyu_xueji", None)])
    assert (found.path, found.records, len(found.departments)) == (DOOR, 2, 2)


def test_a_door_of_a_town_may_stand_in_any_of_its_villages_and_is_not_proposed(run: Run) -> None:
    wide = [(source, path.replace("v|", "t|")) for source, path in TWO]
    (found,) = proposed(run, [*wide, *TWO], [(source, path) for source, path in wide])
    assert found.path == DOOR


def test_a_registered_block_is_not_proposed_by_those_who_leave_out_its_road(run: Run) -> None:
    block = "estate:锦绣花园|building:3"
    people = [(source, f"v|{block}|room:301") for source, _ in TWO]
    assert [found.path for found in proposed(run, people)] == [f"v|{block}"]
    assert proposed(run, people, [("zhujian_fangwu", f"{DOOR}|{block}")]) == []


def test_one_department_alone_proposes_nothing_however_often_it_says_it(run: Run) -> None:
    assert proposed(run, [TWO[0]] * 9) == []
    assert [p.path for p in proposed(run, [TWO[0]] * 9, least=1)] == [DOOR]


def test_a_registers_word_makes_it_valid_and_a_meters_does_not(run: Run) -> None:
    assert proposed(run, TWO, [("minzheng_diming", DOOR)]) == []
    (found,) = proposed(run, TWO, [("dianli_yonghu", DOOR), ("minzheng_diming", "v|road:人民路")])
    assert (len(found.departments), found.stands_in) == (3, "合成v|road:人民路")


def test_a_road_or_a_hamlet_is_no_door(run: Run) -> None:
    assert proposed(run, [(source, "v|road:人民路") for source, _ in TWO]) == []


def test_those_that_most_departments_name_come_first(run: Run) -> None:
    other = [(source, OTHER) for source in ("shebao_canbao", "jiaoyu_xueji", "yibao_canbao")]
    assert [p.path for p in proposed(run, [*TWO, *TWO, *TWO, *other])] == [OTHER, DOOR]


def test_a_proposed_door_tells_its_node_of_the_library(run: Run) -> None:
    folder = store.night_dir(run, "locate", "place")
    folder.mkdir(parents=True)
    nodes = {"path": [DOOR, OTHER], "address_id": ["a1", "a2"], "village": ["v", None]}
    store.write_table(folder / "library.parquet", pa.table({k: pa.array(v, pa.string()) for k, v in nodes.items()}))
    both = [*TWO, *((source, path.replace(DOOR, OTHER)) for source, path in TWO)]
    assert {one.path: one.address_id for one in proposed(run, both)} == {DOOR: "a1", OTHER: None}


Ask = Callable[..., str]


@pytest.fixture
def ask(run: Run, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What a command on addresses answers, in a home whose library holds one of two proposed doors."""
    test_a_proposed_door_tells_its_node_of_the_library(run)
    monkeypatch.setenv("GRIDFACTS_HOME", str(run.settings.home))
    keys.create(run.settings.home / "keys.yml")
    ensure_schema(database.open_databases(Settings.from_environment()))

    def answered(*words: str) -> str:
        answer = CliRunner().invoke(commands.address, [*words, "--night", run.night])
        return answer.output if answer.exit_code == 0 else f"refused: {answer.exception}"

    return answered


WHY = ("--by", "王审核", "--reason", "现场核对")


def test_a_person_answers_the_queue_once_and_can_take_it_back(ask: Ask) -> None:
    stores = database.open_databases(Settings.from_environment())
    assert "a1" in ask("proposed")
    assert "NOT_FOUND" in ask("judge", "a2", "yes", *WHY)
    assert ask("judge", "a1", "yes", *WHY).startswith("judgement 1: yes")
    (row,) = review.judgements(stores)
    assert (row["kind"], row["left_record"], row["right_record"], row["decision"]) == ("door", DOOR, DOOR, "same")
    assert "a1" not in ask("proposed")
    assert "NOT_FOUND" in ask("judge", "a1", "no", *WHY)
    review.undo(stores, 1, "王审核")
    assert "a1" in ask("proposed")
    assert "kept away" not in ask("proposed")
    assert ask("judge", DOOR, "no", *WHY).startswith("judgement 2: no")
    assert "1 doors are kept away by a person's no" in ask("proposed")


def test_a_door_in_nothing_known_is_answered_by_its_path_and_waits_for_its_register(ask: Ask) -> None:
    assert OTHER in ask("proposed")
    assert "every confirmed door has its node" in ask("confirmed")
    assert ask("judge", OTHER, "yes", *WHY).startswith("judgement 1: yes")
    assert OTHER not in ask("proposed")
    assert "NOT_FOUND" in ask("judge", OTHER, "no", *WHY)
    (told,) = json.loads(ask("confirmed", "--json"))
    assert (told["door"], told["judgement"]) == (OTHER, 1)
    assert told["address"].endswith("人民路5号")


@pytest.mark.parametrize("answer", ["no", "unsure"])
def test_a_door_without_a_node_that_is_none_waits_for_nothing(ask: Ask, answer: str) -> None:
    assert ask("judge", OTHER, answer, *WHY).startswith("judgement 1")
    assert OTHER not in ask("proposed")
    assert "every confirmed door has its node" in ask("confirmed")
