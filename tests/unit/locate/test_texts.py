"""Distinct texts as codes: every record finds what it said again, whatever file it came from."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.locate import texts
from transforms.locate.texts import SAID, SILENT

PROPS = ("registered", "actual")
WIDTH = len(PROPS) * (1 + len(SAID))
words = st.one_of(st.none(), st.sampled_from(["一", "二", "12", "-"]))


def live(rows):
    names = [f"{prop}_{name}" if name else prop for prop in PROPS for name in ("", *SAID)]
    return pd.DataFrame(rows, columns=names, dtype=object)


def said_again(found, prop):
    """What stands in the table for each record, in the words of the records."""
    table = found.table.iloc[found.of_row[prop]]
    told = table[list(SAID)].astype(object)
    return told.where(told.notna(), None).to_numpy().tolist(), table[SILENT].tolist()


@pytest.mark.parametrize("largest", [texts._LARGEST, 1_000])
@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.lists(words, min_size=WIDTH, max_size=WIDTH), max_size=6))
def test_every_record_finds_what_it_said(tmp_path_factory, largest, rows):
    frame, path = live(rows), tmp_path_factory.getbasetemp() / "live.parquet"
    pq.write_table(pa.table({n: pa.array(frame[n], pa.string()) for n in frame.columns}), path, row_group_size=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "_LARGEST", largest)  # however many columns one number holds
        found = texts.of_file(path, PROPS)
    for prop in PROPS:
        told, silent = said_again(found, prop)
        assert told == frame[[f"{prop}_{name}" for name in SAID]].to_numpy().tolist()
        assert silent == frame[prop].isna().tolist()
    assert not found.table.astype(object).duplicated().any()


def test_a_table_and_a_file_say_the_same(tmp_path):
    frame = live([["x", *SAID, None, *[None] * len(SAID)], [None, *[None] * len(SAID), "y", *SAID]])
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "live.parquet")
    of_file, of_frame = texts.of_file(tmp_path / "live.parquet", PROPS[:1]), texts.of_frame(frame, PROPS[0])
    assert said_again(of_file, PROPS[0]) == said_again(of_frame, PROPS[0])
    assert np.array_equal(of_file.of_row[PROPS[0]], [0, 1])
