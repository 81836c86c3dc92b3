"""Names of persons and organizations: match keys, pinyin and surname. Reviewed lookups say what the packages do not."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import opencc
import pandas as pd

from transforms import divisions, lookups, values

os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")  # a dictionary of phrases, of which nobody asks for one
from pypinyin import lazy_pinyin

# U+00B7, U+2022, U+30FB, U+FF0E and look-alikes stand between the parts of a minority name (domain.md section 6.2).
_DOTS = re.compile(r"[·•・‧∙⋅．.\s]+")
_BRACKETS = str.maketrans(
    {"【": "(", "】": ")", "[": "(", "]": ")", "〔": "(", "〕": ")", "〈": "(", "〉": ")", "（": "(", "）": ")"}
)
_CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+")
_COMPOUND = 2
NAMES = ("surname_readings", "compound_surnames", "legal_forms")
_REGIONS = ("province", "city", "county", "town")  # the last only with its rank
_BRACKETED = re.compile(r"\([^()]*\)")
_TRADE_NAME = 2  # 企业名称登记管理规定 (2020) art. 8: a trade name (字号) has at least two characters
_NOTE = re.compile(r"(?:[(（][^()（）]{1,4}[)）]|[0-9]{1,2})$")  # a clerk tells namesakes apart: 王伟(大), 王伟2
_LONGEST_SPACED = 4  # 欧 阳 小 明 is a spaced-out Chinese name; longer with dots is not


@dataclass(frozen=True)
class Lookups:
    """Reviewed words of a deployment: surname → reading, compound surnames, legal form → its one form, regions."""

    readings: dict[str, str]
    compounds: frozenset[str]
    legal_forms: tuple[tuple[str, str], ...]
    regions: frozenset[str]


@lru_cache(maxsize=4)
def load(expectations: Path, night: str) -> Lookups:
    """The rows of :data:`NAMES` that hold on a night; regions: the divisions that it knows."""
    readings, compounds, legal_forms = (lookups.rows(expectations, name, night) for name in NAMES)
    forms = [(row["form"], row["as"]) for row in legal_forms]
    named = [(row["name"], row["level"]) for row in divisions.known(expectations, night) if row["level"] in _REGIONS]
    short = {name[:-1] for name, level in named if level != _REGIONS[-1] and len(name) > _TRADE_NAME}
    return Lookups(
        {row["surname"]: row["reading"] for row in readings}, frozenset(row["surname"] for row in compounds),
        tuple(sorted(forms, key=lambda pair: (-len(pair[0]), pair[0]))),
        frozenset({name for name, _ in named} | short),  # 云浮; but 东成 is a trade name, if also a town
    )  # fmt: skip


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def person(series: pd.Series, words: Lookups) -> pd.DataFrame:
    """Names of persons.

    Returns:
        Same index; ``name`` (clean text), ``key`` (NFKC, simplified, no dots or blanks, upper case), ``pinyin``
        (syllables joined by a space; the surname by its own reading: 单 is shan) and ``surname`` (None for a name
        with dots or without Chinese characters, which has no Chinese surname); neither looks at a note behind the name.
    """
    distinct, codes = values.per_distinct(series)
    rows = [_person(text, words) for text in values.clean_text(distinct)]
    frame = pd.DataFrame(rows, columns=["name", "key", "pinyin", "surname"], dtype=object)
    return frame.take(codes.to_numpy()).set_axis(series.index)


def _person(text: str | None, words: Lookups) -> tuple[str | None, str | None, str | None, str | None]:
    if not text:
        return None, None, None, None
    key = _DOTS.sub("", str(_converter().convert(text))).upper()
    if not key:
        return text, None, None, None
    dotted = _DOTS.search(text.strip()) is not None and _CHINESE.fullmatch(_DOTS.sub("", text)) is not None
    plain = _NOTE.sub("", key) or key
    chinese = _CHINESE.fullmatch(plain) is not None
    surname = None if not chinese or (dotted and len(plain) > _LONGEST_SPACED) else _surname(plain, words)
    start = len(surname) if surname else 0
    syllables = [*_surname_reading(surname, words), *(_reading(c) for c in plain[start:])]
    return text, key, " ".join(s for s in syllables if s), surname


def _surname(key: str, words: Lookups) -> str:
    return key[:_COMPOUND] if len(key) > _COMPOUND and key[:_COMPOUND] in words.compounds else key[:1]


def _surname_reading(surname: str | None, words: Lookups) -> list[str]:
    if not surname:
        return []
    return words.readings[surname].split() if surname in words.readings else [_reading(c) for c in surname]


@lru_cache(maxsize=30_000)
def _reading(character: str) -> str:
    """One reading per character whatever stands beside it, so that a homophone typo keeps the pinyin."""
    return str(lazy_pinyin(character)[0]).lower()


def organization(series: pd.Series, words: Lookups) -> pd.DataFrame:
    """Names of organizations.

    Returns:
        Same index; ``name`` (clean text), ``key`` (simplified, brackets and legal forms one way, no blanks) and
        ``trade``, the beginning of the trade name: what follows the region, as many characters as every one has.
    """
    distinct, codes = values.per_distinct(series)
    clean = values.clean_text(distinct)
    keys = [_organization_key(text, words) for text in clean]
    trades = [_trade_name(key, words) for key in keys]
    frame = pd.DataFrame({"name": clean, "key": pd.Series(keys, dtype=object), "trade": trades}, dtype=object)
    return frame.take(codes.to_numpy()).set_axis(series.index)


def _trade_name(key: str | None, words: Lookups) -> str | None:
    """云浮市云城区鸿盛餐饮店 → 鸿盛: a name is region, trade name, trade and legal form, in this order."""
    if not key:
        return None
    rest = _BRACKETED.sub("", key) or key
    while region := next((rest[:n] for n in range(len(rest) - _TRADE_NAME, 1, -1) if rest[:n] in words.regions), ""):
        rest = rest[len(region) :]
    return rest[:_TRADE_NAME]


def _organization_key(text: str | None, words: Lookups) -> str | None:
    if not text:
        return None
    key = re.sub(r"\s+", "", str(_converter().convert(text)).upper().translate(_BRACKETS))
    for form, one_form in words.legal_forms:
        if key.endswith(form) and len(key) > len(form):
            key = key[: -len(form)] + one_form
            break
    return key or None
