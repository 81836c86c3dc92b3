"""Documents, phones and foreign keys → keyed tokens. Nothing here lets a clear number out but :class:`Sealed`.

``near`` tokens: for each position the number without the character there, keyed together with the position. Two
numbers that differ in one character share exactly the token of that position; a number with one character lost (17)
stands for its own deletion at every position and so meets the whole one. Keeping the position costs nothing and does
not join numbers that agree only after a shift. They are 64-bit whole numbers: 50 million of them have one accidental
equality with a probability of 7e-5, and what is near is evidence of two rows, never a key that joins them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from transforms import documents, values
from transforms.keys import Keys

_NEAR_BYTES = 8
_WHOLE, _ONE_LOST = 18, 17
_RESIDENT_KINDS = {None, "111", "112", "113"}  # identity card, temporary card, household book: one number


@dataclass(frozen=True)
class Sealed:
    """Values for the vault: position of the row in its frame, what, token and clear value, side by side."""

    row: list[int]
    what: str
    token: list[str]
    value: list[str]


def fingerprint(keys: Keys) -> str:
    """Says under which keys a table was made, without telling them."""
    told = "".join(key.key_id + key.digest("fingerprint").hex() for key in (keys.record, keys.token, keys.vault))
    return hashlib.sha256(told.encode()).hexdigest()


def category(kind: str | None) -> str:
    """Document kinds that share one number space share one category of tokens."""
    return "resident" if kind in _RESIDENT_KINDS else str(kind)


def document(series: pd.Series, kinds: pd.Series, struck: pd.Series, keys: Keys) -> tuple[pd.DataFrame, Sealed]:
    """Identity documents.

    Args:
        series: landed numbers or None.
        kinds: GA/T 517 kind of each, or None.
        struck: rows whose value check struck as unusable; of these only near tokens of a malformed number remain.
        keys: the deployment's keys.

    Returns:
        ``kind valid token near birth sex`` on the same index, and the numbers to seal.
    """
    codes, distinct = pd.factorize(kinds.fillna("").astype(object) + "|" + series.fillna("").astype(object))
    parts = [pair.partition("|") for pair in distinct]
    numbers = pd.Series([number or None for _, _, number in parts], dtype=object)
    of_kind = pd.Series([kind or None for kind, _, _ in parts], dtype=object)
    read = documents.document(numbers, of_kind)
    categories = pd.Series([category(kind) for kind in of_kind], dtype=object)
    tokens = np.full(len(read), None, dtype=object)
    for name in sorted(categories.unique()):
        here = np.flatnonzero(categories.eq(name) & read["valid"])
        tokens[here] = _tokens(f"document:{name}", read["number"].to_numpy()[here], keys)
    resident = categories.eq("resident")
    keyed = _nearness(keys.token.digest("document_near"))
    near = [
        _near(number, keyed) if here and number else None for number, here in zip(read["number"], resident, strict=True)
    ]
    table = pd.DataFrame(
        {"kind": of_kind.where(numbers.notna(), None), "valid": read["valid"], "token": tokens, "near": near,
         "birth": read["birth"], "sex": read["sex"], "number": read["number"]}, dtype=object,
    )  # fmt: skip
    rows = table.take(codes).set_axis(series.index)
    return _without_struck(rows, struck)


def _tokens(what: str, texts: Sequence[str], keys: Keys) -> list[str]:
    found: list[str] = keys.link_tokens(what, pa.array(texts, pa.string())).to_pylist()
    return found


def _without_struck(rows: pd.DataFrame, struck: pd.Series) -> tuple[pd.DataFrame, Sealed]:
    valid = rows["valid"].astype(bool)
    rows["near"] = rows["near"].where(~(struck & valid), None)
    rows["valid"] = valid & ~struck
    for name in ("token", "birth", "sex"):
        rows[name] = rows[name].where(~struck, None)
    at = np.flatnonzero(rows["token"].notna().to_numpy())
    sealed = Sealed(at.tolist(), "document", rows["token"].iloc[at].tolist(), rows["number"].iloc[at].tolist())
    return rows.drop(columns="number"), sealed


def _nearness(secret: bytes) -> list[hashlib.blake2b]:
    """A keyed BLAKE2b (RFC 7693) per position that has been told the position: copied, it need not be keyed again."""
    keyed = [hashlib.blake2b(digest_size=_NEAR_BYTES, key=secret) for _ in range(_WHOLE)]
    for position, mac in enumerate(keyed):
        mac.update(f"{position}:".encode())
    return keyed


def _near(number: str, keyed: list[hashlib.blake2b]) -> npt.NDArray[np.uint64] | None:
    """Eighteen per number, so the MAC that costs a third of an HMAC."""
    if len(number) not in (_WHOLE, _ONE_LOST):
        return None
    found = []
    for position, mac in enumerate(keyed):
        rest = number[:position] + number[position + 1 :] if len(number) == _WHOLE else number
        one = mac.copy()
        one.update(rest.encode())
        found.append(one.digest())
    return np.sort(np.frombuffer(b"".join(found), dtype=">u8").astype(np.uint64))


def phones(series: pd.Series, keys: Keys) -> tuple[pd.Series, Sealed]:
    """Lists of tokens of the usable numbers in each cell, and the numbers to seal."""
    lists = values.phones(series)
    numbers = sorted({n for cell in lists for n in cell})
    token = dict(zip(numbers, _tokens("phone", numbers, keys), strict=True))
    rows = [(row, number) for row, cell in enumerate(lists) for number in cell]
    sealed = Sealed([row for row, _ in rows], "phone", [token[n] for _, n in rows], [n for _, n in rows])
    tokens = pd.Series([sorted(token[n] for n in cell) or None for cell in lists], index=series.index, dtype=object)
    return tokens, sealed


def numbers(series: pd.Series, name: str, keys: Keys) -> tuple[pd.Series, Sealed]:
    """Tokens of the numbers of another register (letters and digits count, capitals are one), and what to seal.

    Args:
        series: clean text; what does not look like the number is struck already.
        name: the property: numbers of one name mean the same whoever says them.
        keys: the deployment's keys.
    """
    bare = series.str.upper().str.replace(r"[^0-9A-Z]", "", regex=True).astype(object)
    at = np.flatnonzero(bare.fillna("").ne("").to_numpy())
    told = bare.iloc[at].tolist()
    found = _tokens(f"number:{name}", told, keys)
    tokens = pd.Series(np.full(len(series), None, dtype=object), index=series.index, dtype=object)
    tokens.iloc[at] = found
    return tokens, Sealed(at.tolist(), name, found, told)


def references(series: pd.Series, source: str, keys: Keys) -> pd.Series:
    """A department's own key of something else (a household number) as an opaque reference."""
    distinct, codes = values.per_distinct(series)
    texts = pa.array(values.clean_text(distinct), pa.string())
    made = np.full(len(texts), None, dtype=object)
    made[texts.is_valid().to_numpy(zero_copy_only=False)] = keys.record.identifiers(
        ("reference", source), texts.drop_null()
    ).to_pylist()
    return pd.Series(pd.Series(made, dtype=object).take(codes).to_numpy(), index=series.index, dtype=object)
