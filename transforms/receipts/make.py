"""Makes the receipts of a night: per drop a workbook, a document for programs and a page, signed."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.rules import wordings
from transforms import receipt_form, store
from transforms.receipts import entities, own, places, verdicts, workbook
from transforms.receipts.disputes import disputes
from transforms.receipts.drops import Drop, drops, earlier
from transforms.receipts.page import page
from transforms.receipts.rows import Rows
from transforms.receipts.sign import SIGNED, signed
from transforms.receipts.summary import canonical, document
from transforms.receipts.words import PHASES, STATES, VERDICTS, mended
from transforms.run import Run

MOST_ROWS = 300_000  # of a workbook people can still open; above it only what is not green (issue: receipts)
_WIDTHS = (8, 30, 40, 14, 48, 26)
_OWN_WIDTH = 18


@dataclass(frozen=True)
class Made:
    """One receipt: whose, of which file, and where it lies."""

    source: str
    night: str
    phase: str
    state: str
    file: str
    folder: str
    parts: tuple[str, ...]
    counts: dict[str, int]


def make(run: Run, out: Path, source: str | None = None, most_rows: int = MOST_ROWS) -> list[Made]:
    """Write the receipts of every drop of a night below ``out/<source>/<night>/``; again, and the bytes are the same.

    Args:
        run: the night.
        out: where receipts lie.
        source: only this one.
        most_rows: above it the workbook holds what is not green, and a file in the drop's own format holds all.

    Raises:
        GridfactsError: ``NOT_FOUND``: nothing of the source was landed.
        StaleInputError: a room's output is missing, incomplete or stale.
    """
    return [_receipt(drop, out / drop.contract.source / run.night, most_rows) for drop in drops(run, source)]


def again(run: Run, out: Path, batches: Collection[str], most_rows: int = MOST_ROWS) -> list[Made]:
    """Issue the receipts of some batches anew, as this night's books see them: they were judged again.

    Args:
        run: the night whose books count.
        out: where receipts lie: ``out/<source>/<night>/``, the night being this one.
        batches: which, whenever they came.
        most_rows: as for :func:`make`.

    Raises:
        StaleInputError: a room's output is missing, incomplete or stale.
    """
    return [_receipt(drop, out / drop.contract.source / run.night, most_rows) for drop in earlier(run, batches)]


def _receipt(drop: Drop, folder: Path, most_rows: int) -> Made:
    folder.mkdir(parents=True, exist_ok=True)
    rows = _rows(drop)
    receipt = document(drop, rows)
    parts: dict[str, str] = {}
    book = f"{drop.receipt_name}.xlsx"
    _write(folder, book, parts, lambda path: _book(drop, receipt, rows, most_rows, path))
    if rows is not None and len(rows.judged) > most_rows:
        whole_name = f"{drop.receipt_name}全部"
        _write(folder, whole_name, parts, lambda path: own.write_all(drop, path, rows.names, rows.tables()))
    beside = sorted(parts)
    _write(
        folder,
        f"{drop.receipt_name}.html",
        parts,
        lambda path: path.write_text(page(receipt, rows, beside), "utf-8") and path,
    )
    whole = canonical(signed(drop.run.settings, receipt, parts))
    document_name = f"{drop.receipt_name}{SIGNED}"
    _write(folder, document_name, {}, lambda path: path.write_bytes(whole) and path)
    return Made(
        drop.contract.source, drop.run.night, receipt["phase"], receipt["state"], drop.file, str(folder),
        (*sorted(parts), document_name), receipt["counts"],
    )  # fmt: skip


def _rows(drop: Drop) -> Rows | None:
    """What is said of every row; None of a file that was not split into rows."""
    if drop.batch is None:
        return None
    judged = verdicts.verdicts(drop)
    found = verdicts.findings(drop)
    words = wordings(drop.run.settings.expectations)
    doubted = tuple(d for d in disputes(drop.run.settings, drop.contract.source) if d.state == "open")
    beside = places.places(drop, judged).merge(entities.entities(drop, judged), on="ordinal", validate="1:1")
    return Rows(drop, own.headings(drop), judged, found, beside, words, doubted)


def _write(folder: Path, name: str, parts: dict[str, str], make_it: Callable[[Path], Any]) -> None:
    """Write a part beside its place, move it there whole, and note its hash."""
    beside = folder / f".{os.getpid()}.{name}"
    made = make_it(beside)
    made = made if isinstance(made, Path) else beside
    ending = made.name.removeprefix(beside.name)
    made.replace(folder / f"{name}{ending}")
    parts[f"{name}{ending}"] = store.file_sha256(folder / f"{name}{ending}")


def _book(drop: Drop, receipt: dict[str, Any], rows: Rows | None, most_rows: int, path: Path) -> None:
    guide = workbook.Sheet(receipt_form.GUIDE, (), (), above=_guide(receipt, rows, most_rows), widths=(100,))
    if rows is None:
        workbook.write(path, [guide])
        return
    arrives = drop.contract.arrives
    wanted = ~rows.green() if len(rows.judged) > most_rows else None
    widths = (*_WIDTHS, *[_OWN_WIDTH] * (len(rows.names) - len(_WIDTHS)))
    lines = ("回执：左边是结论，右边是原文件的内容", *[""] * (arrives.header_row - 2))[: arrives.header_row - 1]
    sheet = workbook.Sheet(
        arrives.sheet or receipt_form.ROWS,
        rows.names,
        rows.tables(wanted),
        above=lines,
        styles=rows.styles,
        widths=widths,
        frozen=2,
        wrapped=[rows.verdict_names[at] for at in (2, 3, 4)],
    )
    workbook.write(path, [sheet, guide])


def _guide(receipt: dict[str, Any], rows: Rows | None, most_rows: int) -> list[str]:
    lines = [
        f"{receipt['label']} 回执", f"回执号 {receipt['receipt']}", f"文件 {receipt['file']['name']}",
        f"数据日期 {receipt['as_of'] or ''}　处理日期 {receipt['night']}　{PHASES[receipt['phase']]}",
        STATES[receipt["state"]],
    ]  # fmt: skip
    lines += [said for said in (receipt["why"], mended(receipt)) if said]
    lines += [f"{VERDICTS[verdict]}：{count} 行" for verdict, count in receipt["counts"].items()]
    lines += [
        f"核查中：第 {line} 行 {heading}，请核实并在 {due} 前随下次报送答复"
        for line, heading, due in receipt["disputes"]
    ]
    if rows is not None and len(rows.judged) > most_rows:
        lines.append("行数多，本表只列需要看的行；全部行在旁边的同名文件里")
    mending = ["更正时按文件名规则报送改好后的完整文件（不能只含改过的行）"]
    if rows is not None:
        mending += [
            "也可以直接在本表上改红色、黄色的单元格，保存后把本文件（文件名不改）放回报送目录：只更正改过的单元格，其他行不受影响",
            f"请不要改“{rows.verdict_names[0]}”一列和本页；删掉的行按没有改过处理",
            f"{receipt_form.BATCH}{receipt['batch']}",
        ]
    return [*lines, "红色：请更正；黄色：请核对；绿色：已接收", *mending]
