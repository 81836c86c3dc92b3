"""Whatever a room may say of its decisions has a word in Chinese and in English (transforms/wording.csv)."""

from __future__ import annotations

import ast
import csv
import re
import string
from pathlib import Path

import pytest

from transforms import contract, explained, kinds, model, tables, wording
from transforms.account import nearest
from transforms.brakes.budget import Budgets
from transforms.link.kernels import LEVELS
from transforms.link.told import FREQUENCY
from transforms.merge import why
from transforms.merge.places import REASONS
from transforms.merge.room import claimed
from transforms.resolve.cluster import HOWS
from transforms.resolve.facts import WORDS
from transforms.run import REPOSITORY

ROOT = Path(__file__).parents[2]
KINDS = kinds.load_all(REPOSITORY / "expectations")
ROWS = list(csv.DictReader((ROOT / "transforms" / "wording.csv").open(encoding="utf-8", newline="")))
CHANGE = tables.load_all()["change"].columns["event"].description
EVENTS = re.findall(r"[a-z]+", CHANGE.rstrip(".").replace(" or ", ", "))
DOCUMENTS = {
    code
    for one in contract.load_all(REPOSITORY / "expectations").values()
    for column in one.columns
    for code in [column.document_kind, *(column.codes or {}).values()]
    if code and re.fullmatch(r"[1-9]\d\d", code)
}
CODES = {
    "level": {f"{using}.{level}" for using, levels in LEVELS.items() for level in levels}
    | {f"{FREQUENCY}.{level}" for level in ("rare", "some", "many", "common")}
    | {"null"},
    "how": set(HOWS),
    "role": {"anchor", "leftover", explained.TWO_NUMBERS},
    "step": {*why.ORDER, why.ALONE, why.AGREE, why.HEARD, why.FINER, why.ENDED, why.BORROWED, why.VAGUE},
    "apart": {*WORDS, nearest.JUDGED, nearest.ASKED, nearest.BELOW, nearest.SHARED, nearest.CAPPED, nearest.OTHER},
    "event": {*EVENTS, "merge.other", "split.other", "move.other", "undone", "held", "hold.release", "hold.refuse"}
    | {f"judged.{word}" for word in ("same", "different", "unsure")},
    "state": {*(state.value for state in model.RowState), "live", "retired"},
    "method": {"address", "building", "polygon", "landmark", "village"},
    "grid_reason": {*REASONS.to_pylist(), "gap", "overlap", "no_coordinate"},
    "grid_level": set(KINDS["grid"].properties["level"].codes or {}),
    "document_kind": DOCUMENTS,
    "hold": {f"BRAKE_{measure.upper()}" for measure in Budgets.model_fields},
    "value": {"certainty.number", "certainty.scored", "certainty.single"},
}


def test_every_word_stands_there_once_and_in_both_languages() -> None:
    assert len({(row["group"], row["code"]) for row in ROWS}) == len(ROWS) > 150
    assert [row for row in ROWS if not (row["zh"] and row["en"]) or None in row] == []
    assert [row for row in ROWS if re.search("[一-鿿]", row["en"])] == []


def test_both_languages_tell_of_the_same() -> None:
    def told(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert [row for row in ROWS if told(row["zh"]) != told(row["en"])] == []


@pytest.mark.parametrize("group", CODES)
def test_every_code_has_a_word(group: str) -> None:
    assert CODES[group] - set(wording.group(group, "zh")) == set()


def test_the_probe_sees_a_code_without_one() -> None:
    assert {"exact"} - set(wording.group("level", "zh")) == {"exact"}
    assert len(EVENTS) == 10
    assert {"111", "414"} <= DOCUMENTS


@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize("name", KINDS)
def test_every_property_key_and_comparison_of_a_kind_is_called_something(name: str, language: wording.Language) -> None:
    kind, words = KINDS[name], wording.Words(language)
    parts = {part for key in (*kind.link.blocks, *kind.link.once) for part in key} - {"cell"}  # on no page
    numbers = {number for number in (kind.link.decisive, kind.link.second) if number}
    asked = {*claimed(kind), *kind.properties, *(c.label for c in kind.link.compare), *parts, *numbers}
    called = {one: words.property(kind, one) for one in sorted(asked)}
    bare = {one for one, word in called.items() if language == "zh" and not re.search("[一-鿿]", word)}
    assert (bare, [one for one, word in called.items() if not word]) == (set(), [])


def test_every_sentence_is_said_and_none_is_missing() -> None:
    """Sentences are asked for by name; those whose name is put together are named here."""
    made = {"the_left", "the_right", "left", "right", "review_join", "review_part", "asked", "final"}
    made |= {f"{answer}_{question}" for answer in ("yes", "no") for question in ("join", "part")}
    said = set(made)
    for path in (ROOT / "transforms").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "say":
                on = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
                said |= {arg.value for arg in node.args if on in ("words", "self") and isinstance(arg, ast.Constant)}
    assert set(wording.group(wording.TEXT, "en")) == said
