"""Persons whose request to erase or to restrict was granted: known again by keyed digests, never by a clear value.

PIPL article 47 knows two answers: erase, or where that may not be, stop all processing but storage (restrict, 封存).
A request is a row of control with who, when and why; what it reaches stands beside it as digests under the record key,
which never rotates: ``record`` (ids of records), ``document`` (a number, in the one form every source's writing of it
comes to) and ``row`` (the words of a row whose source gives it no key). Rows of any later file meet the same digests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from transforms import database, decisions, documents, keys, values
from transforms.contract import Contract
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.keys import SEPARATOR
from transforms.run import Settings

KIND = "person"  # whose requests these are: natural persons
WHATS = ("record", "document", "row")
Action = Literal["erase", "restrict"]
Digests = Mapping[str, frozenset[str]]
"""What (:data:`WHATS`) → digests."""


def grant(
    stores: Databases, action: Action, entity: str | None, digests: Mapping[str, Iterable[str]], by: str, reason: str
) -> int:
    """Write a granted request down; it reaches rows by its digests.

    Args:
        stores: the databases.
        action: what was granted.
        entity: the entity it is about, None where the subject's row stands in none.
        digests: what (:data:`WHATS`) → digests.
        by: who granted it.
        reason: why.

    Returns:
        Its number.

    Raises:
        GridfactsError: ``NOBODY``: no name or reason. ``NOT_FOUND``: nothing to know the subject by.
            ``DECIDED``: the same action on the same digests stands.
        DatabaseError: control cannot be written.
    """
    told = sorted((what, digest) for what, found in digests.items() for digest in found)
    if not by.strip() or not reason.strip():
        raise GridfactsError("NOBODY", "a decision needs the name of who decides, and why")
    if not told:
        raise GridfactsError("NOT_FOUND", "there is no row to know the subject by")
    with database.deciding(stores.control, "subject") as (connection, subject):
        key = sa.Table("subject_key", sa.MetaData(), autoload_with=connection)
        stands = sa.and_(subject.c.action == action, subject.c.retired_at.is_(None))
        for number in connection.scalars(sa.select(subject.c.subject_id).where(stands)).all():
            known = sa.select(key.c.what, key.c.digest).where(key.c.subject_id == number)
            if set(told) <= {(row.what, row.digest) for row in connection.execute(known)}:
                raise GridfactsError("DECIDED", f"request {number} says so already")
        number = int(connection.scalar(sa.select(sa.func.max(subject.c.subject_id))) or 0) + 1
        who = {"decided_by": by, "decided_at": database.moment(), "reason": reason}
        what = {"subject_id": number, "action": action, "kind": KIND, "entity_id": entity}
        connection.execute(sa.insert(subject).values(**what, **who))
        connection.execute(
            sa.insert(key), [{"subject_id": number, "what": name, "digest": digest} for name, digest in told]
        )
    return number


def save(stores: Databases) -> list[dict[str, Any]]:
    """Every standing request with its digests, to be kept apart from backups (:func:`take`); no clear value is in it.

    Raises:
        DatabaseError: control cannot be read.
    """
    known = database.read(stores.control, "subject_key").to_pylist()
    found = []
    for row in requests(stores):
        mine = [one for one in known if one["subject_id"] == row["subject_id"]]
        digests = {what: sorted(one["digest"] for one in mine if one["what"] == what) for what in WHATS}
        kept = {name: row[name] for name in ("action", "entity_id", "decided_by", "decided_at", "reason")}
        found.append(kept | {"digests": digests})
    return found


def take(stores: Databases, saved: Iterable[Mapping[str, Any]], by: str) -> int:
    """Grant again what was saved and does not stand here: the databases are an older state, restored from a backup.

    Returns:
        How many those were.

    Raises:
        GridfactsError: ``NOBODY``, ``NOT_FOUND``: as :func:`grant`.
        DatabaseError: control cannot be written.
    """
    done = 0
    for one in saved:
        reason = f"{one['reason']} (granted by {one['decided_by']}, {one['decided_at']}; taken from what was saved)"
        try:
            grant(stores, one["action"], one["entity_id"], one["digests"], by, reason)
            done += 1
        except GridfactsError as error:
            if error.code != "DECIDED":
                raise
    return done


def requests(stores: Databases, action: Action | None = None, *, standing: bool = True) -> list[dict[str, Any]]:
    """Granted requests in order.

    Raises:
        DatabaseError: control cannot be read.
    """
    where = {"action": action} if action else None
    return decisions.decisions(stores, "subject", where, standing=standing)


def digests(stores: Databases, action: Action) -> Digests:
    """What every standing request of an action knows its subject by; empty sets where none stands.

    Raises:
        DatabaseError: control cannot be read.
    """
    found: dict[str, set[str]] = {what: set() for what in WHATS}
    numbers = {row["subject_id"] for row in requests(stores, action)}
    if numbers:
        for row in database.read(stores.control, "subject_key").to_pylist():
            if row["subject_id"] in numbers:
                found[row["what"]].add(row["digest"])
    return {what: frozenset(of) for what, of in found.items()}


def hidden(stores: Databases) -> frozenset[str]:
    """The records whose entities show no fields: restricted ones, and those that the next run erases.

    Raises:
        DatabaseError: control cannot be read.
    """
    return digests(stores, "restrict")["record"] | digests(stores, "erase")["record"]


def of_rows(settings: Settings, contract: Contract, rows: pa.Table) -> pa.Table:
    """By what each landed row of a source that tells of persons can be known again.

    Args:
        settings: whose keys make the digests.
        contract: of the source.
        rows: landed rows (:data:`transforms.model.LANDED`) with the contract's headings.

    Returns:
        One row each in their order, a text column for each of :data:`WHATS`, null where the row says none.
    """
    record, source = keys.load(settings).record, contract.source
    natural = _natural_keys(contract, rows)
    said = pc.binary_join_element_wise(rows["digest"], pa.scalar("1"), SEPARATOR).combine_chunks()
    alone = pc.if_else(pc.and_(natural.is_null(), rows["fault"].combine_chunks().is_null()), said, None)
    columns = (
        _digested(natural, lambda texts: keys.load(settings).record_ids(source, KIND, texts)),
        _digested(numbers(contract, rows), lambda texts: record.identifiers(("subject", "document"), texts)),
        _digested(alone, lambda texts: record.identifiers(("subject", "row", source), texts)),
    )
    return pa.table(dict(zip(WHATS, columns, strict=True)))


def matching(settings: Settings, contract: Contract, rows: pa.Table, wanted: Digests) -> pa.Array:
    """Which landed rows (a bool each) are of a subject that these digests know; arguments as :func:`of_rows`."""
    told = of_rows(settings, contract, rows)
    found = pa.array([False] * rows.num_rows)
    for what in WHATS:
        known = pc.is_in(told[what].combine_chunks(), value_set=pa.array(sorted(wanted[what]), pa.string()))
        found = pc.or_(found, known)
    return found


def _digested(texts: pa.Array, digest: Any) -> pa.Array:  # noqa: ANN401 - a function of text to text
    """Each text's digest, null where it is null; each distinct text is digested once."""
    distinct = texts.dictionary_encode()
    return digest(distinct.dictionary).take(distinct.indices)


