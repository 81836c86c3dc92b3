"""Codes of grids by a scheme: the parent's code in front, serials from west to east, whatever the order of the file."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.locate.conftest import STREET, TOWN, grid
from transforms.errors import ConfigError
from transforms.locate import coding

EAST, NORTH_WEST, SOUTH_WEST, MALL = "z1", "z3", "z2", "x1"


def cut(shuffle=None):
    rows = [
        grid("l", TOWN[:9], "large", (0, 0, 10, 10)), grid("m", STREET, "medium", (0, 0, 4, 2), parent=TOWN[:9]),
        grid("e", EAST, "small", (2, 0, 4, 2), parent=STREET),
        grid("n", NORTH_WEST, "small", (0, 1, 2, 2), parent=STREET),
        grid("s", SOUTH_WEST, "small", (0, 0, 2, 1), parent=STREET),
        grid("x", MALL, "small", (3, 0, 4, 1), of_type="exclusive", parent=STREET),
        grid("u", "u9", "micro", (3, 0, 4, 2), parent=EAST), grid("v", "v9", "micro", (2, 0, 3, 2), parent=EAST),
        grid("o", "o9", "small", (5, 5, 6, 6)),
    ]  # fmt: skip
    return pd.DataFrame(rows).sample(frac=1, random_state=shuffle) if shuffle is not None else pd.DataFrame(rows)


def told(grids, scheme):
    return dict(zip(grids["grid_id"], coding.codes(grids, scheme), strict=True))


@given(st.integers(0, 50))
def test_serials_run_from_west_to_east_and_from_north_to_south(shuffle):
    found = told(cut(shuffle), "typed")
    assert found == {
        "l": TOWN[:9], "m": STREET, "n": f"{STREET}1001", "s": f"{STREET}1002", "e": f"{STREET}1003",
        "x": f"{STREET}2001", "v": f"{STREET}100301", "u": f"{STREET}100302", "o": None,
    }  # fmt: skip


def test_another_scheme_numbers_general_and_exclusive_grids_in_one_row():
    found = told(cut(), "serial")
    assert [found[of] for of in "nsex"] == [f"{STREET}{number:03d}" for number in range(1, 5)]
    assert len(set(found.values()) - {None}) == len(found) - 1


def test_what_has_no_polygon_gets_no_code_and_a_scheme_may_run_out():
    grids = cut()
    grids.loc[grids["grid_id"].eq("e"), "polygon"] = None
    assert [told(grids, "typed")[of] for of in "eu"] == [None, None]
    many = [grid(f"g{n}", f"g{n}", "micro", (n, 0, n + 1, 1), parent=EAST) for n in range(100)]
    with pytest.raises(ConfigError, match="no more numbers"):
        coding.codes(pd.concat([cut(), pd.DataFrame(many)], ignore_index=True), "typed")
    with pytest.raises(ConfigError, match="no scheme"):
        coding.codes(cut(), "none")


def test_an_empty_cut_has_no_codes():
    assert coding.codes(cut().iloc[:0], "typed").empty
