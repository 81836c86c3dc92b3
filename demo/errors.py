"""All named errors, in one place for the departments; the rates come from `rates.yml`.

Every function has the form (values, ..., rates, dice, ids) -> (values, {error name: flags}) and strikes only where
its rate key is in `rates`. The flags say where a value was really changed. See the list in README.md.
"""

from __future__ import annotations

import numpy as np

from demo.config import Rates
from demo.damage.bands import Errors
from demo.damage.dates import birth_errors
from demo.damage.documents import number_errors, shared_number_errors, zero_errors
from demo.damage.names import former_name_errors, name_errors, note_errors, null_word_errors, text_errors
from demo.damage.phones import PLACEHOLDERS, phone_errors, shared_phone_errors
from demo.damage.points import coordinate_errors
from demo.damage.tables import (
    damaged_lines,
    first_row_longer,
    half_characters,
    line_errors,
    renamed,
    repeated,
    surrogate_errors,
    with_total_line,
)
from demo.draw import Dice, Ints, Texts

__all__ = [
    "PLACEHOLDERS", "birth_errors", "code_errors", "coordinate_errors", "damaged_lines", "first_row_longer",
    "former_name_errors", "half_characters", "line_errors", "name_errors", "note_errors", "null_word_errors",
    "number_errors", "phone_errors", "renamed", "repeated", "shared_number_errors", "shared_phone_errors",
    "surrogate_errors", "text_errors", "with_total_line", "zero_errors",
]  # fmt: skip


def code_errors(words: Texts, strange: str, rates: Rates, dice: Dice, ids: Ints) -> tuple[Texts, Errors]:
    """Code words the contract does not know (`unknown_code`)."""
    flags = dice.happens(ids, rates.get("unknown_code", 0.0), 49)
    return np.where(flags, strange, words).astype(object), {"unknown_code": flags}
