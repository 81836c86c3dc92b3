"""The rows of a receipt as one table of text: the department's own columns beside what became of each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.rules import Wording
from transforms import receipt_form
from transforms.receipts import workbook
from transforms.receipts.disputes import Dispute
from transforms.receipts.drops import SAME_PERIOD, Drop
from transforms.receipts.words import GREEN, NOTED, STRUCK, VERDICTS, told, wording

_PIECE = 100_000
_EFFECTS = {"quarantine": "整行隔离", "strike": "该内容未采用", "note": "请核对"}
_WHOLE = "整行"
LINE, VERDICT, RULE, FIELD, HINT, OF = receipt_form.LINE, "结论", "规则", "字段", "怎么改", "以哪一行为准"
_STYLE = "\x00style "  # columns that say how a cell looks; no heading of a file can be called so (land refuses U+0000)


@dataclass(frozen=True)
class Rows:
    """Everything a receipt says of the rows of a batch.

    Attributes:
        drop: which one.
        own: the department's headings, in its order.
        judged: one row per landed row, by ordinal (:func:`transforms.receipts.verdicts.verdicts`).
        findings: what check found, rows that are quarantined first by their weightiest rule.
        places: where their addresses are, their entities and the columns that others speak for, by ordinal; only
            ``ordinal`` before the night is done.
        words: the wording of every rule.
        doubted: disputes of the source that are open.
    """

    drop: Drop
    own: list[str]
    judged: pd.DataFrame
    findings: pd.DataFrame
    places: pd.DataFrame
    words: Mapping[str, Wording]
    doubted: tuple[Dispute, ...] = ()

    @property
    def doubts(self) -> list[tuple[int, str, str]]:
        """Line, heading and due day of every cell of this file that is disputed; none before the night is done."""
        if "record_id" not in self.judged.columns:
            return []
        lines = self.judged.drop_duplicates("record_id").set_index("record_id")["line"]
        told = [d for d in self.doubted if d.record_id in lines.index]
        return sorted((int(lines[d.record_id]), d.heading or d.field, d.due) for d in told)

    @property
    def verdict_names(self) -> list[str]:
        """The headings of what became of a row; none is called like one of the department's own."""
        return [receipt_form.beside(name, self.own) for name in (LINE, VERDICT, RULE, FIELD, HINT, OF)]

    @property
    def names(self) -> list[str]:
        """Every heading: what became of the row, the department's own, where its addresses are."""
        return [*self.verdict_names, *self.own, *(c for c in self.places if c != "ordinal")]

    @property
    def styles(self) -> dict[str, str]:
        """Heading → the column of :meth:`tables` that says how each cell looks."""
        concerned = [h for h in self.own if h in set(self.findings["field"])]
        return {heading: f"{_STYLE}{heading}" for heading in (self.verdict_names[1], *concerned)}

    def green(self) -> npt.NDArray[np.bool_]:
        """Which rows need nobody's look: accepted, unchanged or deleted as asked, and nothing found."""
        found = self.judged["ordinal"].isin(self.findings["ordinal"])
        return np.asarray(self.judged["verdict"].isin(GREEN) & ~found, dtype=bool)

    def tables(self, wanted: npt.NDArray[np.bool_] | None = None) -> Iterator[pa.Table]:
        """The table piece by piece, in the order of the file.

        Args:
            wanted: which rows, by position; all by default.
        """
        path = self.drop.folder("land") / "rows.parquet"
        said = self._said()
        start = 0
        for batch in pq.ParquetFile(path, page_checksum_verification=True).iter_batches(_PIECE, columns=self.own):
            piece = slice(start, start + batch.num_rows)
            start += batch.num_rows
            keep = None if wanted is None else pa.array(wanted[piece])
            own = pa.Table.from_batches([batch]).select(self.own)
            beside = said.iloc[piece]
            columns = {name: pa.array(beside[name], _type(name), from_pandas=True) for name in beside}
            whole = pa.table({**columns, **dict(zip(own.column_names, own.columns, strict=True))})
            yield whole if keep is None else whole.filter(keep)

    def _said(self) -> pd.DataFrame:
        """What is said of each row, and how its cells look."""
        line, verdict, rule, field, hint, of = self.verdict_names
        told_of = self._reasons()
        judged = self.judged
        found = pd.DataFrame(
            {
                line: judged["line"].astype(str), verdict: self._verdicts(), rule: told_of["rule"],
                field: told_of["field"], hint: told_of["hint"], of: _of(judged, self.drop.file),
            },
            dtype=object,
        )  # fmt: skip
        places = self.places.drop(columns="ordinal")
        places = places.astype(object).where(places.notna(), None)
        return pd.concat([found.where(found.notna(), None), places, self._looks()], axis=1)

    def _verdicts(self) -> pd.Series:
        said = self.judged["verdict"].map(VERDICTS)
        passed = self.judged["verdict"].isin(GREEN)
        for effect, words in (("note", NOTED), ("strike", STRUCK)):
            concerned = self.findings["ordinal"][self.findings["effect"] == effect]
            said = said.mask(passed & self.judged["ordinal"].isin(concerned), words)
        return said

    def _reasons(self) -> pd.DataFrame:
        """Per row, by position: every finding's rule, field and hint, one after the other."""
        findings = worth_saying(self.findings)
        kinds = findings.groupby(["rule", "field", "effect"], dropna=False, sort=False)
        which = kinds.ngroup().to_numpy()
        texts = pd.DataFrame([self._texts(*key) for key, _ in kinds], columns=["rule", "field", "hint"], dtype=object)
        said = texts.take(which).set_axis(findings["ordinal"].to_numpy())
        repeated = said.index.duplicated(keep=False)
        several = said[repeated].groupby(level=0).agg("；".join) if repeated.any() else said[repeated]
        each = pd.concat([said[~repeated], several]).reindex(self.judged["ordinal"]).reset_index(drop=True)
        held = self.judged["verdict"].isin(["held", "recalled"])
        code = self.drop.hold or SAME_PERIOD
        return each.mask(held, pd.Series({"rule": code, "field": _WHOLE, "hint": told(code)}), axis=1)

    def _texts(self, rule: str, field: object, effect: str) -> tuple[str, str, str]:
        words = wording(self.words, rule)
        heading = field if isinstance(field, str) else _WHOLE
        message, hint = (words.message_zh, words.hint_zh) if words else (rule, "")
        return f"{message}（{_EFFECTS[effect]}，{rule}）", heading, f"{heading}：{hint}"

    def _looks(self) -> pd.DataFrame:
        """The style of the verdict's cell and of every cell that something was found in."""
        count = len(self.judged)
        verdict = np.full(count, workbook.YELLOW, dtype=np.int64)
        verdict[self.green()] = workbook.GREEN
        verdict[self.judged["verdict"].isin(["quarantined", "held", "recalled"]).to_numpy()] = workbook.RED
        found = {f"{_STYLE}{self.verdict_names[1]}": verdict}
        place = pd.Series(np.arange(count), index=self.judged["ordinal"])
        for heading in self.styles.keys() - {self.verdict_names[1]}:
            style = np.full(count, workbook.TEXT, dtype=np.int64)
            for effect, look in (("note", workbook.YELLOW), ("strike", workbook.YELLOW), ("quarantine", workbook.RED)):
                mine = self.findings[(self.findings["field"] == heading) & (self.findings["effect"] == effect)]
                style[place.reindex(mine["ordinal"]).to_numpy()] = look
            found[self.styles[heading]] = style
        return pd.DataFrame(found)


def _type(name: str) -> pa.DataType:
    return pa.int64() if name.startswith(_STYLE) else pa.string()


def _of(judged: pd.DataFrame, file: str) -> pd.Series:
    """The row that counts in a row's place: its line here, or its file and line."""
    line = judged["of_line"].astype("string")
    there = judged["of_file"].astype("string")
    said = ("第 " + line + " 行").where(there.eq(file), there + " 第 " + line + " 行")
    return said.astype(object).where(line.notna(), None)


def worth_saying(findings: pd.DataFrame) -> pd.DataFrame:
    """The findings (``ordinal rule field`` and more) less those of a denied word that it is in no code map.

    Nobody is to ask that such a word be admitted.
    """
    denied = findings["rule"].eq("DENIED_VALUE")
    if not denied.any():
        return findings
    cells = pd.MultiIndex.from_frame(findings[["ordinal", "field"]])
    beside = findings["rule"].eq("CODE_UNKNOWN").to_numpy() & cells.isin(cells[denied.to_numpy()])
    return findings[~beside]
