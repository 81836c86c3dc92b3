"""Whose name keeps a number, and what link leaves of a night."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden.living import Row, deploy
from transforms import link, store
from transforms.link import owner
from transforms.link.kernels import JOIN, same_given
from transforms.link.owner import judge
from transforms.paired import named
from transforms.run import REPOSITORY, Run

LEVEL = ("name", 3)
TEXTS = [
    f"王小明{JOIN}wang xiao ming",
    f"王晓鸣{JOIN}wang xiao ming",
    f"李秀英{JOIN}li xiu ying",
    f"赵刚{JOIN}zhao gang",
]


def verdict(*said: tuple[int, int, int], former: dict[int, set[str]] | None = None) -> dict[int, int]:
    frame = pd.DataFrame([(7, *s) for s in said], columns=["n", "name", "rows_said", "by_authority"])
    told = judge(frame, TEXTS, former or {}, LEVEL)
    return dict(zip(told["name"], told["keeps"], strict=True))


def test_names_that_agree_share_the_number() -> None:
    assert verdict((0, 1, 1), (1, 3, 0)) == {0: 2, 1: 1}


def test_the_authoritys_name_keeps_it_against_more_rows() -> None:
    assert verdict((0, 1, 1), (2, 5, 0)) == {0: 2, 2: 0}


def test_without_an_authority_the_larger_group_keeps_it_and_a_tie_nobody() -> None:
    assert verdict((0, 2, 0), (2, 1, 0)) == {0: 2, 2: 0}
    assert verdict((0, 1, 0), (2, 1, 0)) == {0: 0, 2: 0}


@pytest.mark.parametrize(("issuing", "keeps"), [(0, []), (1, [0, 1]), (4, [])])
def test_a_number_beside_a_crowd_of_names_is_the_authoritys_own_or_nobodys(issuing: int, keeps: list[int]) -> None:
    """A column that says one number: names are a chain of slips, the first of them said by most rows."""
    texts = [f"王{chr(0x4E00 + at // 2)}{chr(0x5000 + (at + 1) // 2)}{JOIN}" for at in range(60)]
    said = [(7, at, 60 - at, int(at < issuing)) for at in range(60)]
    told = judge(pd.DataFrame(said, columns=["n", "name", "rows_said", "by_authority"]), texts, {}, LEVEL)
    assert told.loc[told["keeps"] > 0, "name"].tolist() == keeps


def test_a_former_name_agrees() -> None:
    assert verdict((0, 1, 1), (2, 1, 0), former={7: {TEXTS[2]}}) == {0: 2, 2: 1}


def test_a_slip_in_the_surname_alone_agrees_but_a_relative_does_not() -> None:
    texts = [f"赵礼锋{JOIN}zhao li feng", f"超礼锋{JOIN}chao li feng", f"赵礼国{JOIN}zhao li guo"]
    said = [(7, 0, 1, 1), (7, 1, 1, 0)]
    told = judge(pd.DataFrame(said, columns=["n", "name", "rows_said", "by_authority"]), texts, {}, LEVEL)
    assert dict(zip(told["name"], told["keeps"], strict=True)) == {0: 2, 1: 1}
    assert same_given(texts[0], texts[1])
    assert not same_given(texts[1], texts[2])
    assert not same_given(f"赵锋{JOIN}zhao feng", f"超锋{JOIN}chao feng"), "one shared character is no evidence"


CLAIMS = st.tuples(st.sampled_from([0, 1, 2, 3, 4]), st.integers(1, 3), st.integers(0, 1))


@pytest.mark.filterwarnings("error")  # a small city has numbers of two names only, or none of them
@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CLAIMS, min_size=2, max_size=3, unique_by=lambda one: one[0]), max_size=6))
def test_numbers_of_two_names_are_judged_all_at_once_as_one_by_one(numbers: list[list[tuple[int, int, int]]]) -> None:
    texts = [*TEXTS, f"超小明{JOIN}chao xiao ming"]
    said = [(3 * n, *one) for n, claims in enumerate(numbers) for one in sorted(claims)]
    frame = pd.DataFrame(said, columns=["n", "name", "rows_said", "by_authority"], dtype="int64")
    former = {3: {TEXTS[2]}}
    assert judge(frame, texts, former, LEVEL)["keeps"].tolist() == owner._one_by_one(frame, texts, former, LEVEL)


PAIR = [
    Row("gongan_hukou", "邓丽萍", "445391198803051245", "1988-03-05", "female", "1"),
    Row("shebao_canbao", "邓丽萍", "", "1988-03-05", "female", "1"),
    Row("shebao_canbao", "邓丽苹", "445391198803051245", "1988-03-05", "female"),
]


def linked(home: Path, rows: list[Row]) -> tuple[Run, Path]:
    run = deploy(home, rows, REPOSITORY / "expectations")
    link.run(run, "person")
    return run, store.night_dir(run, "link", "person")


def test_a_number_a_slip_away_from_an_anchors_is_shared_and_one_far_away_differs(tmp_path: Path) -> None:
    slipped = Row("shebao_canbao", "邓丽萍", "!445391198803051248", "1988-03-05", "female")
    far = Row("shebao_canbao", "邓丽萍", "!445391195001017999", "1988-03-05", "female", "2")
    rows = [PAIR[0], slipped, far]
    _, folder = linked(tmp_path, rows)
    ids = pa.array(sorted(row.record_id for row in rows))
    pairs = named(store.read_table(folder / "pairs.parquet"), ids).to_pylist()
    anchor = PAIR[0].record_id
    told = {p["left"] if p["right"] == anchor else p["right"]: p["evidence"] for p in pairs if anchor in p.values()}
    assert "document=shared" in told[slipped.record_id]
    assert "document=differ" in told[far.record_id]


def test_what_a_believed_number_says_of_birth_and_sex_is_compared_where_its_row_states_none(tmp_path: Path) -> None:
    silent = replace(PAIR[0], birth="", sex="")
    _, folder = linked(tmp_path, [silent, PAIR[1]])
    [pair] = store.read_table(folder / "pairs.parquet").to_pylist()
    assert {"birth_date=exact", "sex=same"} <= set(pair["evidence"].split())


def test_link_leaves_ordered_pairs_and_says_how_and_why(tmp_path: Path) -> None:
    _, folder = linked(tmp_path, PAIR)
    pairs = store.read_table(folder / "pairs.parquet").to_pylist()
    assert sorted(p["how"] for p in pairs) == ["number", "scored"]
    assert all(p["left"] < p["right"] for p in pairs)
    scored = next(p for p in pairs if p["how"] == "scored")
    assert "name=exact" in scored["evidence"]
    assert "邓" not in scored["evidence"]
    facts = json.loads((folder / "manifest.json").read_text("utf-8"))["facts"]
    assert (facts["records"], facts["leftovers"], facts["shadow"]) == (
        3,
        1,
        "not trained: too few labels, or it collapsed",
    )


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    _, first = linked(tmp_path / "a", PAIR)
    _, second = linked(tmp_path / "b", PAIR[::-1])
    assert store.read_table(first / "pairs.parquet").equals(store.read_table(second / "pairs.parquet"))


def test_without_recordlinkage_nothing_matches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("recordlinkage.Compare")
    with pytest.raises(AttributeError):
        linked(tmp_path, PAIR)


def test_little_memory_and_one_thread_leave_the_same_bytes(tmp_path: Path) -> None:
    found = []
    for name, memory, threads in (("wide", "1GB", 2), ("narrow", "32MB", 1)):
        run = deploy(tmp_path / name, PAIR, REPOSITORY / "expectations")
        run = replace(run, settings=replace(run.settings, memory=memory, threads=threads))
        link.run(run, "person")
        folder = store.night_dir(run, "link", "person")
        found.append({path.name: path.read_bytes() for path in folder.glob("*.parquet")})
    assert set(found[0]) == {"pairs.parquet", "unit.parquet", "exam.parquet"}
    assert found[0] == found[1]
