"""Every relational step can be printed, and says the same to Spark as to DuckDB."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from transforms import engine

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "transforms").rglob("*.sql"))
STEPS = [(path, name, sql) for path in FILES for name, sql in engine.steps(path).items()]
IDS = [f"{path.parent.name}/{path.stem}:{name}" for path, name, _ in STEPS]
# What two engines do not agree on (design, "Stores and engines"): engine hashes, string distances, ties, wall clocks.
FORBIDDEN = re.compile(
    r"\b(hash|levenshtein|damerau_levenshtein|jaro_similarity|jaro_winkler_similarity|hamming|jaccard|editdist3"
    r"|any_value|first|last|arg_max|arg_min|max_by|min_by|now|current_date|current_timestamp|random)\s*\(",
    re.IGNORECASE,
)


def test_there_are_steps() -> None:
    assert len(STEPS) > 10


@pytest.mark.parametrize(("path", "name", "sql"), STEPS, ids=IDS)
def test_a_step_translates_to_spark(path: Path, name: str, sql: str) -> None:
    assert len(sqlglot.parse(sql, read="duckdb")) == 1
    translated = engine.to_spark(sql)
    assert isinstance(sqlglot.parse_one(translated, read="spark"), exp.Query)


@pytest.mark.parametrize(("path", "name", "sql"), STEPS, ids=IDS)
def test_a_step_avoids_what_engines_disagree_on(path: Path, name: str, sql: str) -> None:
    bare = re.sub(r"--[^\n]*|'[^']*'", "", sql)
    assert FORBIDDEN.findall(bare) == []


@pytest.mark.parametrize(
    "sql", ["SELECT any_value(x) FROM t", "SELECT levenshtein (a, b) FROM t", "SELECT FIRST(x) FROM t"]
)
def test_the_rule_sees_what_it_forbids(sql: str) -> None:
    assert FORBIDDEN.search(sql)


def test_what_spark_cannot_say_is_an_error() -> None:
    with pytest.raises(sqlglot.errors.SqlglotError):
        engine.to_spark("SELECT regexp_extract_all(x, 'a', 1, 'c') FROM t")
