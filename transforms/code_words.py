"""Words of departments that hold for a time: ``lookups/code_words.csv`` beside the code maps of the contracts.

A row says what a word of one column means (``source heading word means``) from ``valid_from`` to ``valid_to``. A word
that stands there holds on its days alone, whatever the contract's map says of it. The day is that of the delivery
(``as_of``): it is what the department meant when it wrote, however late the file comes or is judged again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa

from transforms import contract as contracts
from transforms import lookups, values
from transforms.contract import Column, Contract
from transforms.keys import SEPARATOR

NAME = "code_words"
Dated = dict[str, dict[str, str | None]]


def dated(source: str, expectations: Path, day: str) -> Dated:
    """Heading → word → what it means on a day, None where it means nothing then, of the words that have days.

    Args:
        source: whose words.
        expectations: of the deployment.
        day: ISO day of a delivery.
    """
    found: Dated = {}
    for row in lookups.rows(expectations, NAME):
        if row["source"] == source:
            first, last = lookups.days(row)
            words = found.setdefault(row["heading"], {})
            words[row["word"]] = row["means"] if first <= day <= last else words.get(row["word"])
    return found


def on(contract: Contract, expectations: Path, day: str) -> Contract:
    """The contract with the code maps that hold on a day; arguments as :func:`dated`."""
    words = dated(contract.source, expectations, day)
    columns = tuple(_column(column, words.get(column.heading, {})) for column in contract.columns)
    return contract.model_copy(update={"columns": columns}) if words else contract


def _column(column: Column, words: Mapping[str, str | None]) -> Column:
    if column.codes is None or not words:
        return column
    codes = {word: means for word, means in {**column.codes, **words}.items() if means is not None}
    return column.model_copy(update={"codes": codes})


def other(source: str, expectations: Path, day: str) -> Dated:
    """Of :func:`dated`, the words that mean another thing on a day than the contract says: what came is not retold."""
    own = {column.heading: column.codes or {} for column in contracts.load_all(expectations)[source].columns}
    told = {
        heading: {word: means for word, means in words.items() if means != own.get(heading, {}).get(word)}
        for heading, words in dated(source, expectations, day).items()
    }
    return {heading: words for heading, words in told.items() if words}


def stamped(cells: pa.Array, words: Mapping[str, str | None]) -> pa.Array:
    """Landed cells as a record's content counts them: a word that means another thing is another word.

    Args:
        cells: landed text of one column.
        words: of its heading (:func:`other`).

    Returns:
        The cells, and behind each such word U+001F and its meaning (nothing where it means nothing).
    """
    distinct = cells.dictionary_encode()
    said = pd.Series(distinct.dictionary.to_pylist(), dtype=object)
    told = [
        f"{cell}{SEPARATOR}{words[word] or ''}" if word in words else cell
        for cell, word in zip(said, values.clean_text(said), strict=True)
    ]
    return pa.array(told, pa.string()).take(distinct.indices)


def digest(contract: Contract) -> str:
    """Hash of the code maps of a contract: rooms whose outputs rest on them record it, for a day may change them."""
    told = [(column.heading, sorted((column.codes or {}).items())) for column in contract.columns]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def problems(promised: Mapping[str, Contract], expectations: Path) -> Iterator[str]:
    """Rows that no contract reads, and words that hold twice on one day: sentences that name the line."""
    seen: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for line, row in enumerate(lookups.rows(expectations, NAME), 2):
        contract = promised.get(row["source"])
        columns = {column.heading: column for column in contract.columns} if contract else {}
        if row["heading"] not in columns or columns[row["heading"]].codes is None:
            yield f"line {line}: source {row['source']} has no column {row['heading']} with codes"
        first, last = lookups.days(row)
        others = seen.setdefault((row["source"], row["heading"], row["word"]), [])
        if any(first <= until and since <= last for since, until in others):
            yield f"line {line}: a line before says what the word means on the same day"
        others.append((first, last))
