"""Pairs as link leaves them and as resolve reads them: in order, by record number, from the accepted score up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from transforms import model, store
from transforms.link.pairs import Pairs, tables
from transforms.resolve.cluster import HOWS
from transforms.resolve.room import _graph

ACCEPT = 9_000


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """Pairs of six records, told in no order, some of them one below what is accepted."""
    u, v, score = (np.array(side, dtype=np.int32) for side in ([3, 0, 1], [4, 2, 2], [ACCEPT, ACCEPT - 1, 9_500]))
    scored = Pairs(u, v, score, "scored", np.array([1, 0, 1]), ["name=exact", "name=near"])
    number = Pairs.sure(np.array([0]), np.array([1]), "number")
    store.write_pieces(tmp_path / "pairs.parquet", tables([scored, number]))
    return tmp_path / "pairs.parquet"


def test_they_lie_in_order_each_with_its_score_and_evidence(left: Path) -> None:
    told = store.read_table(left).cast(model.PAIR).to_pylist()
    assert [tuple(row.values()) for row in told] == [
        (0, 1, 10_000, "number", "number=same"),
        (0, 2, ACCEPT - 1, "scored", "name=exact"),
        (1, 2, 9_500, "scored", "name=near"),
        (3, 4, ACCEPT, "scored", "name=near"),
    ]


def test_what_is_accepted_joins_and_what_a_person_swore(left: Path) -> None:
    assert _graph(left, 6, [], ACCEPT).root.tolist() == [0, 0, 0, 3, 3, 5]
    assert _graph(left, 6, [], ACCEPT + 1).root.tolist() == [0, 0, 0, 3, 4, 5]
    graph = _graph(left, 6, [(4, 5)], ACCEPT + 1)
    assert graph.root.tolist() == [0, 0, 0, 3, 4, 4]
    assert [HOWS[at] for at in graph.edges.how] == ["scored", "number", "scored"]
    assert graph.edges.sworn.tolist() == [True, False, False]
