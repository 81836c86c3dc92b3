"""What waits in quarantine: rule, field, a masked value, how to mend it, who answers and until when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from expectations.rules import Wording, wordings
from transforms import attested, database, decisions, manifest, store
from transforms import contract as contracts
from transforms.contract import Contract
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.model import UNKEPT
from transforms.receipts import workbook
from transforms.receipts.own import unformula
from transforms.receipts.words import wording
from transforms.run import Settings

_HEADINGS = {
    "source": "来源", "label": "名称", "file": "文件", "line": "行号", "rule": "规则", "message": "问题",
    "field": "字段", "value": "内容（已遮蔽）", "hint": "怎么改", "department": "责任单位", "contact": "联系",
    "since": "自", "due": "应于",
}  # fmt: skip


@dataclass(frozen=True)
class Waiting:
    """One thing that keeps a row in quarantine.

    Attributes:
        value: the cell with all but its first and last character masked, null where the whole row is concerned or
            nothing is kept of the value (:data:`transforms.model.UNKEPT`).
        since, due: the night the batch first came, and the day by which the department promised an answer.
    """

    source: str
    label: str
    batch: str
    file: str
    line: int
    rule: str
    message: str
    field: str | None
    value: str | None
    hint: str
    department: str
    contact: str
    since: str
    due: str


@dataclass(frozen=True)
class Group:
    """What waits for the same reason: how many rows, the longest since when, and until when an answer is due."""

    source: str
    rule: str
    field: str | None
    rows: int
    since: str
    due: str
    department: str
    hint: str


def grouped(found: Iterable[Waiting]) -> list[Group]:
    """By source, rule and field, the longest waiting first."""
    parts: dict[tuple[str, str, str], list[Waiting]] = {}
    for one in found:
        parts.setdefault((one.source, one.rule, one.field or ""), []).append(one)
    groups = [
        Group(
            of[0].source, of[0].rule, of[0].field, len(of), min(w.since for w in of), min(w.due for w in of),
            of[0].department, of[0].hint,
        )
        for of in parts.values()
    ]  # fmt: skip
    return sorted(groups, key=lambda g: (g.since, g.source, -g.rows, g.rule, g.field or ""))


def waiting(settings: Settings, source: str | None = None, rule: str | None = None) -> list[Waiting]:
    """Everything that keeps a row in quarantine, of one source and rule or of all, in the order of files and lines.

    A recalled delivery waits for nothing, from the moment it is recalled.

    Raises:
        DatabaseError: control cannot be read.
        StaleInputError: what land or check left of a batch is gone or damaged.
    """
    rows = database.read(database.open_databases(settings).control, "quarantine", where=_where(source)).to_pandas()
    known, words = contracts.load_all(settings.expectations), wordings(settings.expectations)
    recalls = decisions.recalls(settings)
    found: list[Waiting] = []
    for (name, batch), of in rows.groupby(["source", "batch"], sort=True):
        if name in known and not recalls.get(str(batch), False):
            found += _of_batch(settings, known[str(name)], words, str(batch), of)
    return [one for one in found if rule in (None, one.rule)]


def _where(source: str | None) -> dict[str, str | int | None]:
    return {"state": "open"} if source is None else {"state": "open", "source": source}


def _of_batch(
    settings: Settings, contract: Contract, words: dict[str, Wording], batch: str, rows: pd.DataFrame
) -> Iterable[Waiting]:
    land, check = (store.batch_dir(settings, room, batch) for room in ("land", "check"))
    file = str(manifest.require(settings.lake, land, "land").facts["file"])
    manifest.require(settings.lake, check, "check")
    finding = store.read_table(check / "finding.parquet").to_pandas()
    since = dict(zip(rows["ordinal"], rows["since"], strict=True))
    finding = finding[finding["ordinal"].isin(since)]
    unkept = finding.loc[finding["rule"].isin(UNKEPT), ["ordinal", "field"]]
    untold = set(unkept.itertuples(index=False, name=None))
    finding = finding[finding["effect"].eq("quarantine")]
    fields = sorted({field for field in finding["field"] if isinstance(field, str)})
    cells = store.read_table(land / "rows.parquet", ["ordinal", *fields]).to_pandas().set_index("ordinal")
    for row in finding.itertuples(index=False):
        told = wording(words, row.rule)
        field = row.field if isinstance(row.field, str) else None
        began = str(since[row.ordinal])
        due = dt.date.fromisoformat(began) + dt.timedelta(days=contract.owner.answers_within_days)
        value = None if field is None or (row.ordinal, field) in untold else cells.loc[row.ordinal, field]
        yield Waiting(
            contract.source, contract.label, batch, file, int(row.line), row.rule,
            told.message_zh if told else row.rule, field,
            masked(value), told.hint_zh if told else "",
            contract.owner.department, contract.owner.contact, began, due.isoformat(),
        )  # fmt: skip


def masked(value: object) -> str | None:
    """A cell with all but its first and last character masked (of two the last, one wholly); null stays null.

    The least that helps a clerk find the cell (faults.md finding 12: more of a number is no mask).
    """
    if not isinstance(value, str) or not value:
        return None
    text = "".join(c if c.isprintable() else "?" for c in value)
    if len(text) == 1:
        return "*"
    shown = text[-1] if len(text) > 2 else ""
    return f"{text[0]}{'*' * min(len(text) - 1 - len(shown), 20)}{shown}"


def one_row(settings: Settings, what: str) -> list[Waiting]:
    """What keeps one row in quarantine.

    Args:
        settings: whose control database.
        what: ``source:batch-or-file-name:line``.

    Raises:
        GridfactsError: ``NOT_FOUND``: no such row waits.
    """
    source, _, rest = what.partition(":")
    file, _, line = rest.rpartition(":")
    found = [w for w in waiting(settings, source) if file in (w.batch, w.file) and str(w.line) == line]
    if not found:
        raise GridfactsError("NOT_FOUND", "no such row waits in quarantine; a row is source:file-or-batch:line")
    return found


def attest(
    settings: Settings, stores: Databases, what: str, rule: str, field: str | None, by: str, reason: str
) -> tuple[int, Waiting]:
    """Write down that a named person says an odd value is right.

    Args:
        settings: whose lake holds the row.
        stores: whose control takes the word.
        what: the row, as for :func:`one_row`.
        rule: the rule that shall not fire.
        field: its heading, where there are several.
        by: who.
        reason: why.

    Returns:
        The number of the attestation, and what waited.

    Raises:
        GridfactsError: ``NOT_FOUND``: no such row waits, or not for this rule and heading alone. ``NOT_ATTESTABLE``:
            the value cannot be read, whoever attests it. ``NOBODY``, ``DECIDED``: as :func:`decisions.decide`.
    """
    if rule not in attested.RULES:
        raise GridfactsError(
            "NOT_ATTESTABLE", f"{rule} is no matter of attesting; these are: {', '.join(attested.RULES)}"
        )
    found = [w for w in one_row(settings, what) if w.rule == rule and w.field and field in (None, w.field)]
    if len(found) != 1:
        raise GridfactsError(
            "NOT_FOUND", f"the row waits for {rule} {len(found)} times: name one field that it waits for"
        )
    [one] = found
    contract = contracts.load_all(settings.expectations)[one.source]
    land = store.batch_dir(settings, "land", one.batch)
    names = list(dict.fromkeys(["line", "digest", *contract.key, str(one.field)]))
    rows = store.read_table(land / "rows.parquet", names)
    row = rows.filter(pc.equal(rows["line"], one.line))
    [token] = attested.tokens(settings, contract, row, rule, str(one.field))
    told = {
        "source": one.source,
        "rule": rule,
        "field": one.field,
        "token": token,
        "batch": one.batch,
        "line": one.line,
    }
    return decisions.decide(stores, "attestation", told, by, reason), one


def table(found: Iterable[Waiting]) -> pa.Table:
    """The list as text columns with Chinese headings."""
    rows = list(found)
    return pa.table(
        {title: pa.array([_text(getattr(w, name)) for w in rows], pa.string()) for name, title in _HEADINGS.items()}
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def export(found: Iterable[Waiting], path: Path) -> None:
    """Write the list as XLSX or, by the path's ending, CSV; masked, and no cell is a formula.

    Raises:
        GridfactsError: ``ENDING``: neither .xlsx nor .csv.
    """
    whole = table(found)
    if path.suffix == ".xlsx":
        workbook.write(path, [workbook.Sheet("隔离", whole.column_names, [whole], widths=[18] * whole.num_columns)])
    elif path.suffix == ".csv":
        safe = {name: unformula(whole[name].combine_chunks()) for name in whole.column_names}
        pd.DataFrame({name: column.to_pandas() for name, column in safe.items()}).to_csv(
            path, index=False, encoding="utf-8-sig", lineterminator="\n"
        )
    else:
        raise GridfactsError("ENDING", "--out ends in .xlsx or .csv")
