"""Of several records of one entity that say one number, the one of the smallest id gives its ciphertext."""

from __future__ import annotations

import numpy as np

from transforms.merge.vault import published


def test_each_number_of_an_entity_is_told_once_by_its_first_record() -> None:
    entity, record = np.array([1, 0, 0, 0, 1, 0]), np.array([5, 3, 1, 2, 4, 1])
    what, token = np.array([0, 0, 0, 1, 0, 1]), np.array([7, 7, 7, 7, 7, 2])
    rows = published(entity, record, what, token)
    assert [(int(entity[r]), int(what[r]), int(token[r]), int(record[r])) for r in rows] == [
        (0, 0, 7, 1), (0, 1, 2, 1), (0, 1, 7, 2), (1, 0, 7, 4),
    ]  # fmt: skip
    nothing = np.zeros(0, dtype=np.int64)
    assert not len(published(nothing, nothing, nothing, nothing))
