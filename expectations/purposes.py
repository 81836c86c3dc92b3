"""The register of purposes: what is loaded names an admitted purpose, and what is on the deny-list is never loaded.

Held at land's door too, not only by ``contract lint``: a contract that nobody linted loads nothing it may not. A denied
word that comes as a value of a column that is loaded is struck by check (rule ``DENIED_VALUE``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import opencc
from pypinyin import Style, lazy_pinyin

from transforms import lookups
from transforms.contract import Contract
from transforms.kinds import Kind

_LEAST_LATIN = 4  # shorter pinyin initials ("jb") stand in too many innocent headings


@dataclass(frozen=True)
class Register:
    """The lookups ``purposes`` and ``denied_columns`` as they hold on a day.

    Attributes:
        purposes: those that name title, legal basis and owner. denied: word → reason.
    """

    purposes: frozenset[str]
    denied: Mapping[str, str]

    @classmethod
    def of(cls, expectations: Path, day: str) -> Self:
        """The register of a deployment on a day (ISO)."""
        told = lookups.rows(expectations, "purposes", day)
        whole = frozenset(row["purpose"] for row in told if row["title"] and row["basis"] and row["owner"])
        return cls(whole, {row["word"]: row["reason"] for row in lookups.rows(expectations, "denied_columns", day)})

    def refused(self, contract: Contract, kinds: Mapping[str, Kind]) -> Iterator[str]:
        """What a contract loads and may not, as sentences that name the heading; ``kinds`` by name, all known ones."""
        for column in contract.columns:
            if column.purpose not in self.purposes:
                told = (
                    f"column {column.heading} names purpose {column.purpose}, which lookups/purposes.csv does not admit"
                )
                yield f"{told} (title, basis, owner; in force)"
        for heading in contract.landed_headings:
            for word, reason in self.denied.items():
                if is_named(heading, word):
                    yield f"column {heading} is on the deny-list ({reason}) and cannot be mapped"
                    break
        personal = {name for name, kind in kinds.items() if kind.personal}
        for column in contract.columns:
            of_persons = not personal.isdisjoint(target.partition(".")[0] for target in column.to)
            for told in self.denied_words(column.codes or {} if of_persons else {}):
                yield f"column {column.heading} has a code word on the deny-list ({told}) that cannot be mapped"

    def denied_words(self, codes: Mapping[str, str]) -> Iterator[str]:
        """The reason for every entry of a code map whose word or meaning says a denied word; never the word."""
        for entry in codes.items():
            reasons = (reason for said in entry for word, reason in self.denied.items() if is_named(said, word))
            yield from list(reasons)[:1]


def is_named(heading: str, word: str) -> bool:
    """Whether a heading says a denied word: in hanzi, in pinyin, or by its pinyin initials.

    What a heading has in Latin letters is searched for the word's forms; one in hanzi is a denied initialism only if
    all its initials are (政治面貌 is ``zzmm``), for short initials stand in too many innocent headings.
    """
    said, denied = _bare(heading), _bare(word)
    if any(form in said for form in _forms(word)):
        return True
    return denied in _latin(heading) if denied.isascii() else denied in said


def says(cells: Sequence[str | None], denied: Collection[str]) -> list[bool]:
    """Whether each cell says a denied word, as :func:`is_named` would of a heading that is one of its words.

    Args:
        cells: distinct texts of a column: each costs a few microseconds.
        denied: the words.
    """
    pattern = _pattern(frozenset(denied))
    return [bool(cell and pattern.search(_bare(cell))) for cell in cells]


@lru_cache(maxsize=4)
def _pattern(denied: frozenset[str]) -> re.Pattern[str]:
    """What finds the words: each in hanzi, in pinyin and by its initials."""
    forms = {form for word in denied for form in _forms(word)}
    forms |= {bare for bare in map(_bare, denied) if bare and not bare.isascii()}
    return re.compile("|".join(map(re.escape, sorted(forms))) if forms else r"(?!)")


def _forms(word: str) -> tuple[str, ...]:
    """A denied word in Latin letters: itself, or its pinyin and initials, as far as they are long enough."""
    bare = _bare(word)
    return tuple(form for form in ((bare,) if bare.isascii() else _latin(word)) if len(form) >= _LEAST_LATIN)


@lru_cache(maxsize=4096)
def _bare(text: str) -> str:
    """Letters, hanzi and digits only, NFKC, simplified, lower case: ZZ_MM and zzmm, 黨員 and 党员 are one heading."""
    plain = _simplified().convert(unicodedata.normalize("NFKC", text)).lower()
    return "".join(character for character in plain if character.isalnum())


@lru_cache(maxsize=1)
def _simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@lru_cache(maxsize=4096)
def _latin(word: str) -> tuple[str, ...]:
    """Pinyin and pinyin initials; nothing for a single character, which would be found everywhere."""
    if len(word) == 1:
        return ()
    return "".join(lazy_pinyin(word)), "".join(lazy_pinyin(word, style=Style.FIRST_LETTER))
