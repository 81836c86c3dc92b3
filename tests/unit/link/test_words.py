"""Telling words of names: what finds two names that share no letter-for-letter key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from transforms import contract, kinds, store
from transforms.engine import Engine
from transforms.link.said import Values
from transforms.link.scored import Records, link
from transforms.link.scorer import DEFAULT, Model
from transforms.link.words import TELLING, telling, words
from transforms.live import Live
from transforms.run import REPOSITORY, Settings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("AKZO Nobel N.V.", ["akzo", "n", "nobel", "v"]),
        ("鸿盛餐饮", ["盛餐", "餐饮", "鸿盛"]),
        ("鸿盛KTV", ["ktv", "鸿盛"]),
        ("KTV鸿盛2号", ["2", "ktv", "号", "鸿盛"]),
        ("德", ["德"]),
        ("--", []),
    ],
)
def test_words_stand_between_blanks_and_in_chinese_are_two_neighbours(text: str, found: list[str]) -> None:
    assert words(text) == found


def together(*names: str) -> set[tuple[int, int]]:
    """Names that share a telling word."""
    said = telling(
        Values(np.arange(len(names), dtype=np.int32), np.arange(len(names), dtype=np.int32), pa.array(names))
    )
    pairs = zip(said.r.tolist(), said.v.tolist(), strict=True)
    return {(a, b) for a, v in pairs for b, w in zip(said.r.tolist(), said.v.tolist(), strict=True) if v == w and a < b}


def test_a_word_that_few_bear_brings_names_together_and_a_common_one_does_not() -> None:
    assert together("AKZO NOBEL", "AKZO NOBLE", "PHILIPS") == {(0, 1)}
    rare = [f"ALPHA BETA GAMMA{i} INC" for i in range(3)]
    assert TELLING == 3
    others = [f"{name} INC" for name in ("ONE TWO SIX", "ONE TWO SIX TEN")]
    assert together(*rare, *others) == {(0, 1), (0, 2), (1, 2), (3, 4)}  # five bear INC; others tell more


def test_records_say_the_words_of_all_their_names() -> None:
    names = Values(
        np.array([0, 0, 1], dtype=np.int32), np.array([2, 0, 1], dtype=np.int32), pa.array(["AB C", "AB D", "E"])
    )
    said = telling(names)
    assert sorted(zip(said.r.tolist(), said.v.tolist(), strict=True)) == [(0, said.v[0]), (1, said.v[0])]
    assert not len(telling(Values()).r)


def joined(folder: Path, rows: dict[str, list[str]], codes: list[str | None]) -> list[tuple[int, int]]:
    """Numbers of the organizations that a score joins; all are in the order of their record ids."""
    columns = {name: pa.array(values, pa.string()) for name, values in rows.items()}
    columns["credit_code"] = pa.array(codes, pa.string())
    columns["credit_code_valid"] = pa.array([code is not None for code in codes])
    store.write_table(folder / "organization.parquet", pa.table(columns))
    settings = Settings(folder, "sqlite://", REPOSITORY / "expectations", None, "duckdb", 1, "1GB")
    kind = kinds.load_all(settings.expectations)["organization"]
    with Engine(settings) as engine:
        records = Records(engine, kind, Live(folder / "organization.parquet"), None)
        models = [Model.read(DEFAULT).kinds["organization"]]
        found = link(records, contract.load_all(settings.expectations), models).scored
    sure = found.score >= kind.link.accept
    return list(zip(found.u[sure].tolist(), found.v[sure].tolist(), strict=True))


def test_what_a_register_calls_many_by_tells_no_two_of_them_the_same(tmp_path: Path) -> None:
    """Two registers list one chamber of commerce; one of them three cultural stations by nothing but that word."""
    names = ["云城区马岗商会", "云城区马岗商会", "文化站", "文化站", "文化站", "云浮市云石贸易有限公司"]
    rows = {"record_id": [f"r{i}" for i in range(6)], "source": ["a", "b", "b", "b", "b", "a"], "name_key": names}
    codes = [None] * 5 + ["91445302MA4UR0001X"]
    assert joined(tmp_path, rows, codes) == [(0, 1)]


def test_two_forms_of_a_firms_name_meet_by_a_word(tmp_path: Path) -> None:
    """Neither credit code is usable, the telephone is another, the representative's name is a homophone."""
    rows = {
        "record_id": ["r0", "r1", "r2"], "source": ["a", "b", "b"],
        "name_key": ["云浮市云城区恒基鑫百货店", "云城区恒基鑫百货店", "云城区恒基鑫快餐店"],
        "legal_representative_key": ["沁安佳", "秦安佳", "李四"],
        "legal_representative_pinyin": ["qin an jia", "qin an jia", "li si"],
        "actual_address_path": ["445302001017|road:解放路|door:17|room:101"] * 2 + ["445302001017|road:人民路|door:3"],
        "actual_address_village": ["445302001017"] * 3,
    }  # fmt: skip
    assert joined(tmp_path, rows, [None] * 3) == [(0, 1)]
