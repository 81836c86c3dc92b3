"""The register of purposes: what is loaded names an admitted purpose, and what is on the deny-list is never loaded.

Held at land's door too, not only by ``contract lint``: a contract that nobody linted loads nothing it may not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import opencc
from pypinyin import Style, lazy_pinyin

from transforms import lookups
from transforms.contract import Contract

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

    def refused(self, contract: Contract) -> Iterator[str]:
        """What a contract loads and may not, as sentences that name the heading."""
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


def is_named(heading: str, word: str) -> bool:
    """Whether a heading says a denied word: in hanzi, in pinyin, or by its pinyin initials.

    A heading in Latin letters is searched for the word's forms; one in hanzi is a denied initialism only if all its
    initials are (政治面貌 is ``zzmm``), for short initials stand in too many innocent headings.
    """
    said, denied = _bare(heading), _bare(word)
    if said.isascii():
        forms = (denied,) if denied.isascii() else _latin(word)
        return any(len(form) >= _LEAST_LATIN and form in said for form in forms)
    return denied in said or (denied.isascii() and denied in _latin(heading))


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
