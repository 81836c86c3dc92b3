"""Two lakes of one batch: which rows were freed, caught, wait otherwise, came, went or say something else."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from transforms import store
from transforms.commands.touched import _cleaned, _verdicts

Verdict = tuple[int, bool, str | None, str | None]


def judged(folder: Path, rows: list[Verdict]) -> Path:
    folder.mkdir()
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    table = pa.table(dict(zip(("ordinal", "accepted", "rule", "field"), columns, strict=True)))
    store.write_table(folder / "verdict.parquet", table)
    return folder


def cleaned(folder: Path, **kinds: list[tuple[int, str | None, list[str] | None]]) -> Path:
    folder.mkdir()
    for kind, rows in kinds.items():
        table = pa.table(
            {
                "ordinal": [ordinal for ordinal, _, _ in rows],
                "record_id": [f"R{ordinal}" for ordinal, _, _ in rows],
                "name": pa.array([name for _, name, _ in rows], pa.string()),
                "tokens": pa.array([tokens for _, _, tokens in rows], pa.list_(pa.string())),
            }
        )
        store.write_table(folder / f"{kind}.parquet", table)
    return folder


WAITS = ("REQUIRED", "姓名")
GOOD = (None, None)


def test_a_row_is_freed_caught_or_waits_otherwise(tmp_path: Path) -> None:
    before = judged(
        tmp_path / "a", [(1, True, *GOOD), (2, True, *GOOD), (3, False, *WAITS), (4, False, *WAITS), (5, False, *WAITS)]
    )
    now = [(5, False, "REQUIRED", "住址"), (1, True, *GOOD), (2, False, *WAITS), (3, True, *GOOD), (4, False, *WAITS)]
    assert _verdicts(before, judged(tmp_path / "b", now)) == (1, 1, 1)
    assert _verdicts(before, before) == (0, 0, 0)
    assert _verdicts(before, tmp_path / "nothing") == (0, 0, 0)


def test_a_batch_split_again_may_have_other_rows(tmp_path: Path) -> None:
    before = judged(tmp_path / "a", [(1, False, *WAITS), (2, False, *WAITS), (9, True, *GOOD)])
    now = judged(tmp_path / "b", [(1, False, "KEY", None), (2, True, *GOOD), (3, False, *WAITS), (4, True, *GOOD)])
    assert _verdicts(before, now) == (1, 0, 1)


def test_clean_rows_that_came_went_or_say_something_else(tmp_path: Path) -> None:
    old = [(1, "a", ["t"]), (2, "b", None), (3, "c", ["t"]), (4, None, None)]
    before = cleaned(tmp_path / "a", person=old, house=[(1, "h", None)], vault=[(1, "x", None)])
    new = [(1, "a", ["t"]), (2, None, None), (3, "c", ["t", "u"]), (5, "e", None)]
    now = cleaned(tmp_path / "b", person=new, house=[(1, "h", None)], vault=[(1, "y", None)])
    assert _cleaned(before, now) == {"person": 4}, "two differ, one went, one came; the vault's ciphertext is not told"
    assert _cleaned(before, before) == {}
    assert _cleaned(before, cleaned(tmp_path / "c", person=old, vault=[])) == {"house": 1}
