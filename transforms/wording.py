"""Words for people, in plain Chinese and English: ``transforms/wording.csv``, one truth for receipts and explanations.

What a property or a column is called stands with its kind and its table (labels); here are the words of levels,
methods, steps and events, and the sentences around them. A code without a word is shown as it is: a deployment may
have its own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Literal

from transforms import tables
from transforms.kinds import Kind

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
TEXT = "text"  # the group of sentences
_FILE = Path(__file__).with_suffix(".csv")


@lru_cache(maxsize=1)
def _rows() -> dict[tuple[str, str], dict[str, str]]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {(row["group"], row["code"]): row for row in csv.DictReader(file)}


def group(name: str, language: Language) -> dict[str, str]:
    """Code → word, of one group."""
    return {code: row[language] for (of, code), row in _rows().items() if of == name}


class Words:
    """The words of one language.

    Attributes:
        language: which.
    """

    def __init__(self, language: Language) -> None:
        """Nothing is read yet."""
        self.language = language

    @property
    def colon(self) -> str:
        """Between a thing and what is said of it."""
        return "：" if self.language == "zh" else ": "

    @property
    def comma(self) -> str:
        """Between two things that are said."""
        return "，" if self.language == "zh" else ", "

    def listed(self, told: Iterable[str]) -> str:
        """Several things in a row."""
        return ("、" if self.language == "zh" else ", ").join(told)

    def of(self, name: str, code: str) -> str:
        """The word of a code of a group; of one without, the code itself."""
        row = _rows().get((name, code))
        return row[self.language] if row else _plain(code)

    def say(self, code: str, **told: object) -> str:
        """A sentence, with what it tells of filled in.

        Raises:
            KeyError: there is no such sentence.
        """
        return _rows()[TEXT, code][self.language].format(**told)

    def kind(self, kind: Kind) -> str:
        """What a kind is called."""
        return kind.label if self.language == "zh" else _plain(kind.kind)

    def property(self, kind: Kind, name: str) -> str:
        """What a property, a part of one (``name_trade``) or another thing that is compared is called."""
        if name in kind.properties:
            return kind.properties[name].label if self.language == "zh" else _plain(name)
        if ("property", name) in _rows():
            return self.of("property", name)
        if name in tables.load_all()[kind.table].columns:
            return self.column(kind.table, name)
        whole, _, part = name.rpartition("_")
        return self.say("part", whole=self.property(kind, whole), part=self.of("part", part)) if whole else _plain(name)

    def column(self, table: str, name: str) -> str:
        """What a column of a published table is called."""
        columns = tables.load_all()[table].columns
        return columns[name].label if self.language == "zh" and name in columns else _plain(name)

    def value(self, kind: Kind, name: str, value: str) -> str:
        """A value; a code by its word."""
        declared = kind.properties.get(name)
        if declared and declared.codes:
            return declared.codes.get(value, value) if self.language == "zh" else value
        return self.of("value", f"{name}.{value}") if ("value", f"{name}.{value}") in _rows() else value


def _plain(code: str) -> str:
    return code.replace("_", " ")
