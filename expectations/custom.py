"""Expectations that Great Expectations does not bring: Chinese documents, codes, coordinates. Import registers them.

Importing this module imports Great Expectations, which takes seconds; :mod:`expectations.suites` does it when a suite
is first run. Every class is one check of :mod:`expectations.kernels`; ``rule`` picks which of its findings counts.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
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

from expectations import kernels

_ARGUMENTS = ("check", "rule", "options")
# (check, options, digest of the rows) -> broken rule ids, no values: a document column is under five rules of one.
_ANSWERS: dict[tuple[str, str, str], kernels.Reasons] = {}


def _kept(frame: pd.DataFrame, check: str, rule: str, options: dict[str, Any]) -> pd.Series:
    numbered = frame.set_axis(range(frame.shape[1]), axis=1).reset_index(drop=True).astype(object)
    content = hashlib.sha256(pd.util.hash_pandas_object(numbered, index=False).to_numpy().tobytes()).hexdigest()
    key = (check, repr(sorted(options.items())), content)
    if key not in _ANSWERS:
        _ANSWERS[key] = kernels.evaluate(check, numbered.where(numbered.notna(), None), options)
    return pd.Series(np.asarray(_ANSWERS[key] != rule, dtype=bool), index=frame.index)


def forget() -> None:
    """Drop the answers kept for the rules of one suite."""
    _ANSWERS.clear()


class _ColumnMetric(ColumnMapMetricProvider):
    condition_metric_name = "column_values.gridfacts"
    condition_value_keys = _ARGUMENTS

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, check: str, rule: str, options: dict[str, Any], **_: object) -> pd.Series:  # noqa: N805
        return _kept(column.to_frame(), check, rule, options)


class _ColumnsMetric(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.gridfacts"
    condition_value_keys = _ARGUMENTS
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, frame: pd.DataFrame, check: str, rule: str, options: dict[str, Any], **_: object) -> pd.Series:  # noqa: N805
        return _kept(frame, check, rule, options)


class ExpectColumnValuesToKeepRule(ColumnMapExpectation):
    """A rule of one column."""

    check: str
    rule: str
    options: dict[str, Any]

    map_metric = "column_values.gridfacts"
    success_keys = (*_ARGUMENTS, "mostly")
    args_keys = ("column", *_ARGUMENTS)


class ExpectColumnsToKeepRule(MulticolumnMapExpectation):
    """A rule of one column beside others."""

    check: str
    rule: str
    options: dict[str, Any]

    map_metric = "multicolumn_values.gridfacts"
    success_keys = (*_ARGUMENTS, "mostly")
    args_keys = ("column_list", *_ARGUMENTS)


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
DEFAULT = ("expect_column_values_to_keep_rule", "expect_columns_to_keep_rule")
