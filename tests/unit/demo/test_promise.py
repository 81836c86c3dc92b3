"""The files are what the contracts promise: names, headings, code words (but for the named error)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.unit.demo.sample import Broken, City, read

CONTRACTS = sorted((Path(__file__).parents[3] / "expectations" / "contracts").glob("*.yml"))
SOURCES = ["chengguan_bujian", "gongan_hukou", "shebao_canbao", "shichang_zhuti", "shuiwu_nashui", "xiaofang_sheshi",
           "zhengfa_wangge", "zhujian_fangwu"]  # fmt: skip


def contract(source: str) -> dict[str, object]:
    (path,) = [path for path in CONTRACTS if path.stem == source]
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("source", SOURCES)
def test_files_keep_the_contract(city: City, source: str) -> None:
    promise = contract(source)
    arrives = promise["arrives"]
    files = [path for path in (city.folder / "drops").glob(f"*/{source}/*") if path.is_file()]
    assert files
    headings = [entry["heading"] for part in ("columns", "ignored") for entry in promise.get(part) or []]
    allowed = headings + (["参保险种"] if source == "shebao_canbao" else [])
    for path in files:
        assert re.fullmatch(arrives["file_pattern"], path.name)
        rows = {line: row for line, row in read(path).items() if not isinstance(row, Broken)}
        assert rows
        found = list(next(iter(rows.values())))
        assert set(headings) <= set(found) <= set(allowed)
        keys = [tuple(row[name] for name in promise["key"]) for row in rows.values()]
        assert len(set(keys)) == len(keys)
        for entry in promise["columns"]:
            if "codes" in entry:
                values = [str(row[entry["heading"]]) for row in rows.values()]
                unknown = sum(value not in entry["codes"] for value in values)
                assert unknown <= max(3, 0.05 * len(values)), entry["heading"]
            if entry.get("required"):
                assert all(row[entry["heading"]] not in (None, "") for row in rows.values()), entry["heading"]


@pytest.mark.parametrize("source", ["gongan_hukou", "zhujian_fangwu", "shichang_zhuti", "shuiwu_nashui"])
def test_text_files_have_the_promised_encoding(city: City, source: str) -> None:
    arrives = contract(source)["arrives"]
    content = city.file("2026-10-01", source).read_bytes()
    assert content.decode(arrives["encoding"]).count("\n") == len(city.rows("2026-10-01", source)) + 1
    assert content.startswith(b"\xef\xbb\xbf") == (arrives["encoding"] == "utf-8-sig")
