"""Errors of personal names and other short texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.config import Rates, table
from demo.damage.bands import Errors, among, bands, rewrite
from demo.draw import Dice, Flags, Ints, Texts
from demo.wording import to_traditional

DOT_VARIANTS = ["•", "・", "．", "‧", " ", ""]
ZERO_WIDTH = ["\u200b", "\ufeff", "\u200d"]
NULL_WORDS = ["无", "暂无", "-", "不详", "null", "NA", "None", "/"]
_ONE_OF = [
    "homophone_char", "lookalike_char", "dropped_char", "swapped_char", "traditional_form", "doubled_char",
    "space_in_name", "zero_width", "name_note",
]  # fmt: skip
_IN_TEXTS = ["zero_width", "control_char", "nul_byte", "error_cell", "line_break_in_cell"]
_INSIDE = {"control_char": "\x01", "nul_byte": "\x00", "line_break_in_cell": "\n"}
_SPACES = [" ", "\u3000", "  "]
_NOTES = ["（小）", "(大)", "（户主）", "2"]
_PUA_FIRST = 0xE863  # where police systems put characters their code page lacks (GBK user area)
_LOST = ["?", "□", "*"]


@cache
def _variants(column: str) -> dict[str, str]:
    source = table("character_variants")
    return {char: text for char, text in zip(source["char"], source[column], strict=True) if text}


def _replace(name: str, at: int, choice: int, column: str) -> str:
    """The name with one character replaced by a variant (unchanged where none is known)."""
    variants = _variants(column)
    for step in range(len(name)):
        place = (at + step) % len(name)
        options = variants.get(name[place], "")
        if options:
            return name[:place] + options[choice % len(options)] + name[place + 1 :]
    return name


_SIMPLE: dict[str, Callable[[str, int, int], str]] = {  # damages any name can take: (name, place, choice)
    "homophone_char": lambda name, at, choice: _replace(name, at, choice, "homophones"),
    "lookalike_char": lambda name, at, choice: _replace(name, at, choice, "lookalikes"),
    "traditional_form": lambda name, _, __: to_traditional(name),
    "zero_width": lambda name, _, choice: name + ZERO_WIDTH[choice % len(ZERO_WIDTH)],
    "name_note": lambda name, _, choice: name + _NOTES[choice % len(_NOTES)],
    "space_in_name": lambda name, _, choice: name[:1] + _SPACES[choice % len(_SPACES)] + name[1:],
}


def _damage(name: str, error: str, at: int, choice: int) -> str:
    """One damage; a name too short for it stays whole."""
    if error in _SIMPLE:
        return _SIMPLE[error](name, at, choice)
    if len(name) < (2 if error == "doubled_char" else 3):
        return name
    place = 1 + at % (len(name) - 1)
    if error == "doubled_char":
        return name[:place] + name[place] + name[place:]
    if error == "dropped_char":
        return name[:place] + name[place + 1 :]
    return name[:-2] + name[-1] + name[-2]


@cache
def outside_gbk(char: str) -> bool:
    """Whether a character has no place in GBK."""
    try:
        char.encode("gbk")
    except UnicodeEncodeError:
        return True
    return False


def holds(values: Texts, signs: str) -> Flags:
    """Whether each text holds one of the signs."""
    if not signs:
        return np.zeros(len(values), dtype=bool)
    found = pc.match_substring_regex(pa.array(values, pa.large_string()), f"[{signs}]")
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _without_rare(name: str, error: str, choice: int) -> str:
    """The name with its rare character as a sign for a lost one or as a private-use character."""
    other = _LOST[choice % len(_LOST)] if error == "rare_char_lost" else chr(_PUA_FIRST + choice)
    return "".join(other if outside_gbk(char) else char for char in name)


def name_errors(names: Texts, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
    """Names with at most one damage each; an error is recorded only where the text really changed.

    Rates of all names: homophone_char, lookalike_char, dropped_char, swapped_char, traditional_form,
    doubled_char, space_in_name, zero_width, name_note. Rates of the names they can strike: dot_variant (names
    with a dot), rare_char_lost and pua_char (names with a character outside GBK).
    """
    found = bands(dice.uniform(ids, 30), rates, _ONE_OF)
    at, choice = dice.below(ids, 4, 31), dice.below(ids, 60, 32)
    result = names.copy()
    for error, flags in found.items():
        rows = np.flatnonzero(flags)
        for row, place, option in zip(rows.tolist(), at[rows].tolist(), choice[rows].tolist(), strict=True):
            result[row] = _damage(names[row], error, place, option)
    if any(rates.get(name) for name in ("dot_variant", "rare_char_lost", "pua_char")):
        found |= _seldom(names, result, rates, dice, ids, choice)
    changed = result != names
    return result, {name: flags & changed for name, flags in found.items()}


def _seldom(names: Texts, result: Texts, rates: Rates, dice: Dice, ids: Ints, choice: Ints) -> Errors:
    """Dots and rare characters, in place, on names that are whole so far."""
    whole = result == names
    strange = "".join(char for char in sorted(set("".join(names))) if outside_gbk(char))
    dotted = whole & holds(names, "·")
    rare = whole & holds(names, strange)
    found = among(dotted, "dot_variant", rates, dice, ids, 33)
    for row in np.flatnonzero(found.get("dot_variant", np.zeros(0, dtype=bool))).tolist():
        result[row] = names[row].replace("·", DOT_VARIANTS[choice[row] % len(DOT_VARIANTS)])
    lost = among(rare, "rare_char_lost", rates, dice, ids, 34)
    taken = lost.get("rare_char_lost", np.zeros(len(names), dtype=bool))
    lost |= among(rare & ~taken, "pua_char", rates, dice, ids, 35)
    for error, flags in lost.items():
        for row in np.flatnonzero(flags).tolist():
            result[row] = _without_rare(names[row], error, int(choice[row]))
    return found | lost


def former_name_errors(names: Texts, former: Texts, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
    """`former_name_used`: the name of before, by rate among those who had one."""
    flags = among(former != "", "former_name_used", rates, dice, ids, 36)
    struck = flags.get("former_name_used", np.zeros(len(ids), dtype=bool))
    return np.where(struck, former, names).astype(object), flags


def null_word_errors(values: Texts, rates: Rates, dice: Dice, ids: Ints, turn: int = 47) -> tuple[Texts, Errors]:
    """`null_word`: 无, 暂无, -, 不详, null ... by rate among the empty cells. `turn` tells columns apart."""
    flags = among(values == "", "null_word", rates, dice, ids, turn)
    if not flags:
        return values, {}
    word = np.array(NULL_WORDS, dtype=object)[dice.below(ids, len(NULL_WORDS), turn + 200)]
    return np.where(flags["null_word"], word, values).astype(object), flags


def text_errors(values: Texts, rates: Rates, dice: Dice, ids: Ints, turn: int = 60) -> tuple[Texts, Errors]:
    """Errors that any text may have.

    They are zero_width (an unseen character at the end), control_char (U+0001), nul_byte (U+0000), error_cell (#N/A,
    #REF!) and line_break_in_cell (LF).

    Empty cells stay as they are. `turn` tells several columns of a department apart. A writer of delimited lines
    tells by `files.record_lines` where records stand behind a line break.
    """
    found = bands(dice.uniform(ids, turn), rates, _IN_TEXTS)
    found = {name: flags & (values != "") for name, flags in found.items()}
    choice = dice.below(ids, 6, turn + 1)
    result = values
    for name, flags in found.items():
        result = rewrite(result, flags, _texts(name, values, flags, choice))
    return result, found


def _texts(error: str, values: Texts, flags: Flags, choice: Ints) -> list[str]:
    rows = zip(values[flags].tolist(), choice[flags].tolist(), strict=True)
    if error == "zero_width":
        return [text + ZERO_WIDTH[option % len(ZERO_WIDTH)] for text, option in rows]
    if error in _INSIDE:
        return [text[:1] + _INSIDE[error] + text[1:] for text, _ in rows]
    return [("#N/A", "#REF!", "#VALUE!")[option % 3] for _, option in rows]


def note_errors(notes: Texts, secrets: Texts, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
    """`personal_data_in_note`: a number or phone typed into a remark that should hold none."""
    rate = rates.get("personal_data_in_note", 0.0)
    flags = dice.happens(ids, rate, 39) & (secrets != "")
    result = rewrite(notes, flags, [f"{a}{b}" for a, b in zip(notes[flags], secrets[flags], strict=True)])
    return result, {"personal_data_in_note": flags} if rate else {}
