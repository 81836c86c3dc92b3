"""Identity documents of persons and credit codes of organizations: form, date and check digits, by the standards.

Sources: GB 11643-1999 (resident number, ISO 7064 MOD 11-2), GB 32100-2015 (credit code, MOD 31-3), GB 11714-1997
(organization code, MOD 11), GA/T 517-2004 (document kinds); domain.md sections 2.1 to 2.3. Area codes are not
judged: no public list of historical codes is complete (python-stdnum rejects 88 % of holders born before 1980).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import days, values
from transforms.cells import Bytes, Cells, Mask, Positions, digits, number

RESIDENT, PASSPORT, TAIWAN_PERMIT, HOME_PERMIT, PERMANENT_RESIDENT = "111", "414", "511", "516", "553"
RESIDENT_TOKENS = "document:resident"  # what link tokens of the resident's number space are made of, the number behind
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], np.uint16)  # 2^(17-i) mod 11
_CHECKS = np.frombuffer(b"10X98765432", dtype=np.uint8)
# Provinces, residence permits of Hong Kong, Macao and Taiwan residents, and permanent residents (9 and any figure).
_PROVINCES = [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71,
              *range(81, 84), *range(90, 100)]  # fmt: skip
_PROVINCE = np.isin(np.arange(100), _PROVINCES)
_EARLIEST, _LATEST = np.datetime64("1880-01-01"), np.datetime64("2199-12-31")  # of a birth that may be somebody's
_FIGURES, _NINE = 18, 9
_OF_1800 = "996"
FORMS = {  # kind -> whole-value pattern of documents without a birth date we may read
    PASSPORT: r"[A-Z0-9]{5,17}",
    TAIWAN_PERMIT: r"\d{8}|\d{10}[A-Z]?",
    HOME_PERMIT: r"[HM]\d{8}(?:\d{2})?",
    PERMANENT_RESIDENT: r"[A-Z]{3}\d{12}",
}
_DROPPED = re.compile(r"[\s'`’]")
_COLUMNS = ["number", "valid", "reason", "birth", "sex"]

_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_RANKS, _BODY_RANKS = (np.array([order.find(chr(byte)) for byte in range(128)])
                            for order in (_CODE_ALPHABET, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))  # fmt: skip
_CODE_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])  # 3^i mod 31
_BODY_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
_CODE_FORM = r"[0-9ANY][0-9A-HJ-NPQRTUWXY]\d{6}[0-9A-HJ-NPQRTUWXY]{10}"


def normalise(series: pd.Series) -> pd.Series:
    """NFKC, upper case, blanks and apostrophes removed; look-alike check letters (Х, Χ, ×, *) are not repaired."""
    text = values.clean_text(series)
    cells = text.to_numpy(dtype=object, copy=True)
    for place in np.flatnonzero(~_matches(text, r"^[0-9A-Z]+$") & text.notna().to_numpy()):
        cells[place] = _DROPPED.sub("", cells[place].upper()) or None
    return pd.Series(cells, index=series.index, dtype=object)


def _matches(text: pd.Series, pattern: str) -> Mask:
    """Where a pattern (of RE2) is found; never in null."""
    cells = pa.array(text, pa.string(), from_pandas=True)
    return np.asarray(pc.match_substring_regex(cells, pattern).fill_null(False).to_numpy(zero_copy_only=False))


def resident(series: pd.Series) -> pd.DataFrame:
    """Resident identity numbers, 15-digit ones made 18 first.

    Returns:
        ``number`` (18 characters; the normalised text where it is none; None for null), ``valid``, ``reason``
        (FORMAT, DATE, CHECKSUM, PRECISION_LOSS or None), ``birth`` and ``sex`` (of valid numbers only).
    """
    distinct, codes = values.per_distinct(series)
    return _spread(_resident(_upgraded(normalise(distinct))), codes, series.index)


def document(numbers: pd.Series, kinds: pd.Series) -> pd.DataFrame:
    """Documents of mixed GA/T 517 kinds; an unknown or missing kind is read as a resident number.

    Returns:
        As :func:`resident`. Residence permits of Hong Kong, Macao and Taiwan residents (81/82/83) and the 2023
        permanent-resident card (prefix 9) follow the resident number's form; home permits keep their first nine
        characters, the part that lasts across re-issues.
    """
    result = resident(numbers)
    if not kinds.isin(list(FORMS)).any():
        return result.assign(valid=result["valid"].astype(bool))
    text = normalise(numbers)
    for kind, form in FORMS.items():
        rows = (kinds == kind) & text.notna()
        if kind == PERMANENT_RESIDENT:
            rows &= text.str.len() != len("932682198501010017")
        if not rows.any():
            continue
        fits = text[rows].str.fullmatch(form).astype(bool)
        number = text[rows].str.slice(0, 9) if kind == HOME_PERMIT else text[rows]
        result.loc[rows, "number"] = number
        result.loc[rows, "valid"] = fits
        result.loc[rows, "reason"] = _reasons(fits.index, FORMAT=~fits)
        result.loc[rows, ["birth", "sex"]] = None
    result["valid"] = result["valid"].astype(bool)
    return result


def credit_code(series: pd.Series) -> pd.DataFrame:
    """Unified social credit codes.

    Returns:
        ``code`` (normalised text or None), ``valid`` and ``reason``: FORMAT, CHECKSUM, or CITIZEN_NUMBER where a sole
        trader is reported under the owner's resident number.
    """
    distinct, codes = values.per_distinct(series)
    text = normalise(distinct)
    result = pd.DataFrame({"code": text, "valid": False, "reason": None}, dtype=object)
    citizen = _resident(_upgraded(text))["valid"].astype(bool)
    formed = pd.Series(_matches(text, f"^(?:{_CODE_FORM})$"), index=text.index) & ~citizen
    result.loc[text.notna(), "reason"] = "FORMAT"
    result.loc[citizen, "reason"] = "CITIZEN_NUMBER"
    if formed.any():
        good = _credit_code_checks(text[formed])
        result.loc[formed, "valid"] = good
        result.loc[formed, "reason"] = _reasons(text[formed].index, CHECKSUM=~good)
    result["valid"] = result["valid"].astype(bool)
    return _spread(result, codes, series.index)


def check_character(first17: str) -> str:
    """The 18th character of a resident number (ISO 7064 MOD 11-2, GB 11643-1999)."""
    figures = digits(np.frombuffer(first17.encode(), np.uint8))
    return _check_bytes(figures[:, None]).tobytes().decode()


def _reasons(index: pd.Index, **wrong: npt.ArrayLike) -> pd.Series:
    """One reason per row; a later one overrules an earlier one; None where nothing is wrong."""
    reasons = np.full(len(index), None, dtype=object)
    for reason, rows in wrong.items():
        reasons[np.asarray(rows, dtype=bool)] = reason
    return pd.Series(reasons, index=index, dtype=object)


def _spread(frame: pd.DataFrame, codes: pd.Series, index: pd.Index) -> pd.DataFrame:
    return frame.take(codes.to_numpy()).set_axis(index)


def _upgraded(text: pd.Series) -> pd.Series:
    """15-digit numbers as 18; serials 996 to 999 were kept for people born in the 1800s (GB 11643-1989)."""
    old = _matches(text, r"^\d{15}$")
    if not old.any():
        return text
    cells = text.to_numpy(dtype=object, copy=True)
    first17 = [f"{number[:6]}{18 if number[12:] >= _OF_1800 else 19}{number[6:]}" for number in cells[old]]
    figures = digits(np.array(first17, dtype="S17").view(np.uint8).reshape(-1, 17).T)
    checks = _check_bytes(figures).tobytes().decode()
    cells[old] = [number + check for number, check in zip(first17, checks, strict=True)]
    return pd.Series(cells, index=text.index, dtype=object)


def _check_bytes(figures: Bytes) -> Bytes:
    """The 18th characters (ISO 7064 MOD 11-2) of numbers: a row for each of their seventeen figures."""
    sums = np.zeros(figures.shape[1], np.uint16)
    for weight, figure in zip(_WEIGHTS, figures, strict=True):
        sums += weight * figure
    return _CHECKS[sums % len(_CHECKS)]


@dataclass(frozen=True)
class Numbers:
    """What the cells say that have a resident number's form: province, seventeen figures, a figure or X.

    Attributes:
        rows: which cells they are; the others are of these.
        dated, checked: whether the day of birth and the check digit are right.
        rounded: whether they end in three zeros, as numbers do that lost their last figures.
        birth, male: only of use where both are.
    """

    rows: Positions
    dated: Mask
    checked: Mask
    rounded: Mask
    birth: days.Dates
    male: Mask


def residents(cells: Cells) -> Numbers:
    """Read the cells that have the form as they stand, the X small or not; what is to be cleaned first is left out."""
    rows = np.flatnonzero(cells.lengths == _FIGURES)
    places = cells.places(rows, _FIGURES)
    places[-1, places[-1] == ord("x")] = ord("X")
    figures = digits(places[:-1])
    formed = (figures <= _NINE).all(axis=0) & ((digits(places[-1]) <= _NINE) | (places[-1] == ord("X")))
    formed[formed] = _PROVINCE[number(figures[:2, formed])]
    if not formed.all():
        rows, places, figures = rows[formed], places[:, formed], figures[:, formed]
    birth, real = days.calendar(number(figures[6:10]), number(figures[10:12]), number(figures[12:14]))
    dated = real & (birth >= _EARLIEST) & (birth <= _LATEST)
    rounded = (places[-3:] == ord("0")).all(axis=0)
    return Numbers(rows, dated, _check_bytes(figures) == places[-1], rounded, birth, figures[16] % 2 == 1)


def _resident(text: pd.Series) -> pd.DataFrame:
    told = text.notna().to_numpy()
    reason = _either(told, "FORMAT", None)
    birth, sex = (np.full(len(text), None, dtype=object) for _ in range(2))
    valid = np.zeros(len(text), dtype=bool)
    read = residents(Cells(pa.array(text, pa.string(), from_pandas=True)))
    good = read.dated & read.checked
    reason[read.rows] = _either(read.dated, _either(read.checked, None, "CHECKSUM"), "DATE")
    birth[read.rows] = _either(good, read.birth.astype(object), None)
    sex[read.rows] = _either(good, _either(read.male, "male", "female"), None)
    valid[read.rows] = good
    reason[_matches(text, r"^(?:\d(?:\.\d+)?E\+?\d+|[1-9]\d{14}000)$") & ~valid] = "PRECISION_LOSS"
    found = {"number": text.to_numpy(), "valid": valid, "reason": reason, "birth": birth, "sex": sex}
    return pd.DataFrame({name: pd.Series(found[name], index=text.index, dtype=object) for name in _COLUMNS})


def _either(rows: Mask, yes: object, no: object) -> npt.NDArray[np.object_]:
    return np.where(rows, np.array(yes, dtype=object), np.array(no, dtype=object))


def _credit_code_checks(text: pd.Series) -> Mask:
    """Both check digits: of the whole code (GB 32100) and of the organization code inside it (GB 11714)."""
    places = np.array(text.tolist(), dtype="S18").view(np.uint8).reshape(-1, 18)
    matrix = _CODE_RANKS[places]
    whole = (31 - (matrix[:, :17] @ _CODE_WEIGHTS) % 31) % 31 == matrix[:, 17]
    remainder = 11 - (_BODY_RANKS[places[:, 8:16]] @ _BODY_WEIGHTS) % 11
    expected = np.where(remainder == 10, "X", np.where(remainder == 11, "0", (remainder % 10).astype(str)))
    return np.asarray(whole & (expected == text.str.slice(16, 17).to_numpy(dtype=str)), dtype=np.bool_)
