"""What a value says: the dear half of a check, done once per distinct value (:mod:`expectations.kernels` judges)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from transforms import days, documents, values
from transforms.cells import Cells, Mask

Options = Mapping[str, Any]  # a rule's options: plain words, numbers and maps from YAML
SEXES = {"male": 1, "female": 2}  # how readings tell a sex; 0 where none of the two is told

_DECIMAL = re.compile(r"[+-]?\d{1,15}(?:\.\d*)?(?:[eE][+-]?\d{1,2})?")
_WHOLE = re.compile(r"[+-]?\d{1,15}(?:\.0*)?")


@dataclass(frozen=True)
class Reader:
    """Text columns (0, 1 ...) → what they say, row by row; ``options`` names the options it looks at."""

    read: Callable[[pd.DataFrame, Options], pd.DataFrame]
    options: tuple[str, ...] = ()

    def asked(self, options: Options) -> str:
        """What it looks at among a rule's options: rules that agree in this have its reading in common."""
        return repr([options.get(name) for name in self.options])


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
    """Columns reason (a rule id), birth (datetime64) and sex (:data:`SEXES`), of valid numbers only.

    Column ``1`` is the kind where it is told row by row.
    """
    text = frame[0]
    told = pd.Series(options.get("fixed"), index=text.index, dtype=object)
    if 1 in frame:
        told = frame[1].map(meanings(options["kinds"])) if options["kinds"] else frame[1]
    read = documents.document(text, told)
    birth = read["birth"].to_numpy().astype("datetime64[s]")
    later = birth > np.datetime64(options["as_of"])
    wrong = zip(later, read["reason"], strict=True)
    reason = np.array(["ID_DATE" if late else why and f"ID_{why}" for late, why in wrong], dtype=object)
    reason[placeholder(text)] = "PLACEHOLDER"
    birth[later], sex = np.datetime64("NaT"), np.where(later, 0, _sex(read["sex"]))
    return pd.DataFrame({"reason": reason, "birth": birth, "sex": sex})


def _sexes(frame: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Column sex (:data:`SEXES`) of the words of a code map."""
    return pd.DataFrame({"sex": _sex(frame[0].map(meanings(options["codes"])))})


def _sex(words: pd.Series) -> pd.Series:
    return words.map(SEXES).fillna(0).astype(np.uint8)


def _credit_code(frame: pd.DataFrame, _: Options) -> pd.DataFrame:
    reason = documents.credit_code(frame[0])["reason"]
    rule = ("CREDIT_CODE_" + reason.astype("string")).astype(object).where(reason.notna() & frame[0].notna(), None)
    return pd.DataFrame({"reason": rule.mask(placeholder(frame[0]), "PLACEHOLDER")})


def _dates(frame: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Columns day (datetime64), precision (a place in ``days.PRECISIONS``), ok."""
    cells = Cells(pa.array(frame[0], pa.string(), from_pandas=True))
    read = days.read(cells, options["formats"].split("|"))
    told = {"day": read.day.astype("datetime64[s]"), "precision": read.precision, "ok": read.told | cells.null}
    return pd.DataFrame(told)


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
    "sexes": Reader(_sexes, ("codes",)),
    "credit_code": Reader(_credit_code),
    "dates": Reader(_dates, ("formats",)),
    "numbers": Reader(_numbers, ("whole",)),
}
