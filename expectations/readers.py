"""What a value says: the dear half of a check, done once per distinct value (:mod:`expectations.kernels` judges)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from transforms import documents, values

Options = Mapping[str, Any]  # a rule's options: plain words, numbers and maps from YAML
Mask = npt.NDArray[np.bool_]

_DECIMAL = re.compile(r"[+-]?\d{1,15}(?:\.\d*)?(?:[eE][+-]?\d{1,2})?")
_WHOLE = re.compile(r"[+-]?\d{1,15}(?:\.0*)?")


@dataclass(frozen=True)
class Reader:
    """Text columns (0, 1 ...) → what they say, row by row; ``options`` names the options it looks at."""

    read: Callable[[pd.DataFrame, Options], pd.DataFrame]
    options: tuple[str, ...] = ()


def clean(series: pd.Series, null_marks: Sequence[str]) -> pd.Series:
    """Cleaned text, None where the cell says nothing."""
    text = values.clean_text(series)
    return text.where(~text.isin(list(null_marks)), None)


def accepted_words(codes: Mapping[str, str]) -> list[str]:
    """The words of a code map, as cells look once cleaned."""
    return sorted({word for word in values.clean_text(pd.Series(list(codes), dtype=object)) if word})


def meanings(codes: Mapping[str, str]) -> dict[str, str]:
    """A code map with its words cleaned."""
    return dict(zip(values.clean_text(pd.Series(list(codes), dtype=object)), codes.values(), strict=True))


def _text(frame: pd.DataFrame, _: Options) -> pd.DataFrame:
    return frame


def _document(frame: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Columns reason (a rule id), birth (datetime64) and sex, of valid numbers only; ``1`` is the kind where told."""
    text = frame[0]
    told = pd.Series(options.get("fixed"), index=text.index, dtype=object)
    if 1 in frame:
        told = frame[1].map(meanings(options["kinds"])) if options["kinds"] else frame[1]
    read = documents.document(text, told)
    birth = pd.to_datetime(read["birth"].astype(object), errors="coerce")
    later = birth > pd.Timestamp(options["as_of"])
    reason = read["reason"].mask(later, "DATE")
    rule = ("ID_" + reason.astype("string")).astype(object).where(reason.notna() & text.notna(), None)
    sex = read["sex"].where(~later, None)
    return pd.DataFrame({"reason": rule.mask(placeholder(text), "PLACEHOLDER"), "birth": birth.mask(later), "sex": sex})


def _credit_code(frame: pd.DataFrame, _: Options) -> pd.DataFrame:
    reason = documents.credit_code(frame[0])["reason"]
    rule = ("CREDIT_CODE_" + reason.astype("string")).astype(object).where(reason.notna() & frame[0].notna(), None)
    return pd.DataFrame({"reason": rule.mask(placeholder(frame[0]), "PLACEHOLDER")})


def _dates(frame: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Columns day (datetime64), precision, ok."""
    read = values.dates(frame[0], options["formats"].split("|"))
    return read.assign(day=read["day"].astype("datetime64[s]"))


def _numbers(frame: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Columns told (not null) and number (nan where the text is none)."""
    form = _WHOLE if options.get("whole") else _DECIMAL
    numbers = [float(v) if isinstance(v, str) and form.fullmatch(v) else np.nan for v in frame[0]]
    return pd.DataFrame({"told": frame[0].notna(), "number": np.array(numbers, dtype=float)})


def placeholder(text: pd.Series) -> Mask:
    """Numbers that are nobody's: one digit repeated, published examples."""
    match = values.PLACEHOLDER.fullmatch
    return np.array([isinstance(value, str) and match(value) is not None for value in text], dtype=bool)


READERS: dict[str, Reader] = {
    "text": Reader(_text),
    "document": Reader(_document, ("fixed", "kinds", "as_of")),
    "credit_code": Reader(_credit_code),
    "dates": Reader(_dates, ("formats",)),
    "numbers": Reader(_numbers, ("whole",)),
}
