"""Work in pieces, some at once: results come in the order of what was asked, and what is located is the same."""

import threading

import pandas as pd
import pyarrow as pa
import pytest

from tests.unit.locate.conftest import STREET, TOWN
from tests.unit.locate.test_match import FLAT, NO_NAMES, live, text
from transforms.locate import located, verdicts
from transforms.locate.ahead import ahead
from transforms.locate.beside import Landmarks
from transforms.locate.texts import of_frame
from transforms.locate.verdicts import Ground


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order_although_the_first_takes_longest(threads):
    others = threading.Event()

    def made(item):
        if item == 0 and threads > 1:
            assert others.wait(10)
        elif item == 1:
            others.set()
        return item * 2

    assert list(ahead(made, range(9), threads)) == [0, 2, 4, 6, 8, 10, 12, 14, 16]
    assert list(ahead(made, [], threads)) == []


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_is_begun_than_can_be_done_at_once(threads):
    begun = []
    results = ahead(begun.append, range(100), threads)
    next(results)
    assert len(begun) <= threads
    next(results)
    assert len(begun) <= threads + 1
    results.close()


@pytest.mark.parametrize("threads", [1, 2])
def test_what_goes_wrong_reaches_whoever_asked(threads):
    with pytest.raises(ZeroDivisionError):
        list(ahead(lambda item: 1 // item, [1, 0, 1], threads))


def test_what_is_located_does_not_depend_on_how_much_is_done_at_once(matcher, nodes, monkeypatch):
    doors = [text(STREET, road="人民路", door=str(door)) | {"level": "door"} for door in range(9, 18)]
    vague = [text(None, TOWN, road="人民路", door="14") | {"level": "door"}, text(STREET) | {"level": "village"}]
    frame = live(text(STREET, **FLAT) | {"level": "room"}, *vague, *doors, text(STREET, road="人民路"))
    nothing = pd.DataFrame({"grid_id": [], "method": [], "reason": []}, dtype=object)
    ground = Ground(nodes, {"address": nothing, "division": nothing})
    texts, ids = of_frame(frame, "address"), pa.array(frame["record_id"], pa.string())

    def table(piece, threads):
        monkeypatch.setattr(verdicts, "_PIECE", piece)
        monkeypatch.setattr(located, "_PIECE", piece)
        found = verdicts.verdicts(texts.table, matcher, ground, Landmarks(nodes, matcher, NO_NAMES), threads)
        return pa.concat_tables(located.pieces(ids, texts.of_row, found, threads))

    whole = table(40_000, 1)
    assert set(whole["match_class"].to_pylist()) >= {"exact", "parent", "unresolved"}
    assert all(table(piece, threads).equals(whole) for piece in (1, 2, 5) for threads in (1, 2, 4))