def _natural_keys(contract: Contract, rows: pa.Table) -> pa.Array:
    """The parts of each row's key as a person's record, joined; null where one is not said or there is none."""
    parts = [_said(contract, rows, heading) for heading in contract.feeds[KIND].key]
    if not parts:
        return pa.nulls(rows.num_rows, pa.string())
    arrays = [pa.array(part, pa.string(), from_pandas=True) for part in parts]
    return pc.binary_join_element_wise(*arrays, SEPARATOR)


def numbers(contract: Contract, rows: pa.Table) -> pa.Array:
    """Category (``resident`` or GA/T 517 kind) and number of each row's valid document, joined by U+001F; else null."""
    fed = contract.columns_of(KIND)
    if "document" not in fed:
        return pa.nulls(rows.num_rows, pa.string())
    text = _said(contract, rows, fed["document"].heading)
    kinds = pd.Series(fed["document"].document_kind, index=text.index, dtype=object)
    if "document_kind" in fed:
        kinds = _said(contract, rows, fed["document_kind"].heading).map(fed["document_kind"].codes or {})
    read = documents.document(text, kinds.where(kinds.notna(), None))
    kinds = kinds.where(~kinds.isin(_RESIDENT) & kinds.notna(), "resident")
    told = kinds.astype(str) + SEPARATOR + read["number"].astype(str)
    return pa.array(told.where(read["valid"].astype(bool), None), pa.string(), from_pandas=True)


_RESIDENT = ["111", "112", "113"]  # identity card, temporary card, household book: one number


def _said(contract: Contract, rows: pa.Table, heading: str) -> pd.Series:
    text = values.clean_text(rows[heading].to_pandas())
    return text.where(~text.isin(list(contract.arrives.null_marks)), None)
