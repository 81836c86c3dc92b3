"""Identity documents of persons and credit codes of organizations: form, date and check digits, by the standards.

Sources: GB 11643-1999 (resident number, ISO 7064 MOD 11-2), GB 32100-2015 (credit code, MOD 31-3), GB 11714-1997
(organization code, MOD 11), GA/T 517-2004 (document kinds); domain.md sections 2.1 to 2.3. Area codes are not
judged: no public list of historical codes is complete (python-stdnum rejects 88 % of holders born before 1980).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from transforms import values

RESIDENT, PASSPORT, TAIWAN_PERMIT, HOME_PERMIT, PERMANENT_RESIDENT = "111", "414", "511", "516", "553"
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])  # 2^(17-i) mod 11
_CHECKS = np.frombuffer(b"10X98765432", dtype="S1")
_PROVINCES = "1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[123]"
_EARLIEST = dt.date(1880, 1, 1)
_FORMS = {  # kind -> whole-value pattern of documents without a birth date we may read
    PASSPORT: r"[A-Z0-9]{5,17}",
    TAIWAN_PERMIT: r"\d{8}|\d{10}[A-Z]?",
    HOME_PERMIT: r"[HM]\d{8}(?:\d{2})?",
    PERMANENT_RESIDENT: r"[A-Z]{3}\d{12}",
}
_COLUMNS = ["number", "valid", "reason", "birth", "sex"]

_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])  # 3^i mod 31
_BODY_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
_CODE_FORM = r"[0-9ANY][0-9A-HJ-NPQRTUWXY]\d{6}[0-9A-HJ-NPQRTUWXY]{10}"


def normalise(series: pd.Series) -> pd.Series:
    """NFKC, upper case, blanks and apostrophes removed; look-alike check letters (Х, Χ, ×, *) are not repaired."""
    text = values.clean_text(series).astype("string").str.upper().str.replace(r"[\s'`’]", "", regex=True)
    return text.astype(object).where(text.notna() & text.ne(""), None)


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
    text = normalise(numbers)
    for kind, form in _FORMS.items():
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
    formed = text.notna() & text.astype("string").str.fullmatch(_CODE_FORM).fillna(False).astype(bool) & ~citizen
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
    return "10X98765432"[sum(int(d) * int(w) for d, w in zip(first17, _WEIGHTS, strict=True)) % 11]


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
    old = text.astype("string").str.fullmatch(r"\d{15}").fillna(False).astype(bool)
    if not old.any():
        return text
    century = np.where(text[old].str.slice(12).ge("996"), "18", "19")
    first17 = text[old].str.slice(0, 6) + pd.Series(century, index=text[old].index) + text[old].str.slice(6)
    return text.where(~old, first17 + first17.map(check_character))


def _resident(text: pd.Series) -> pd.DataFrame:
    blank = dict.fromkeys(_COLUMNS) | {"number": text, "valid": False}
    result = pd.DataFrame(blank, index=text.index, dtype=object)
    string = text.astype("string")
    formed = string.str.fullmatch(rf"(?:{_PROVINCES}|9\d)\d{{15}}[\dX]").fillna(False).astype(bool)
    damaged = string.str.fullmatch(r"\d(?:\.\d+)?E\+?\d+|[1-9]\d{14}000").fillna(False).astype(bool)
    result.loc[text.notna(), "reason"] = "FORMAT"
    if not formed.any():
        result.loc[damaged, "reason"] = "PRECISION_LOSS"
        return result
    digits = _digits(text[formed])
    births = pd.to_datetime(text[formed].str.slice(6, 14), format="%Y%m%d", errors="coerce")
    dated = (births.notna() & (births >= pd.Timestamp(_EARLIEST))).to_numpy()
    checked = _CHECKS[(digits[:, :17] @ _WEIGHTS) % 11] == _last(text[formed])
    reason = _reasons(text[formed].index, CHECKSUM=~checked, DATE=~dated)
    result.loc[formed, "reason"] = reason
    result.loc[damaged & result["reason"].notna(), "reason"] = "PRECISION_LOSS"
    good = formed & result["reason"].isna()
    result.loc[good, "valid"] = True
    result.loc[good, "birth"] = births[good[formed].to_numpy()].dt.date
    result.loc[good, "sex"] = np.where(digits[good[formed].to_numpy(), 16] % 2 == 1, "male", "female")
    return result


def _digits(text: pd.Series) -> npt.NDArray[np.int64]:
    raw = np.array(text.to_list(), dtype="S18").view("S1").reshape(len(text), 18)
    return np.where(raw == b"X", b"0", raw).astype(np.int64)


def _last(text: pd.Series) -> npt.NDArray[np.bytes_]:
    return np.array(text.str.slice(17).to_list(), dtype="S1")


def _credit_code_checks(text: pd.Series) -> npt.NDArray[np.bool_]:
    """Both check digits: of the whole code (GB 32100) and of the organization code inside it (GB 11714)."""
    ranks = {character: rank for rank, character in enumerate(_CODE_ALPHABET)}
    matrix = np.array([[ranks[c] for c in code] for code in text])
    whole = (31 - (matrix[:, :17] @ _CODE_WEIGHTS) % 31) % 31 == matrix[:, 17]
    body = np.array([[int(c, 36) for c in code[8:16]] for code in text])
    remainder = 11 - (body @ _BODY_WEIGHTS) % 11
    expected = np.where(remainder == 10, "X", np.where(remainder == 11, "0", (remainder % 10).astype(str)))
    return np.asarray(whole & (expected == text.str.slice(16, 17).to_numpy(dtype=str)), dtype=np.bool_)
