"""Numbers of one thing that a source lists twice."""

import numpy as np
import pytest

from transforms.second import unified


@pytest.mark.parametrize(
    ("number", "source", "second", "found"),
    [
        ([3, 1, 2], [0, 0, 0], [7, 7, -1], [1, 1, 2]),
        ([3, 1, 3], [0, 0, 1], [7, 7, -1], [1, 1, 1]),  # whoever else tells one of the two means the same
        ([3, 1], [0, 1], [7, 7], [3, 1]),
        ([3, 1, 2], [0, 0, 0], [7, 7, 7], [3, 1, 2]),
        ([3, -1], [0, 0], [7, 7], [3, -1]),
        ([0, 1, 1, 2], [0, 0, 1, 1], [7, 7, 8, 8], [0, 0, 0, 0]),  # from one to the next
        ([4, 5, 5, 4], [0, 0, 1, 1], [7, 7, 8, 8], [4, 4, 4, 4]),
        ([], [], [], []),
    ],
)
def test_two_rows_of_a_source_under_one_second_number_have_one(number, source, second, found):
    columns = (np.array(values, dtype=np.int32) for values in (number, source, second))
    assert unified(*columns).tolist() == found
