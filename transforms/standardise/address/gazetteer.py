"""The deployment's own divisions by every name an address may use for them, and the walk along a text's beginning.

Only these divisions are known: a place name of elsewhere inside an estate's name (蓝山湖社区) is never taken for
a county. Names repeat (太平镇 stands in two counties), so a name gives a *set* of codes that later names narrow.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from transforms import divisions, lookups
from transforms.standardise.address import spellings
from transforms.standardise.address.normalise import simplify
from transforms.standardise.address.provinces import PROVINCE

AREAS = "functional_areas"
LEVELS = ("province", "city", "county", "town", "village")
_ELSEWHERE = re.compile(
    r"[\u3400-\u9fff]{2,6}?(?:市|自治州|地区|盟)(?=[\u3400-\u9fff]{1,7}?(?:区|县|市|镇|乡|街道|旗))"
)
_UNKNOWN = re.compile(r"[\u3400-\u9fff]{1,6}?(?:省|市|县|区|镇|乡|街道)")
_UNKNOWN_TOWN = re.compile(
    r"[\u3400-\u9fff]{2,4}?(?:镇|乡|街道)(?:办事处|办)?(?![\u3400-\u9fff]?(?:路|街|巷|大道))(?=[\u3400-\u9fff])"
)
_LANE = re.compile(r"[0-9]{1,2}巷")
_GENERAL = 2  # characters of a village's name that many hamlets bear: 旧村, 新村
LEAST = 2  # characters of an estate's name without its village
_SHORT = ("city", "county")  # levels of which a short form is read behind the name of what they lie in
_GOES_ON = re.compile(  # a road, a body, a zone that is called after a division
    r"[东西南北中上下新老大小前后外内]{0,2}(?:[路街巷弄道桥站村社]|大道|公路|国道|[一二三四五六七八九十0-9]+区)"
    r"|新?[区县市州洲镇乡]|高新|经[济开]|开发|人民"
    r"|[\u3400-\u9fff]?(?:花园|家园|小区|社区|公寓|大厦|广场|市场|苑|[小中大]学|学校|医院|宾馆|酒店)"
)


@dataclass(frozen=True)
class Division:
    """One row of the division table that still stands."""

    code: str
    name: str
    level: str
    ancestors: frozenset[str]  # its own code among them


@dataclass(frozen=True)
class Found:
    """What the beginning of a text says of divisions.

    Attributes:
        codes: the finest divisions that all the names allow; one where the text is unambiguous.
        end: where the rest of the text begins.
        outside: the text names a province or city of elsewhere; ``province`` is then its code, if told.
    """

    codes: tuple[str, ...]
    end: int
    outside: bool = False
    province: str | None = None


class Gazetteer:
    """Names → divisions. Build once per run, share between batches."""

    def __init__(self, rows: list[dict[str, str]], areas: list[dict[str, str]] | None = None) -> None:
        """Index the divisions; retired ones stand for their successors.

        Args:
            rows: of ``divisions.csv``.
            areas: of ``functional_areas.csv``: a development zone has no code of its own (domain.md section 2.4), its
                name stands for the towns it manages, which the names behind it narrow.
        """
        parents = {row["code"]: row["parent"] for row in rows}
        self.divisions = {
            row["code"]: Division(row["code"], row["name"], row["level"], _ancestors(row["code"], parents))
            for row in rows
            if not row["valid_to"]
        }
        names = spellings.named(rows, areas or [], self.divisions)
        self._names = {name: spellings.settled(found) for name, found in names.items()}
        lengths: dict[str, set[int]] = defaultdict(set)
        for name in self._names:
            lengths[name[:2]].add(len(name))
        self._lengths = {start: sorted(found, reverse=True) for start, found in lengths.items()}
        self._chains: dict[tuple[str, ...], dict[str, str]] = {}
        numbered = any(map(str.isdigit, "".join(self._names)))  # else no name reaches beyond a text's first digit
        self._head = re.compile(".*" if numbered else f"[^0-9]*(?:{_LANE.pattern})?", re.DOTALL)
        self._walked = lru_cache(maxsize=20_000)(self._walk)
        self._provinces = {code[:2] for code, d in self.divisions.items() if d.level == "province"}

    def walk(self, text: str) -> Found:
        """Read the divisions at the beginning of a normalised address."""
        return self._walked(self._head.match(text).group())  # type: ignore[union-attr]

    def _walk(self, text: str) -> Found:
        province = PROVINCE.match(text)
        if province and (province.lastgroup or "")[1:] not in self._provinces:
            return Found((), 0, outside=True, province=f"{(province.lastgroup or '')[1:]}0000000000")
        return self._over_a_gap(text, *self._follow(text, 0, ()))

    def chain(self, codes: tuple[str, ...]) -> Mapping[str, str]:
        """Level → code, as far as all the given divisions agree."""
        if codes not in self._chains:
            self._chains[codes] = self._chain(codes)
        return self._chains[codes]

    def _chain(self, codes: tuple[str, ...]) -> dict[str, str]:
        if not codes:
            return {}
        shared = frozenset.intersection(*(self.divisions[c].ancestors for c in codes))
        return {self.divisions[c].level: c for c in shared if c in self.divisions}

    def unknown_town(self, text: str, chain: Mapping[str, str]) -> tuple[str, str]:
        """A town that nobody knows at the beginning of what follows a known county, and the rest."""
        found = _UNKNOWN_TOWN.match(text) if "county" in chain and "town" not in chain else None
        return (found.group(), text[found.end() :]) if found else ("", text)

    def villages_of(self, estate: str, codes: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
        """The villages among or below ``codes`` by whose name an estate is called (金山社区中心市场), and its end.

        Without such a name: the codes as they are, and 0.
        """
        villages, end = self._step(estate, 0, codes) or ((), 0)
        called = estate.endswith(("社区", "村"), 0, end) and len(estate) - end >= LEAST
        if called and all(self.divisions[code].level == "village" for code in villages):
            return villages, end
        return codes, 0

    def short_names(self, code: str) -> tuple[str, ...]:
        """The names of a village, longest first, that an estate's name may repeat."""
        names = [name for name, _ in spellings.aliases(simplify(self.divisions[code].name), "village")]
        return tuple(sorted(names, key=lambda name: (-len(name), name)))

    def _over_a_gap(self, text: str, codes: tuple[str, ...], at: int) -> Found:
        """A division name we do not know: skip it when a known one follows (a typo), else the place is elsewhere."""
        if any(self.divisions[c].level not in ("province", "city") for c in codes):
            return Found(codes, at)
        unknown = _UNKNOWN.match(text, at)
        if not unknown:
            return Found(codes, at)
        narrowed, end = self._follow(text, unknown.end(), codes)
        if narrowed != codes:
            return Found(narrowed, end)
        if _ELSEWHERE.match(text, at) and not any(self.divisions[c].level == "city" for c in codes):
            return Found(codes, at, outside=True)
        return Found(codes, at)

    def _follow(self, text: str, at: int, codes: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
        behind = False
        while True:
            step = self._step(text, at, codes, behind=behind)
            if step is None:
                return codes, at
            codes, at = step
            behind = True
            while text.startswith((",", "-"), at):
                at += 1

    def _step(
        self, text: str, at: int, codes: tuple[str, ...], *, behind: bool = False
    ) -> tuple[tuple[str, ...], int] | None:
        """The longest name at a position that agrees with what is known; a guarded name needs another after it.

        Or before it: directly ``behind`` the names of ``codes`` a short form is read that one division below them has
        (浙江省海宁), unless a longer name begins with it (天津和平路).
        """
        for length in self._lengths.get(text[at : at + 2], ()):
            end = at + length
            entry = self._names.get(text[at:end])
            if entry is None or end > len(text):
                continue
            found, guarded = entry
            narrowed = self._narrow(codes, found)
            if narrowed and self._is_hamlet(text, at, end, codes):
                continue
            if narrowed and (not guarded or self._step(text, end, narrowed, behind=True) is not None):
                return narrowed, end
            if narrowed and behind and (only := self._only_child(codes, narrowed)) and self._ends(text, end):
                return only, end
        return None

    def _ends(self, text: str, end: int) -> bool:
        """Whether a short form ends there: no longer name goes on, and no division follows that contradicts it."""
        return _GOES_ON.match(text, end) is None and self._step(text, end, ()) is None

    def _only_child(self, codes: tuple[str, ...], found: tuple[str, ...]) -> tuple[str, ...]:
        """The one division below ``codes`` among those of a name, a city before the county that is called the same."""
        told = set(found)
        tops = tuple(c for c in found if self.divisions[c].ancestors.isdisjoint(told - {c}))
        below = tops != codes and all(self.divisions[c].level in _SHORT for c in tops)
        return tops if len(tops) == 1 and below and tops[0] not in codes else ()

    def _is_hamlet(self, text: str, at: int, end: int, codes: tuple[str, ...]) -> bool:
        """旧村自然村 is a hamlet, and so is 旧村7巷 where no town says which village of that name is meant."""
        if text.startswith("自然村", end):
            return text.endswith("村", at, end)
        general = end - at == _GENERAL and text.endswith("村", at, end) and _LANE.match(text, end) is not None
        return general and "town" not in self.chain(codes)

    def _narrow(self, codes: tuple[str, ...], found: tuple[str, ...]) -> tuple[str, ...]:
        if not codes:
            return found
        below = tuple(c for c in found if not self.divisions[c].ancestors.isdisjoint(codes))
        if below:
            return below
        return tuple(c for c in codes if not self.divisions[c].ancestors.isdisjoint(found))  # a name said twice


def _ancestors(code: str, parents: dict[str, str]) -> frozenset[str]:
    found = set()
    while code and code not in found:
        found.add(code)
        code = parents.get(code, "")
    return frozenset(found)


@lru_cache(maxsize=4)
def load(expectations: Path, night: str) -> Gazetteer:
    """The gazetteer of the divisions that a night knows and the functional areas (:data:`AREAS`) that hold then."""
    return Gazetteer(divisions.known(expectations, night), lookups.rows(expectations, AREAS, night))
