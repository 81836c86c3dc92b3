"""Landmarks: the names of bodies and premises as entries of the library, by every name an address may use for them.

云城街道城北小学 is found under that name, as 城北小学 in 云城街道 and as 小学 in 城北: each way of leaving out
divisions goes with the finest division that it leaves out, which an address must then have said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pandas as pd

from transforms.divisions import LEVELS as DIVISIONS
from transforms.locate.library import INSIDE

COLUMNS = ("word", "division", "address_id")
_FROM_COARSE = DIVISIONS[::-1]
_LEAST = 2  # characters of a name
_COMMITTEE = re.compile(r"(?:居民|村民)委员会|居委会|村委会")
_SHORT = {"city": "市", "village": "社区|村"}  # 云浮, 城北; 云城 may be the district or the street
_BODY = re.compile(r"[居村]?民?委员?会$")  # 金山社区居民委员会 is said of the village, no landmark in it
_NONE = pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})


def spoken(word: pd.Series) -> pd.Series:
    """Names as people say them: 市人民政府 is 市政府."""
    return word.str.replace("人民政府", "政府", regex=False)


def sites(names: pd.Series, nodes: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Where the bearers of names stand: ``name node``, each pair once.

    Args:
        names: per record, the name or None.
        nodes: address property → per record, the place of its node in the library, -1 without one; properties in
            order of worth: a later one speaks only for a name of which the earlier say nothing (a company is rarely
            where it is registered).
    """
    found = pd.DataFrame({"name": pd.Series(dtype=object), "node": pd.Series(dtype="int64")})
    for of_record in nodes.values():
        more = pd.DataFrame({"name": names, "node": of_record})[of_record.ge(0) & names.notna()]
        found = pd.concat([found, more[~more["name"].isin(found["name"])]])
    return found.drop_duplicates(ignore_index=True)


def entries(found: pd.DataFrame, library: pd.DataFrame, divisions: Mapping[str, str]) -> pd.DataFrame:
    """The landmarks of the library.

    Args:
        found: ``name node`` (:func:`sites`), of all kinds.
        library: see :mod:`transforms.locate.library`.
        divisions: names by code.

    Returns:
        Columns :data:`COLUMNS`, sorted: ``division`` is the finest that ``word`` leaves out, None where the word is
        the whole name. A landmark is a building, a door or an area, never a unit, floor or room.
    """
    if found.empty:
        return _NONE
    node = _outdoors(found["node"].to_numpy(), library)
    chains = library[list(_FROM_COARSE)].iloc[node].to_numpy(dtype=object)
    ids = library["address_id"].iloc[node].to_numpy(dtype=object)
    forms: dict[str, tuple[str, ...]] = {}
    rows = [
        (word, division, address)
        for name, chain, address in zip(spoken(found["name"]), chains, ids, strict=True)
        for word, division in _words(name, chain, divisions, forms)
    ]
    told = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object).drop_duplicates()
    return told.sort_values(list(COLUMNS), na_position="first", ignore_index=True)


def _outdoors(node: pd.Series, library: pd.DataFrame) -> pd.Series:
    """The building, door or area of each node."""
    above = pd.Index(library["address_id"]).get_indexer(pd.Index(library["parent_id"]))
    inside = library["level"].isin(INSIDE).to_numpy()
    for _ in INSIDE:
        up = inside[node] & (above[node] >= 0)
        node = pd.Series(node).mask(up, above[node]).to_numpy()
    return node


def _words(
    name: str, chain: list[str | None], divisions: Mapping[str, str], forms: dict[str, tuple[str, ...]]
) -> Iterator[tuple[str, str | None]]:
    """The name, and the name behind each division that it begins with, from coarse to fine, with that division."""
    yield name, None
    for level, code in zip(_FROM_COARSE, chain, strict=True):
        if not isinstance(code, str):
            continue
        if code not in forms:
            forms[code] = _forms(divisions.get(code, ""), level)
        said = next((form for form in forms[code] if name.startswith(form)), None)
        if said and len(name) - len(said) >= _LEAST and not _BODY.match(name, len(said)):
            name = name[len(said) :]
            yield name, code


def _forms(name: str, level: str) -> tuple[str, ...]:
    """A division's name as names of bodies begin with it, the longest first: 城北村村委会, 城北村, 城北."""
    plain = _COMMITTEE.sub("", name)
    told = {name, plain}
    if short := re.fullmatch(rf"(.{{2,}})(?:{_SHORT[level]})", plain) if level in _SHORT else None:
        told.add(short[1])
    return tuple(sorted((form for form in told if len(form) >= _LEAST), key=lambda form: (-len(form), form)))
