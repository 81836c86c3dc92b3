"""Of several records of one entity that say one number, the one of the smallest id gives it; in order, each once."""

from __future__ import annotations

from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import kinds
from transforms.merge.vault import published, token_columns
from transforms.run import REPOSITORY

ROW = st.tuples(st.integers(0, 3), st.integers(0, 1), st.sampled_from("abc"))


@given(st.lists(ROW, max_size=25), st.randoms(use_true_random=False))
def test_each_number_of_an_entity_is_told_once_by_its_first_record(
    said: list[tuple[int, int, str]], chance: Random
) -> None:
    told = [(entity, what, token, record) for record, (entity, what, token) in enumerate(said)]
    chance.shuffle(told)
    entity, what, record = (np.array([row[at] for row in told], dtype=np.int64) for at in (0, 1, 3))
    rows = published(entity, record, what, pa.array([token for *_, token, _ in told], pa.string()))
    wanted = {(entity, what, token): record for entity, what, token, record in sorted(told, reverse=True)}
    assert [told[row] for row in rows] == [(*key, wanted[key]) for key in sorted(wanted)]


@pytest.mark.parametrize(
    ("folder", "kind", "columns"),
    [
        ("expectations", "person", {"document_token": "document", "phone_tokens": "phone"}),
        ("expectations", "organization", {"phone_tokens": "phone"}),
        ("docs/tutorial/febrl/expectations", "member", {"social_number_token": "social_number"}),
    ],
)
def test_tokens_stand_in_these_columns(folder: str, kind: str, columns: dict[str, str]) -> None:
    assert token_columns(kinds.load_all(REPOSITORY / folder)[kind]) == columns
