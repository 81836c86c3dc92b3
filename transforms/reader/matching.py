"""Rows of a consumer beside the entities it may see: equal values, exactly one entity or none said."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pandas as pd
import pyarrow as pa
from sqlalchemy.engine import Connection

from transforms import bulk, documents, tables, values
from transforms.keys import Keys
from transforms.reader import selection
from transforms.reader.package import Package, base_of

MATCHED, NOT_FOUND, SEVERAL = "matched", "not_found", "several"
ANSWERS = (MATCHED, NOT_FOUND, SEVERAL)
_BETWEEN = re.compile(r"[·•・‧∙⋅．.\s]+")  # what people put between the parts of a name, or do not
Ways = Sequence[Sequence[str]]


def seen(
    connection: Connection, package: Package, name: str, ways: Ways, years_before: Callable[[int], str]
) -> pd.DataFrame:
    """Every entity the package lets see: ``entity`` and the columns of the ways as text; a row for each document."""
    base = base_of(name)
    columns = sorted({column for way in ways for column in way} - {"document"})
    text = selection.seen(package, name, [base.key[0], *columns], years_before)
    schema = pa.schema([("entity", pa.string()), *((one, tables.ARROW[base.columns[one].type]) for one in columns)])
    found = _frame(connection, text, schema)
    for column in columns:
        found[column] = _folded(found[column])
    if any("document" in way for way in ways):
        held = "SELECT entity_id, token FROM vault_identifier WHERE known_to IS NULL AND what = 'document'"
        numbers = _frame(connection, held, pa.schema([("entity", pa.string()), ("document", pa.string())]))
        found = found.merge(numbers, on="entity", how="left")
    return found


def match(asked: pd.DataFrame, known: pd.DataFrame, ways: Ways, secret: Keys) -> pd.DataFrame:
    """The answer of each row: its key, ``answer`` and ``entity`` (null unless matched).

    A way is tried where the ways before it found nothing and the row says all its columns.
    """
    rows = asked.copy()
    for column in rows.columns.drop("key"):
        rows[column] = _tokens(rows, secret) if column == "document" else _folded(rows[column])
    rows["answer"], rows["entity"] = NOT_FOUND, None
    for way in ways:
        if set(way) <= set(rows.columns):
            here = rows.index[rows["answer"].eq(NOT_FOUND) & rows[list(way)].notna().all(axis=1)]
            pairs = rows.loc[here, list(way)].reset_index().merge(
                known[["entity", *way]].dropna().drop_duplicates(), on=list(way)
            )  # fmt: skip
            told = pairs.groupby("index")["entity"].agg(["nunique", "min"])
            rows.loc[told.index, "answer"] = told["nunique"].gt(1).map({True: SEVERAL, False: MATCHED})
            one = told.index[told["nunique"].eq(1)]
            rows.loc[one, "entity"] = told.loc[one, "min"]
    return rows


def _frame(connection: Connection, text: str, schema: pa.Schema) -> pd.DataFrame:
    pieces = [batch for piece in bulk.query(connection, text, schema) for batch in piece.to_batches()]
    return pa.Table.from_batches(pieces, schema).to_pandas(date_as_object=True)


def _folded(column: pd.Series) -> pd.Series:
    """As two people would write the same: NFKC, no blanks or dots, upper case; days as ISO text."""
    distinct, codes = values.per_distinct(column)
    clean = values.clean_text(distinct.map(lambda one: None if pd.isna(one) else str(one)))
    folded = clean.map(lambda text: _BETWEEN.sub("", text).upper() or None if isinstance(text, str) else None)
    return pd.Series(folded.astype(object).take(codes.to_numpy()).to_numpy(), index=column.index, dtype=object)


def _tokens(rows: pd.DataFrame, secret: Keys) -> pd.Series:
    """Link tokens of valid resident numbers; none of a number that stands beside two names: that would be guessing."""
    read = documents.resident(rows["document"])
    numbers = read["number"].where(read["valid"].astype(bool))
    if "name" in rows:
        names = _folded(rows["name"]).groupby(numbers).nunique()
        numbers = numbers.where(~numbers.isin(names.index[names.gt(1)]))
    told = numbers.dropna()
    tokens = secret.link_tokens(documents.RESIDENT_TOKENS, pa.array(told, pa.string()))
    return pd.Series(tokens.to_pylist(), index=told.index, dtype=object).reindex(rows.index)
