"""Numbers that are valid by their check rules and marked synthetic by their region.

Resident numbers: GB 11643 (check by ISO 7064 MOD 11-2); credit codes: GB 32100 (mod 31) around a
GB 11714 organization code. Their regions are the fictional counties of `data/synthetic_counties.csv`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo.compact import STRING, joined, picked, zero_filled
from demo.draw import Dice, Ints, Texts

_RESIDENT_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_RESIDENT_CHECK = np.array(list("10X98765432"), dtype="U1")
_CREDIT_ALPHABET = np.array(list("0123456789ABCDEFGHJKLMNPQRTUWXY"), dtype="U1")
_CREDIT_WEIGHTS = np.array([pow(3, place, 31) for place in range(17)], dtype=np.int64)
_BODY_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_BODY_CHECK = np.array(list("0123456789X"), dtype="U1")


def _characters(texts: Texts, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.str_]]:
    """An array of single characters, one row per text of exactly `width` characters."""
    return np.ascontiguousarray(texts.astype(f"U{width}")).view("U1").reshape(-1, width)


def resident_check(first_17: Texts) -> Texts:
    """The check character for each text of 17 digits."""
    digits = _characters(first_17, 17).astype(np.int64)
    check: Texts = _RESIDENT_CHECK[(digits @ _RESIDENT_WEIGHTS) % 11].astype(object)
    return check


def resident_numbers(region: Ints, birth: Ints, serial: Ints) -> pa.Array:
    """18-character resident numbers.

    Args:
        region: six digits each, of a fictional county.
        birth: eight digits each, YYYYMMDD.
        serial: 0 to 999, odd for men, even for women.
    """
    body = (region * 10**8 + birth) * 1000 + serial
    total = np.zeros(len(body), dtype=np.int64)
    for place, weight in enumerate(_RESIDENT_WEIGHTS.tolist()):
        total += body // 10 ** (16 - place) % 10 * weight
    return joined(pa.array(body).cast(STRING), picked(_RESIDENT_CHECK.astype(object), total % 11))


def unique_serials(dice: Dice, group: Ints, male: Ints) -> Ints:
    """Serials that never repeat inside a group (same region, same birth date), odd for men.

    Raises:
        ValueError: more than 500 of one sex were born on one day in one fictional county.
    """
    ids = np.arange(len(group), dtype=np.int64)
    key = group * 2 + male
    order = np.lexsort((dice.bits(ids), key))
    sorted_key = key[order]
    starts = np.r_[0, np.flatnonzero(np.diff(sorted_key)) + 1]
    counts = np.diff(np.r_[starts, len(key)])
    if len(key) and counts.max() > 500:
        raise ValueError("more than 500 births of one sex on one day in one fictional county")
    rank = np.empty(len(key), dtype=np.int64)
    rank[order] = np.arange(len(key)) - np.repeat(starts, counts)
    return ((rank * 7 + dice.below(key, 500, turn=1)) % 500) * 2 + male


def _value(letters: np.ndarray[tuple[int, int], np.dtype[np.str_]]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """GB 11714 values: digits as they are, A = 10 and so on."""
    codes = letters.view(np.uint32).reshape(letters.shape).astype(np.int64)
    return np.where(codes < 65, codes - 48, codes - 55)


def credit_codes(first_two: Texts, region: str, dice: Dice, ids: Ints) -> Texts:
    """18-character credit codes with a random unique body for each id (ids below 2**28)."""
    rest = dice.scramble(ids, width=28)
    places = [(rest // 31**place) % 31 for place in range(5, -1, -1)]
    tail = np.stack([_CREDIT_ALPHABET[place] for place in places], axis=1)
    lead = np.tile(np.array(["M", "A"], dtype="U1"), (len(ids), 1))
    body = np.ascontiguousarray(np.concatenate([lead, tail], axis=1))
    total = _value(body) @ _BODY_WEIGHTS
    body_text = body.view("U8").ravel().astype(object) + _BODY_CHECK[(11 - total % 11) % 11].astype(object)
    first_17 = first_two + region + body_text
    positions = np.searchsorted(_CREDIT_ALPHABET, _characters(first_17, 17))
    result: Texts = first_17 + _CREDIT_ALPHABET[(31 - (positions @ _CREDIT_WEIGHTS) % 31) % 31].astype(object)
    return result


def mobile_array(dice: Dice, ids: Ints) -> pa.Array:
    """Mobile numbers of the segment 154, which no operator has been given (ids below 2**26)."""
    return joined("154", zero_filled(dice.scramble(ids, width=26), 8))


def mobiles(dice: Dice, ids: Ints) -> Texts:
    """`mobile_array` as ordinary texts."""
    numbers: Texts = mobile_array(dice, ids).to_numpy(zero_copy_only=False)
    return numbers


def other_documents(numbers: Texts, ids: Ints, kind: Ints, seed: int) -> Texts:
    """Permits of Hong Kong, Macao and Taiwan, foreigners' cards (15 characters or 18) and passports, marked by 99.

    Args:
        numbers: resident numbers that the same people could have: their birth, serial and fictional county are kept.
        ids: of the people.
        kind: 0 home permit, 1 Taiwan permit, 2 foreigner's card, 3 passport, 4 residence permit.
        seed: of the city.
    """
    serial = Dice(seed, "permit").scramble(ids, width=26)
    result = []
    for k, n, number in zip(kind.tolist(), serial.tolist(), numbers, strict=True):
        born = number[6:14]
        if k == 0:
            result.append(f"{'HM'[n % 2]}99{n % 10**6:06d}")
        elif k == 1:
            result.append(f"99{n % 10**6:06d}")
        elif k == 2 and n % 3:
            body = f"999999{born}{n // 3 % 1000:03d}"  # the card of 2023: 9, place 99, nationality 999
            result.append(body + resident_check(np.array([body], dtype=object))[0])
        elif k == 2:
            body = f"XXX9999{born[2:]}{n % 10}"
            total = sum((int(c) if c.isdigit() else ord(c) - 55) * (7, 3, 1)[i % 3] for i, c in enumerate(body))
            result.append(f"{body}{total % 10}")
        elif k == 3:
            result.append(f"X99{n % 10**6:06d}")
        else:
            body = (
                f"{81 + n % 3}{number[2:17]}"  # a residence permit is 810000 in life, here 8199 and a fictional county
            )
            result.append(body + resident_check(np.array([body], dtype=object))[0])
    return np.array(result, dtype=object)


def mistyped(texts: Texts, dice: Dice, ids: Ints) -> Texts:
    """The texts with one digit replaced by another (texts keep their length)."""
    place = dice.below(ids, 10, turn=1) + 6
    step = dice.below(ids, 9, turn=2) + 1
    result = []
    for text, where, by in zip(texts, place.tolist(), step.tolist(), strict=True):
        at = where if where < len(text) and text[where].isdigit() else 0
        digit = str((int(text[at]) + by) % 10) if text[at].isdigit() else "0"
        result.append(text[:at] + digit + text[at + 1 :])
    return np.array(result, dtype=object)
