"""Departments are heard together on where somebody lives; one that went and looked is not outvoted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.merge.placed import places_of
from transforms import contract, kinds, model, store
from transforms.kinds import Heard
from transforms.live import Live
from transforms.merge import agreement
from transforms.merge.golden import Golden
from transforms.run import REPOSITORY

OTHER = "registered_address"
EXPECTATIONS = REPOSITORY / "expectations"
# trust of the contracts in actual_address
WALK, SCHOOL, PENSION, HEALTH, REGISTER = (
    "wangge_renkou", "jiaoyu_xueji", "shebao_canbao", "yibao_canbao", "gongan_hukou"
)  # fmt: skip


@dataclass(frozen=True)
class Word:
    """What one record says: the house of its actual and of its registered address; None: no place."""

    source: str
    lives: str | None = None
    registered: str | None = None
    since: str = "2026-10-01"


Winner = Callable[[list[Word], int], int]


def _located(words: list[Word]) -> pa.Table:
    empty = dict.fromkeys(model.LOCATED.names)
    return pa.Table.from_pylist([
        empty | {"record_id": f"r{at}", "property": name, "rank": 1, "score": 1, "level": "room",
                 "address_id": f"node of {house}", "house_id": house, "village": "v"}
        for at, word in enumerate(words)
        for name, house in (("actual_address", word.lives), ("registered_address", word.registered)) if house
    ], model.LOCATED)  # fmt: skip


@pytest.fixture
def winner(tmp_path: Path) -> Winner:
    trusted, heard = contract.load_all(EXPECTATIONS), kinds.load_all(EXPECTATIONS)["person"].heard
    assert isinstance(heard, Heard)
    trust = {name: one.trust["actual_address"] for name, one in trusted.items() if "actual_address" in one.trust}
    assert trust[WALK] >= heard.alone > trust[SCHOOL] > trust[PENSION] > trust[HEALTH] > heard.also[OTHER]

    def of(words: list[Word], won: int) -> int:
        rows = [{"record_id": f"r{at}", "source": w.source, "since": w.since} for at, w in enumerate(words)]
        schema = pa.schema([(name, pa.string()) for name in ("record_id", "source", "since")])
        store.write_table(tmp_path / "live.parquet", pa.Table.from_pylist(rows, schema))
        live = Live(tmp_path / "live.parquet")
        golden = Golden(
            live, pa.array(["e"]), np.zeros(len(rows), dtype=np.int64), pa.array(["number"]),
            {"actual_address": np.array([won])},
        )  # fmt: skip
        placed = places_of(_located(words), live)
        return int(agreement.agreed(golden, placed, heard, trusted).winners["actual_address"][0])

    return of


def test_two_lists_that_agree_outvote_a_third(winner: Winner) -> None:
    words = [Word(SCHOOL, "h1"), Word(PENSION, "h2"), Word(HEALTH, "h2")]
    assert winner(words, 0) == 1
    assert winner([*words[:2], Word(HEALTH, "h3")], 0) == 0


def test_who_went_and_looked_is_not_outvoted(winner: Winner) -> None:
    assert winner([Word(WALK, "h1"), Word(PENSION, "h2"), Word(HEALTH, "h2")], 0) == 0


def test_where_one_is_registered_supports_a_list_and_outvotes_none(winner: Winner) -> None:
    assert winner([Word(SCHOOL, "h1"), Word(HEALTH, "h2"), Word(REGISTER, None, "h2")], 0) == 1
    assert winner([Word(HEALTH, "h1"), Word(REGISTER, None, "h2")], 0) == 0


def test_a_source_that_says_it_twice_has_said_it_once(winner: Winner) -> None:
    assert winner([Word(SCHOOL, "h1"), Word(HEALTH, "h2"), Word(HEALTH, "h2")], 0) == 0


def test_a_winner_that_leads_nowhere_has_its_own_trust_alone(winner: Winner) -> None:
    assert winner([Word(SCHOOL), Word(PENSION, "h2")], 0) == 0
    assert winner([Word(SCHOOL), Word(PENSION, "h2"), Word(HEALTH, "h2")], 0) == 1


def test_of_those_who_agree_the_later_word_stands_where_trust_is_equal(winner: Winner) -> None:
    words = [Word(SCHOOL, "h1"), Word(HEALTH, "h2"), Word(HEALTH, "h2", since="2026-10-02"), Word(PENSION, None, "h2")]
    assert winner(words, 0) == 2


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(
            Word, st.sampled_from([WALK, SCHOOL, PENSION, HEALTH, REGISTER]), st.sampled_from(["h1", "h2", None]),
            st.sampled_from(["h1", "h2", None]),
        ),
        min_size=1, max_size=6,
    ),
    st.data(),
)  # fmt: skip
def test_only_a_place_of_most_voices_wins(winner: Winner, words: list[Word], data: st.DataObject) -> None:
    trusted, heard = contract.load_all(EXPECTATIONS), kinds.load_all(EXPECTATIONS)["person"].heard
    assert heard is not None

    def trust(word: Word) -> int:
        return trusted[word.source].trust["actual_address"]

    def voices(at: int) -> int:
        """Said again without arrays."""
        house = words[at].lives
        lists = {w.source: trust(w) for w in words if w.lives == house}
        registers = {w.source for w in words if w.registered == house}
        return sum(lists.values()) + heard.also[OTHER] * len(registers) if house else trust(words[at])

    won = data.draw(st.sampled_from(range(len(words))))
    found = winner(words, won)
    claims = [at for at, word in enumerate(words) if word.lives]
    if found == won:
        assert trust(words[won]) >= heard.alone or all(voices(at) <= voices(won) for at in claims)
    else:
        assert trust(words[won]) < heard.alone
        assert voices(found) > voices(won)
        assert voices(found) == max(voices(at) for at in claims)
