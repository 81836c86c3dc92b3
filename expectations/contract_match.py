"""Which property a heading of an unknown file means: by the words of kinds and of the contracts that exist already."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from transforms.contract import Contract
from transforms.kinds import Kind

_LEAST = 2  # a single character stands in too many headings


@dataclass(frozen=True)
class Match:
    """The properties a heading may feed, by kind, and how it was recognised.

    Attributes:
        to: kind → property names. sure: the whole heading is a known one, not only a part of it.
    """

    to: Mapping[str, tuple[str, ...]]
    sure: bool


class Words:
    """What headings mean in this deployment."""

    def __init__(self, kinds: Mapping[str, Kind], contracts: Iterable[Contract]) -> None:
        """Learn the labels of every kind and the headings of every contract."""
        self._kinds = kinds
        self._known: dict[str, set[str]] = {}
        self._purposes: dict[str, Counter[str]] = {}
        for kind in kinds.values():
            for name, prop in kind.properties.items():
                self._learn(prop.label, f"{kind.kind}.{name}")
        for contract in contracts:
            for column in contract.columns:
                for target in column.to:
                    self._purposes.setdefault(target, Counter())[column.purpose] += 1
                    for heading in (column.heading, *column.aliases):
                        self._learn(heading, target)

    def _learn(self, words: str, target: str) -> None:
        self._known.setdefault(bare(words), set()).add(target)

    def match(self, heading: str) -> Match | None:
        """The meaning of a heading: known as it stands, else by the longest known word it holds or stands in."""
        said = bare(heading)
        if targets := self._known.get(said):
            return Match(_by_kind(targets), sure=True)
        held = [word for word in self._known if len(word) >= _LEAST and word in said]
        holding = [word for word in self._known if len(said) >= _LEAST and said in word]
        near = sorted(held, key=lambda word: (-len(word), word)) or sorted(holding, key=lambda word: (len(word), word))
        return Match(_by_kind(self._known[near[0]]), sure=False) if near else None

    def purpose(self, target: str) -> str | None:
        """The purpose under which contracts load a property (or, where none does, its kind), if any."""
        found = self._purposes.get(target) or Counter()
        if not found:
            kind = target.partition(".")[0]
            for other, counted in sorted(self._purposes.items()):
                if other.startswith(f"{kind}."):
                    found = found + counted
        return min(found, key=lambda purpose: (-found[purpose], purpose)) if found else None


def _by_kind(targets: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for target in sorted(targets):
        kind, _, name = target.partition(".")
        found[kind] = (*found.get(kind, ()), name)
    return found


def bare(text: str) -> str:
    """A heading without what people add to it: NFKC, lower case, no blanks, brackets and what stands in them."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[^\w]", "", re.sub(r"\([^()]*\)", "", folded))


def likeliest(matches: Mapping[str, Match], kinds: Mapping[str, Kind]) -> str | None:
    """The kind most headings speak of: its required properties told, most headings known as they stand, most of all."""
    if not matches:
        return None

    def weight(kind: str) -> tuple[int, int, int, int]:
        mine = [match for match in matches.values() if kind in match.to]
        told = {name for match in mine for name in match.to[kind]}
        needed = [name for name, prop in kinds[kind].properties.items() if prop.required]
        return all(n in told for n in needed), sum(m.sure for m in mine), len(mine), -kinds[kind].order

    return max(sorted({kind for match in matches.values() for kind in match.to}), key=weight)
