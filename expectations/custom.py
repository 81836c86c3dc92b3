"""Expectations that Great Expectations does not bring: Chinese documents, codes, coordinates. Import registers them.

Importing this module imports Great Expectations, which takes seconds; :mod:`expectations.suites` does it when a suite
is first run. Every class is one check of :mod:`expectations.kernels`; ``rule`` picks which of its findings counts, and
``options`` are the check's, as JSON (Great Expectations copies and hashes an argument many times; text costs least).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation, MulticolumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
    multicolumn_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
    MulticolumnMapMetricProvider,
)

from expectations import kernels, readers

_ARGUMENTS = ("check", "rule", "options")
_Positions = npt.NDArray[np.int64]
# What was found in the frame of one suite, without values of rows: (check, options, columns) -> broken rule ids, and
# (reader, its options, columns) -> what it read of the distinct values. A document: seven rules, three checks.
_ANSWERS: dict[object, tuple[kernels.Reasons, _Positions | None]] = {}
_READ: dict[object, pd.DataFrame] = {}


def _kept(frame: pd.DataFrame, check: str, rule: str, options: str) -> pd.Series:
    """Which rows keep the rule: every distinct combination of values is read once."""
    return pd.Series(_keeping(frame, check, rule, options, _of_index(frame)), index=frame.index)


def _keeping(frame: pd.DataFrame, check: str, rule: str, options: str, index: bytes) -> npt.NDArray[np.bool_]:
    key = (check, options, index, *map(str, frame))
    if key not in _ANSWERS:
        _ANSWERS[key] = _judged(frame, check, json.loads(options), index)
    reasons, codes = _ANSWERS[key]
    kept = np.asarray(reasons != rule, dtype=bool)
    return kept if codes is None else kept[codes]


def _judged(
    frame: pd.DataFrame, check: str, options: dict[str, Any], index: bytes
) -> tuple[kernels.Reasons, _Positions | None]:
    """The broken rule or None: of what was read, with each row's position in it, or (None) of each row."""
    found = kernels.CHECKS[check]
    read = []
    for reader, positions in found.readings:
        columns = frame.iloc[:, [p for p in positions if p < frame.shape[1]]]
        read.append(_read(columns, reader, options, index))
    if len(read) == 1:
        return found.judge(read[0][0], options), read[0][1]
    return found.judge(*(table.take(codes).reset_index(drop=True) for table, codes in read), options), None


def _read(frame: pd.DataFrame, reader: str, options: dict[str, Any], index: bytes) -> tuple[pd.DataFrame, _Positions]:
    """What a reader makes of the distinct rows, and each row's position among them."""
    looked_at = json.dumps([options.get(name) for name in readers.READERS[reader].options])
    if frame.shape[1] == 1:  # all that the column ever says is read, whether a row says it or not
        column = frame.iloc[:, 0].cat
        key: object = (reader, looked_at, str(frame.columns[0]))
        if key not in _READ:
            texts = pd.DataFrame({0: np.array([*column.categories, None], dtype=object)})
            _READ[key] = readers.READERS[reader].read(texts, options)
        return _READ[key], _positions(column)
    distinct, codes = _distinct(frame)
    key = (reader, looked_at, index, *map(str, frame))
    if key not in _READ:
        _READ[key] = readers.READERS[reader].read(distinct, options)
    return _READ[key], codes


def _of_index(frame: pd.DataFrame) -> bytes:
    """What tells these rows of a suite's frame from any others of it."""
    return hashlib.sha256(frame.index.to_numpy().tobytes()).digest()


def _positions(column: Any) -> _Positions:  # noqa: ANN401 - a categorical's accessor
    """Each row's category, that of null behind all others."""
    codes = column.codes.to_numpy().astype(np.int64)
    return np.where(codes < 0, len(column.categories), codes)


def _distinct(frame: pd.DataFrame) -> tuple[pd.DataFrame, _Positions]:
    """The distinct rows, as text columns 0, 1 ... with None for null, and each row's position among them."""
    columns = [frame.iloc[:, position].cat for position in range(frame.shape[1])]
    texts = [np.array([*column.categories, None], dtype=object) for column in columns]
    codes = [_positions(column) for column in columns]
    of_row = codes[0]
    for at in range(1, len(codes)):
        of_row = pd.factorize(of_row * len(texts[at]) + codes[at])[0].astype(np.int64)
    _, first = np.unique(of_row, return_index=True)
    return pd.DataFrame({at: texts[at][codes[at][first]] for at in range(len(texts))}, dtype=object), of_row


def forget() -> None:
    """Drop the answers kept for the rules of one suite."""
    _ANSWERS.clear()
    _READ.clear()


