"""A receipt without any cell of the file: what programs read (JSON) and what the whole of it comes to."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from expectations.contract_asks import file_names
from transforms import keys
from transforms.receipts.drops import Drop
from transforms.receipts.rows import Rows
from transforms.receipts.words import GREEN, VERDICTS, told, wording

FORM = "gridfacts receipt 1"
_FIRST = 10  # lines shown per rule on the page for people


def document(drop: Drop, rows: Rows | None) -> dict[str, Any]:
    """The receipt for programs, without its files and signature: counts, lines, rules; never a value.

    ``runs`` covers every row: [verdict, first line, last line, rows] of unbroken runs in the order of the file.
    """
    settings = drop.run.settings
    identity = (drop.contract.source, drop.run.night, str(drop.told["file"]), str(drop.told["sha256"]))
    found: dict[str, Any] = {
        "form": FORM,
        "receipt": keys.load(settings).receipt.identifier("number", *identity),
        "source": drop.contract.source,
        "label": drop.contract.label,
        "department": drop.contract.owner.department,
        "night": drop.run.night,
        "phase": drop.phase,
        "file": {"name": drop.file, "sha256": drop.told["sha256"], "bytes": drop.told["bytes"]},
        "as_of": drop.told["as_of"],
        "correction": drop.told["correction"],
        "batch": drop.batch,
        "state": drop.state,
        "code": drop.waits or drop.told["code"],
        "why": told(drop.waits or (None if drop.state == "duplicate" else _text(drop.told["code"]))),
        "message": drop.message,
        "mended": list(drop.mended) if drop.mended else None,
        "names": list(file_names(drop.contract))[:1],
        "rows": 0,
        "counts": {},
        "disputes": [],
        "rules": {},
        "findings": [],
        "runs": [],
        "instead": [],
    }
    return found if rows is None else found | _of_rows(rows)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _of_rows(rows: Rows) -> dict[str, Any]:
    counts = Counter(rows.judged["verdict"])
    replaced = rows.judged[rows.judged["of_line"].notna()]
    return {
        "rows": len(rows.judged),
        "counts": {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]},
        "disputes": [list(doubt) for doubt in rows.doubts],
        "rules": {rule: _wording(rows, rule) for rule in sorted(rows.findings["rule"].unique())},
        "findings": [
            [int(line), rule, field if isinstance(field, str) else None, effect]
            for line, rule, field, effect in rows.findings[["line", "rule", "field", "effect"]].itertuples(index=False)
        ],
        "runs": _runs(rows.judged),
        "instead": [
            [int(line), verdict, file, int(of)]
            for line, verdict, file, of in replaced[["line", "verdict", "of_file", "of_line"]].itertuples(index=False)
        ],
    }


def _wording(rows: Rows, rule: str) -> dict[str, str]:
    words = wording(rows.words, rule)
    return {"message": words.message_zh if words else rule, "hint": words.hint_zh if words else ""}


def _runs(judged: pd.DataFrame) -> list[list[str | int]]:
    if judged.empty:
        return []
    verdict, line = judged["verdict"].to_numpy(dtype=object), judged["line"].to_numpy()
    ends = np.append(np.flatnonzero(verdict[1:] != verdict[:-1]), len(verdict) - 1)
    starts = np.append(0, ends[:-1] + 1)
    return [[str(verdict[a]), int(line[a]), int(line[b]), int(b - a + 1)] for a, b in zip(starts, ends, strict=True)]


def canonical(receipt: dict[str, Any]) -> bytes:
    """The bytes that are signed, and that lie in the file."""
    return (json.dumps(receipt, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n").encode()


def problems(rows: Rows) -> pd.DataFrame:
    """Per rule, heading and effect: ``rule field effect count lines`` (the first few), the heaviest first."""
    weight = {"quarantine": 0, "strike": 1, "note": 2}
    found = rows.findings.groupby(["rule", "field", "effect"], dropna=False, sort=True)["line"]
    table = pd.DataFrame(
        [(*key, len(lines), sorted(lines)[:_FIRST]) for key, lines in found],
        columns=["rule", "field", "effect", "count", "lines"],
    )
    order = table.assign(weight=table["effect"].map(weight), field=table["field"].fillna(""))
    order = order.sort_values(["weight", "count", "rule", "field"], ascending=[True, False, True, True])
    return table.loc[order.index].reset_index(drop=True)


def green_share(receipt: dict[str, Any]) -> tuple[int, int, int]:
    """How many rows are accepted as they are, replaced or withdrawn, and set aside."""
    counts = receipt["counts"]
    good = sum(counts.get(verdict, 0) for verdict in GREEN)
    aside = counts.get("quarantined", 0) + counts.get("held", 0)
    return good, receipt["rows"] - good - aside, aside
