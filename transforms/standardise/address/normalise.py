"""One way of writing for an address: the normalisation order of domain.md section 2.6, after NFKC.

Order: traditional → simplified, dashes and brackets one way, blanks, phones and postcodes out, Chinese numerals
before unit words → digits, sub-doors (之一, 附1号, 甲) one way. Numerals inside names (一环路, 五一村) stay.
"""

from __future__ import annotations

import re
from functools import lru_cache

import opencc

_SHORTEST_NOISE = 5
LONGEST = 160  # characters; no postal address of the deployment is longer, so more is noise (or an attack)
_ONE_WAY = str.maketrans(
    {"_": ",", "—": "-", "–": "-", "−": "-", "‐": "-", "─": "-", "~": "-", "〇": "零", "(": ",", ")": ",", "[": ",",
     "]": ",", "【": ",", "】": ",", "、": ",", "。": ",", ";": ",", ":": ",", "/": ",", "，": ",", "“": "", "”": "",
     '"': ""}
)  # fmt: skip
_BETWEEN_DIGITS = re.compile(r"(?<=\d)\s+(?=\d)")
_BLANKS = re.compile(r"\s+")
_NOISE = re.compile(
    r"(?:联系)?(?:电话|手机|邮编|邮政编码)?,?(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}-?\d{7,8})(?!\d)"
    r"|邮政?编码?,?\d{6}|电话?联系?$|电联"
)
_NUMBER = re.compile(r"\d{7}")  # without one, and without 电 or 邮, nothing is noise
_POSTCODE = re.compile(r"\d{6}(?=\D)")
_DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS = "号|栋|幢|座|单元|层|楼|室|房(?![村自组屋])|组|队|村民小组|小组|巷|弄|期|铺|档|梯|横巷"
_NUMERAL = re.compile(rf"(?<=[之附])[零一二三四五六七八九十]+|[零一二两三四五六七八九十百]+(?={_UNITS})")
_HAS_NUMERAL = re.compile(r"[零一二三四五六七八九十百]")
_SUB_DOOR = re.compile(r"(\d+)(?:号?(?:之|附)|号-)(\d{1,2})(?!\d)号?")
_LETTERS = re.compile(r"[甲乙丙丁]")
_LETTERED = re.compile(r"(?<=\d)号?([甲乙丙丁])(?:号|(?![栋幢座楼单梯]))")


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Traditional → simplified characters (OpenCC t2s); used for match keys, never shown."""
    return str(_converter().convert(text))


def one_way(text: str) -> str:
    """Characters one way: simplified, upper case, dashes and brackets as :func:`normalise` leaves them."""
    return simplify(text).upper().translate(_ONE_WAY)


def normalise(text: str) -> str:
    """The match form of one address.

    Args:
        text: an address after :func:`transforms.values.clean_text`.

    Returns:
        The text in one way of writing; empty where it is longer than :data:`LONGEST` characters.
    """
    if len(text) > LONGEST:
        return ""
    text = one_way(text)
    if _BLANKS.search(text):
        text = _BLANKS.sub("", _BETWEEN_DIGITS.sub(",", text))
    if len(text) > _SHORTEST_NOISE:
        text = _without_noise(text)
    if _HAS_NUMERAL.search(text):
        text = _NUMERAL.sub(_digits, text)
    if "之" in text or "附" in text or "号-" in text:
        text = _SUB_DOOR.sub(r"\1-\2号", text)
    return _LETTERED.sub(r"\1号", text) if _LETTERS.search(text) else text


def _without_noise(text: str) -> str:
    if "电" in text or "邮" in text or _NUMBER.search(text):
        text = _NOISE.sub(",", text)
    return text[6:] if _POSTCODE.match(text) else text


def _digits(found: re.Match[str]) -> str:
    numeral = found.group()
    after = found.string[found.end() : found.end() + 1]
    return str(_value(numeral)) + ("," if after.isdigit() else "")  # 之七401: the change of script is the boundary


def _value(numeral: str) -> str:
    """一五零二 → 1502, 一百二十八 → 128, 廿 is not used in addresses."""
    if "十" not in numeral and "百" not in numeral:
        return "".join(str(_DIGITS[c]) for c in numeral)
    total, digit = 0, 0
    for character in numeral:
        if character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = _DIGITS[character]
    return str(total + digit)
