"""Who wins among claims: found by numbers where trust and time tell, by survive.sql where voices are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms import contract, store
from transforms.engine import Engine
from transforms.live import Live
from transforms.merge.golden import begins, gathered, highest
from transforms.merge.survive import survive
from transforms.run import REPOSITORY, Settings

REGISTER, WALK = "gongan_hukou", "wangge_renkou"
DAYS = ("2026-09-01", "2026-10-01")
TRUSTED = contract.load_all(REPOSITORY / "expectations")


@dataclass(frozen=True)
class Claim:
    """One record: whose it is, and what it says; None: nothing."""

    entity: int
    source: str
    since: str
    name: str | None = None
    sex: str | None = None


CLAIMS = st.lists(
    st.builds(
        Claim, st.integers(0, 3), st.sampled_from([REGISTER, WALK]), st.sampled_from(DAYS),
        st.sampled_from([None, "a", "b"]), st.sampled_from([None, "male", "female"]),
    ),
    max_size=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    home = tmp_path_factory.mktemp("home")
    with Engine(Settings.from_environment({"GRIDFACTS_HOME": str(home)})) as opened:
        yield opened


def won(engine: Engine, folder: Path, claims: list[Claim], speaks: list[bool] | None = None) -> dict[str, list[int]]:
    """Per property and entity that has a record, the place of the record that wins."""
    table = {"record_id": pa.array([f"r{at:02}" for at in range(len(claims))], pa.string())} | {
        name: pa.array([getattr(one, name) for one in claims], pa.string())
        for name in ("source", "since", "name", "sex")
    }
    store.write_table(folder / "person.parquet", pa.table(table))
    ids, entity = np.unique([one.entity for one in claims], return_inverse=True)
    how = pa.array(["score"] * len(claims), pa.string()).dictionary_encode()
    whose = gathered(Live(folder / "person.parquet"), pa.array(ids.astype(str)), entity.astype(np.int64), how)
    said = {} if speaks is None else {"name": np.array(speaks)}
    found = survive(engine.apart(), whose, ["name", "sex"], TRUSTED, speaks=said)
    return {name: records.tolist() for name, records in found.winners.items()}


def order(claims: list[Claim], name: str, at: int) -> tuple[int, str, int, int, int]:
    """What stands before what, as survive.sql says it."""
    one = claims[at]
    alike = Counter(getattr(c, name) for c in claims if c.entity == one.entity)[getattr(one, name)]
    filled = sum(value is not None for value in (one.name, one.sex))
    return TRUSTED[one.source].trust.get(name, contract.DEFAULT_TRUST), one.since, alike, filled, -at


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(CLAIMS)
def test_the_first_of_the_total_order_wins(engine: Engine, tmp_path: Path, told: list[Claim]) -> None:
    claims = sorted(told, key=lambda one: one.entity)
    found = won(engine, tmp_path, claims)
    for name in ("name", "sex"):
        expected = []
        for entity in sorted({one.entity for one in claims}):
            says = [at for at, c in enumerate(claims) if c.entity == entity and getattr(c, name) is not None]
            expected.append(max(says, key=lambda at: order(claims, name, at), default=-1))
        assert found[name] == expected


def test_voices_decide_only_between_equals(engine: Engine, tmp_path: Path) -> None:
    equals = [Claim(0, WALK, DAYS[1], "a"), Claim(0, WALK, DAYS[1], "b"), Claim(0, WALK, DAYS[0], "b")]
    assert won(engine, tmp_path, equals)["name"] == [1]
    later = [Claim(0, WALK, DAYS[0], "b"), Claim(0, WALK, DAYS[0], "b"), Claim(0, WALK, DAYS[1], "a")]
    assert won(engine, tmp_path, later)["name"] == [2]


def test_who_may_not_speak_of_a_property_claims_nothing(engine: Engine, tmp_path: Path) -> None:
    claims = [Claim(0, REGISTER, DAYS[1], "a", "male"), Claim(0, WALK, DAYS[0], "b", "female")]
    assert won(engine, tmp_path, claims)["name"] == [0]
    found = won(engine, tmp_path, claims, [False, True])
    assert (found["name"], found["sex"]) == ([1], [0])


def test_the_highest_of_each_group_and_where_groups_begin() -> None:
    entity = np.array([0, 0, 2, 2, 2])
    assert begins(entity).tolist() == [0, 2]
    assert highest(np.array([-5, -7, 1, 3, 3]), begins(entity)).tolist() == [True, False, False, True, True]
    assert not len(highest(entity[:0], begins(entity[:0])))
