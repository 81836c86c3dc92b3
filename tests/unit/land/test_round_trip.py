"""Any table of texts comes back as it was sent, with each row's place: nothing trimmed, cast or dropped."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.land.makers import FORMATS, HEADINGS, Office, contract, encode
from transforms.land import csv_block, text
from transforms.land.job import Job
from transforms.land.rows import digests

CELL = st.text(
    st.one_of(
        st.sampled_from('a1,"\n\t；\u3000　\u200b 张𠮷䶮Ａ\x85\u2028'),
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"),
    ),
    max_size=6,
)
TABLE = st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=1, max_size=12)
TEXTUAL = [kind for kind in FORMATS if kind not in ("xlsx", "xls", "shapefile", "dbf")]  # these have no empty text


def starts(rows: list[tuple[str, ...]]) -> list[int]:
    """The physical line on which each row of a CSV starts, counted by hand."""
    line, found = 2, []
    for row in rows:
        found.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)
    return found


@pytest.mark.parametrize("kind", TEXTUAL)
@given(rows=TABLE)
@example(rows=[("", "", "", "")])
@example(rows=[("\n", '"', ",", "\n\n"), ('"\n"', "", "", "")])
@settings(max_examples=60)
def test_any_texts_come_back(kind: str, rows: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder))
        office.promise(contract(kind))
        result, table = office.split(kind, encode(kind, rows))
    assert (result.code, result.message) == (None, "")
    assert table is not None
    for heading in ("编号", "姓名", "住址"):
        assert table[heading].to_pylist() == [row[HEADINGS.index(heading)] for row in rows]
    places = starts(rows) if kind in ("csv", "utf") else list(range(1, len(rows) + 1))
    assert table["line"].to_pylist() == places
    assert table["ordinal"].to_pylist() == list(range(1, len(rows) + 1))


@given(rows=TABLE, size=st.integers(1, 40))
@settings(max_examples=60)
def test_a_file_read_in_pieces_is_the_file(rows: list[tuple[str, ...]], size: int) -> None:
    data = encode("csv", rows)
    with tempfile.TemporaryFile() as raw:
        raw.write(data)
        raw.seek(0)
        assert "".join(text.blocks(raw, "gb18030", size)) == data.decode("gb18030")


def test_a_block_leaves_its_open_end_to_the_next() -> None:
    job = Job("b", "csv", "utf-8", ",", 1, None, ("a", "b"), ("a", "b"), {}, True, 1, 2)
    layout = csv_block.Layout.of(job, ("a", "b"))
    block = b'a,b\nc,"d\ne'
    piece = csv_block.read(layout, block, 2)
    assert piece is not None
    assert (piece.used, piece.lines) == (4, 1)
    assert csv_block.read(layout, b'a,b"c\nd,"e\n', 2) is None, "a quote inside a field needs the careful way"


def test_a_digest_tells_texts_apart_by_length_and_null(office: Office) -> None:
    rows = [("1", "ab", "c", ""), ("1", "a", "bc", ""), ("1", "", "abc", ""), ("1", "张", "c", "")]
    _, table = office.split("utf", encode("utf", rows))
    assert table is not None
    told = [f"{len(n.encode())}:{n}{len(a.encode())}:{a}{len(i)}:{i}" for i, n, a, _ in rows]
    assert table["digest"].to_pylist() == [hashlib.sha256(t.encode()).hexdigest() for t in told]
    _, missing = office.split("jsonl", '{"编号": "1", "姓名": null, "住址": "-"}\n'.encode())
    assert missing is not None
    assert missing["digest"].to_pylist() == [hashlib.sha256(b"-1:-1:1").hexdigest()]
    assert digests([], 2).to_pylist() == [hashlib.sha256().hexdigest()] * 2


def test_a_job_survives_its_way_to_the_parser() -> None:
    job = Job(
        "b",
        "csv",
        "utf-8",
        ",",
        1,
        None,
        ("a",),
        ("a", "b"),
        {"x": ("y",)},
        True,
        1,
        2,
        {"c": "a"},
        ("a",),
        "#",
        ("合计",),
    )
    assert Job.from_json(job.to_json()) == job