class _ColumnMetric(ColumnMapMetricProvider):
    condition_metric_name = "column_values.gridfacts"
    condition_value_keys = _ARGUMENTS

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, check: str, rule: str, options: str, **_: object) -> pd.Series:  # noqa: N805
        return _kept(column.to_frame(), check, rule, options)


class _EachColumnMetric(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.gridfacts_each"
    condition_value_keys = _ARGUMENTS
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, frame: pd.DataFrame, check: str, rule: str, options: str, **_: object) -> pd.Series:  # noqa: N805
        kept, index = np.ones(len(frame), dtype=bool), _of_index(frame)
        for at in range(frame.shape[1]):
            kept &= _keeping(frame.iloc[:, [at]], check, rule, options, index)
        return pd.Series(kept, index=frame.index)


class _ColumnsMetric(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.gridfacts"
    condition_value_keys = _ARGUMENTS
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, frame: pd.DataFrame, check: str, rule: str, options: str, **_: object) -> pd.Series:  # noqa: N805
        return _kept(frame, check, rule, options)


class ExpectColumnValuesToKeepRule(ColumnMapExpectation):
    """A rule of one column."""

    check: str
    rule: str
    options: str

    map_metric = "column_values.gridfacts"
    success_keys = (*_ARGUMENTS, "mostly")
    args_keys = ("column", *_ARGUMENTS)


class ExpectColumnsToKeepRule(MulticolumnMapExpectation):
    """A rule of one column beside others."""

    check: str
    rule: str
    options: str

    map_metric = "multicolumn_values.gridfacts"
    success_keys = (*_ARGUMENTS, "mostly")
    args_keys = ("column_list", *_ARGUMENTS)


class ExpectEachOfColumnsToKeepRule(ExpectColumnsToKeepRule):
    """A rule that every one of several columns must keep by itself: one count of rows for all of them."""

    map_metric = "multicolumn_values.gridfacts_each"


class ExpectColumnValuesToBeDocumentNumbers(ExpectColumnValuesToKeepRule):
    """Resident numbers (GB 11643-1999), or documents of the one kind the contract names."""

    check: str = "document"


class ExpectColumnsToBeDocumentsOfTheirKind(ExpectColumnsToKeepRule):
    """Document numbers of the GA/T 517 kind that stands beside them."""

    check: str = "document"


class ExpectColumnValuesToBeCreditCodes(ExpectColumnValuesToKeepRule):
    """Unified social credit codes (GB 32100-2015), both check digits right."""

    check: str = "credit_code"


class ExpectColumnValuesToBeTelephoneNumbers(ExpectColumnValuesToKeepRule):
    """At least one usable mobile or landline number."""

    check: str = "phone"


class ExpectColumnValuesToBeDeclaredDates(ExpectColumnValuesToKeepRule):
    """Dates in the formats the contract declares."""

    check: str = "date"


class ExpectColumnValuesToBeBirthDates(ExpectColumnValuesToKeepRule):
    """Dates of birth of people who may be alive on the day of the delivery."""

    check: str = "birth"


class ExpectColumnsToTellTheBirthOfTheNumber(ExpectColumnsToKeepRule):
    """Birth date as in the resident number beside it."""

    check: str = "birth_of_number"


class ExpectColumnsToTellTheSexOfTheNumber(ExpectColumnsToKeepRule):
    """Sex as in the resident number beside it."""

    check: str = "sex_of_number"


class ExpectColumnsToBePointsInChina(ExpectColumnsToKeepRule):
    """Longitude and latitude, neither swapped nor zero nor alone, inside China's bounds."""

    check: str = "point"


class ExpectColumnValuesToBePolygonsInChina(ExpectColumnValuesToKeepRule):
    """GeoJSON polygons that are valid, not empty and inside China's bounds."""

    check: str = "geometry"


OF_CHECK = {
    "document": ("expect_column_values_to_be_document_numbers", "expect_columns_to_be_documents_of_their_kind"),
    "credit_code": ("expect_column_values_to_be_credit_codes", None),
    "phone": ("expect_column_values_to_be_telephone_numbers", None),
    "date": ("expect_column_values_to_be_declared_dates", None),
    "birth": ("expect_column_values_to_be_birth_dates", None),
    "birth_of_number": (None, "expect_columns_to_tell_the_birth_of_the_number"),
    "sex_of_number": (None, "expect_columns_to_tell_the_sex_of_the_number"),
    "point": (None, "expect_columns_to_be_points_in_china"),
    "geometry": ("expect_column_values_to_be_polygons_in_china", None),
}
EACH = "expect_each_of_columns_to_keep_rule"
DEFAULT = ("expect_column_values_to_keep_rule", "expect_columns_to_keep_rule")
