"""The names under which people write divisions: short forms, committees, ranks of before, successors' old names."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Container

from transforms.standardise.address.normalise import one_way, simplify

_COMMITTEE = re.compile(
    r"(?P<stem>.+?)(?P<word>社区居民委员会|社区居委会|居民委员会|居委会|村民委员会|村委会|社区)"
    r"(?:（.*）|\(.*\))?"
)
_BRACKETS = re.compile(r"[()（）]")
_RANKS = {"town": ("街道", "镇", "乡"), "county": ("区", "县", "市")}
_SHORTENED = re.compile(r"(?P<stem>.{2,})(?:省|市|县|区|镇|乡)")


def named(
    rows: list[dict[str, str]], areas: list[dict[str, str]], divisions: Container[str]
) -> dict[str, set[tuple[str, bool]]]:
    """Every name → the standing divisions it may mean, and whether it is a mere short form of each."""
    successors = {row["code"]: row["successor"] for row in rows if row["successor"]}
    names: dict[str, set[tuple[str, bool]]] = defaultdict(set)
    full = {simplify(row["name"]) for row in rows}
    for row in rows:
        code = _current(row["code"], successors)
        if code in divisions:
            for name, guarded in aliases(simplify(row["name"]), row["level"]):
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


def settled(found: set[tuple[str, bool]]) -> tuple[tuple[str, ...], bool]:
    """Codes of a name, and whether it is a mere short form of all of them."""
    full = sorted(code for code, guarded in found if not guarded)
    return (tuple(full), False) if full else (tuple(sorted(code for code, _ in found)), True)


def _current(code: str, successors: dict[str, str]) -> str:
    for _ in range(len(successors) + 1):
        if code not in successors:
            break
        code = successors[code]
    return code


def aliases(name: str, level: str) -> set[tuple[str, bool]]:
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
