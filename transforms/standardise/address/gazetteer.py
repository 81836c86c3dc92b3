"""The deployment's own divisions by every name an address may use for them, and the walk along a text's beginning.

Only these divisions are known: a place name of elsewhere inside an estate's name (蓝山湖社区) is never taken for
a county. Names repeat (太平镇 stands in two counties), so a name gives a *set* of codes that later names narrow.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from transforms import divisions, lookups
from transforms.standardise.address.normalise import one_way, simplify
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
_COMMITTEE = re.compile(
    r"(?P<stem>.+?)(?P<word>社区居民委员会|社区居委会|居民委员会|居委会|村民委员会|村委会|社区)"
    r"(?:（.*）|\(.*\))?"
)
_BRACKETS = re.compile(r"[()（）]")
_LANE = re.compile(r"[0-9]{1,2}巷")
_GENERAL = 2  # characters of a village's name that many hamlets bear: 旧村, 新村
LEAST = 2  # characters of an estate's name without its village
_RANKS = {"town": ("街道", "镇", "乡"), "county": ("区", "县", "市")}
_SHORTENED = re.compile(r"(?P<stem>.{2,})(?:省|市|县|区|镇|乡)")


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
        names = _named(rows, areas or [], self.divisions)
        self._names = {name: _settled(found) for name, found in names.items()}
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
        names = [name for name, _ in _aliases(simplify(self.divisions[code].name), "village")]
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
        while True:
            step = self._step(text, at, codes)
            if step is None:
                return codes, at
            codes, at = step
            while text.startswith((",", "-"), at):
                at += 1

    def _step(self, text: str, at: int, codes: tuple[str, ...]) -> tuple[tuple[str, ...], int] | None:
        """The longest name at a position that agrees with what is known; a guarded name needs another after it."""
        for length in self._lengths.get(text[at : at + 2], ()):
            end = at + length
            entry = self._names.get(text[at:end])
            if entry is None or end > len(text):
                continue
            found, guarded = entry
            narrowed = self._narrow(codes, found)
            if narrowed and self._is_hamlet(text, at, end, codes):
                continue
            if narrowed and (not guarded or self._step(text, end, narrowed) is not None):
                return narrowed, end
        return None

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


def _named(
    rows: list[dict[str, str]], areas: list[dict[str, str]], divisions: Mapping[str, Division]
) -> dict[str, set[tuple[str, bool]]]:
    """Every name → the standing divisions it may mean, and whether it is a mere short form of each."""
    successors = {row["code"]: row["successor"] for row in rows if row["successor"]}
    names: dict[str, set[tuple[str, bool]]] = defaultdict(set)
    full = {simplify(row["name"]) for row in rows}
    for row in rows:
        code = _current(row["code"], successors)
        if code in divisions:
            for name, guarded in _aliases(simplify(row["name"]), row["level"]):
                for written in _written(name):
                    names[written].add((code, guarded))
    for row in rows:  # a town that became a street, a county that became a district: only where no other bears it
        code = _current(row["code"], successors)
        for name in _other_suffixes(simplify(row["name"]), row["level"]):
            if code in divisions and name not in full:
                names[name].add((code, False))
    for area in areas:
        if (code := _current(area["code"], successors)) in divisions:
            names[one_way(simplify(area["name"]))].add((code, False))
    return names


def _ancestors(code: str, parents: dict[str, str]) -> frozenset[str]:
    found = set()
    while code and code not in found:
        found.add(code)
        code = parents.get(code, "")
    return frozenset(found)


def _current(code: str, successors: dict[str, str]) -> str:
    for _ in range(len(successors) + 1):
        if code not in successors:
            break
        code = successors[code]
    return code


def _settled(found: set[tuple[str, bool]]) -> tuple[tuple[str, ...], bool]:
    """Codes of a name, and whether it is a mere short form of all of them."""
    full = sorted(code for code, guarded in found if not guarded)
    return (tuple(full), False) if full else (tuple(sorted(code for code, _ in found)), True)


def _aliases(name: str, level: str) -> set[tuple[str, bool]]:
    """(name, guarded): a guarded short form counts only where another division name follows it."""
    if level == "village":
        return {(alias, False) for alias in _village_names(name)}
    names = {(name, False)}
    if level == "town" and name.endswith("街道"):
        names |= {(name + "办", False), (name + "办事处", False), (name[:-1], True)}
    if short := _SHORTENED.fullmatch(name):
        names.add((short["stem"], True))
    return names


def _written(name: str) -> set[str]:
    """新(土郎)村: a character that a font lacks is put together in brackets, or without them."""
    if not _BRACKETS.search(name):
        return {name}
    return {one_way(unicodedata.normalize("NFKC", name)), _BRACKETS.sub("", name)}


def _other_suffixes(name: str, level: str) -> list[str]:
    """留下街道 was 留下镇, 云安区 was 云安县: names outlive the change of rank."""
    suffixes = _RANKS.get(level, ())
    own = next((suffix for suffix in suffixes if name.endswith(suffix)), None)
    if own is None or len(name) - len(own) < 2:
        return []
    return [name[: -len(own)] + suffix for suffix in suffixes if suffix != own]


def _village_names(name: str) -> set[str]:
    """云安社区居民委员会 → 云安社区, 云安居委会 …; 大塘村民委员会 → 大塘村, 大塘村委会 and so on."""
    found = _COMMITTEE.fullmatch(name)
    if not found:
        return {name}
    stem, word = found["stem"], found["word"]
    if word in ("村民委员会", "村委会"):
        bases = {stem} if stem.endswith("村") and len(stem) > 2 else {stem + "村"}
        bases |= {stem} if stem.endswith("村") else set()
        return {name} | {
            base + ending for base in bases for ending in ("", "委会", "委", "民委员会", "村委会", "村民委员会")
        }
    return {name} | {
        stem + ending for ending in ("社区", "社区居委会", "社区居民委员会", "居委会", "居委", "居民委员会")
    }


@lru_cache(maxsize=4)
def load(expectations: Path, night: str) -> Gazetteer:
    """The gazetteer of the divisions that a night knows and the functional areas (:data:`AREAS`) that hold then."""
    return Gazetteer(divisions.known(expectations, night), lookups.rows(expectations, AREAS, night))
