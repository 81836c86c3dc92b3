"""Drafts a contract from a sample file, for an engineer to finish: what was guessed or left open says DECIDE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from expectations.contract_draft import Draft, written
from expectations.contract_match import Match, Words, bare, likeliest
from expectations.contract_sample import Sample, sample
from expectations.purposes import is_named
from transforms import documents, values
from transforms.contract import Contract
from transforms.kinds import Kind, Property

OPEN = "to be decided by the engineer"
_RESIDENT = "111"  # GA/T 517
_FORMS = ("%Y%m%d", "%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y-%m", "%Y年%m月", "%Y")
_KEY_WORDS = ("编号", "标识", "编码", "流水", "序号", "id", "no", "号")
_NO_KEY = ("document", "number", "phone", "name", "address", "birth_date", "credit_code", "date", "lon", "lat")
_COUNTED = ("fid", "ogc_fid", "objectid", "gid")  # numbers that a program gave the features of a layer: no keys
_MOST_WORDS, _LONGEST_WORD = 30, 12
_MOST = 0.5


def infer(
    path: Path, source: str, kinds: Mapping[str, Kind], contracts: Iterable[Contract], denied: Mapping[str, str]
) -> str:
    """The draft as YAML with its open questions as comments.

    Args:
        path: the sample.
        source: the new source's code.
        kinds: all kinds by name.
        contracts: those that exist: their headings teach what headings mean.
        denied: word → reason: what cannot be mapped.

    Raises:
        ConfigError: the sample is of no form a contract knows, or speaks of no kind.
    """
    seen = sample(path)
    words = Words(kinds, contracts)
    draft = Draft()
    allowed = [h for h in seen.headings if not _denied(h, denied, draft)]
    matches = {h: found for h in allowed if (found := words.match(h))}
    kind = likeliest(matches, kinds)
    if kind is not None:
        matches |= {
            h: found for h in allowed if h not in matches and (found := _by_values(seen.column(h), kinds[kind]))
        }
    keys = _keys(seen, allowed, matches, kind, kinds)
    taken: dict[str, str] = {}
    for heading in allowed:
        _place(heading, seen, matches.get(heading), kind, kinds, words, keys, taken, draft)
    if any(".document_kind" in str(column["to"]) for column in draft.columns):
        _told_by_row(draft)
    _unfed(kind, kinds, taken, draft)
    return written(path, source, seen, kind, keys, taken, draft)


def _denied(heading: str, denied: Mapping[str, str], draft: Draft) -> bool:
    for word, reason in denied.items():
        if is_named(heading, word):
            draft.ignored.append({"heading": heading, "reason": f"on the deny-list ({reason}): never loaded"})
            return True
    return False


def _by_values(cells: list[str], kind: Kind) -> Match | None:
    """What most cells of a column can only be: resident numbers, credit codes or mobile phones."""
    text = pd.Series(cells, dtype=object)
    if not len(text):
        return None
    shares = {
        "document": documents.resident(text)["valid"].mean(),
        "credit_code": documents.credit_code(text)["valid"].mean(),
        "phone": values.phones(text).str.len().gt(0).mean(),
    }
    told = [name for type_, share in shares.items() if share > _MOST for name in kind.typed(type_)]
    return Match({kind.kind: (told[0],)}, sure=False) if told else None


def _keys(
    seen: Sample, headings: list[str], matches: Mapping[str, Match], kind: str | None, kinds: Mapping[str, Kind]
) -> list[str]:
    """Columns that are filled and differ in every row and say nothing of a person, the likeliest first."""
    found = []
    for place, heading in enumerate(headings):
        cells = seen.column(heading)
        prop = _property(matches.get(heading), kind, kinds)
        if bare(heading) in _COUNTED or not cells or len(cells) < len(seen.rows) or len(set(cells)) < len(cells):
            continue
        if prop and (prop.type in _NO_KEY or prop.personal or prop.vault):
            continue
        named = next((at for at, word in enumerate(_KEY_WORDS) if word in bare(heading)), len(_KEY_WORDS))
        found.append((named, place, heading))
    return [heading for _, _, heading in sorted(found)]


def _property(match: Match | None, kind: str | None, kinds: Mapping[str, Kind]) -> Property | None:
    if match is None or kind is None or kind not in match.to:
        return None
    return kinds[kind].properties[match.to[kind][0]]


def _place(
    heading: str, seen: Sample, match: Match | None, kind: str | None, kinds: Mapping[str, Kind], words: Words,
    keys: list[str], taken: dict[str, str], draft: Draft,
) -> None:  # fmt: skip
    """Put a heading among the columns, or among the ignored with the reason."""
    prop = _property(match, kind, kinds)
    if prop is None or match is None or kind is None:
        key = heading in keys[:1]
        draft.ignored.append(
            {"heading": heading, "reason": "the natural key of the record; never published" if key else OPEN}
        )
        if not key:
            draft.open.append(
                f"column {heading}: no property of {kind or 'any kind'} is called so; map it, or say why not"
            )
        return
    name = next((n for n in match.to[kind] if n not in taken), None)
    if name is None:
        draft.ignored.append({"heading": heading, "reason": OPEN})
        draft.open.append(
            f"column {heading} seems to mean what {taken[match.to[kind][0]]} means; decide which one counts"
        )
        return
    taken[name] = heading
    if not match.sure:
        draft.open.append(f"column {heading}: {kind}.{name} is a guess from a part of the heading, or from the cells")
    draft.columns.append(_column(heading, f"{kind}.{name}", kinds[kind].properties[name], seen, words, draft))


def _column(heading: str, target: str, prop: Property, seen: Sample, words: Words, draft: Draft) -> dict[str, Any]:
    cells = seen.column(heading)
    entry: dict[str, Any] = {"heading": heading, "to": target}
    if prop.required and len(cells) == len(seen.rows):
        entry["required"] = True
    purpose = words.purpose(target)
    if purpose is None:
        draft.open.append(f"column {heading}: name a purpose of lookups/purposes.csv")
    entry["purpose"] = purpose or "DECIDE"
    if prop.type == "code":
        entry |= _codes(heading, cells, prop, draft)
    if prop.type in ("date", "birth_date"):
        entry["formats"] = _formats(heading, cells, draft)
    if prop.type == "document":
        entry |= _document(heading, cells, draft)
    return entry


def _codes(heading: str, cells: list[str], prop: Property, draft: Draft) -> dict[str, dict[str, str]]:
    """Words of the file → words of the kind, where they are the same or the kind's own label."""
    labels = {label: word for word, label in (prop.codes or {}).items()}
    found = sorted(set(cells))
    few = len(found) <= _MOST_WORDS and 2 * len(found) <= len(cells)  # else they may be somebody's values: not shown
    if not few or any(len(word) > _LONGEST_WORD for word in found):
        draft.open.append(f"column {heading}: {len(found)} different words are no code list; write its codes")
        return {}
    codes = {
        word: meant for word in found if (meant := labels.get(word) or (word if word in labels.values() else None))
    }
    if rest := [word for word in found if word not in codes]:
        draft.open.append(
            f"column {heading}: say what these words mean: {', '.join(rest)} (of {', '.join(labels.values())})"
        )
    return {"codes": codes} if codes else {}


def _formats(heading: str, cells: list[str], draft: Draft) -> list[str]:
    text = pd.Series(sorted(set(cells)), dtype=object)
    read = {form: int(values.dates(text, [form])["day"].notna().sum()) for form in _FORMS} if len(text) else {}
    found = sorted((form for form in read if read[form]), key=lambda form: (-read[form], _FORMS.index(form)))
    if not found:
        draft.open.append(f"column {heading}: no date form fits; write its formats")
        return ["%Y-%m-%d"]
    left = int((~values.dates(text, found)["ok"]).sum())
    if left:
        draft.open.append(f"column {heading}: {left} different dates fit none of {', '.join(found)}")
    return found


def _document(heading: str, cells: list[str], draft: Draft) -> dict[str, str]:
    valid = documents.resident(pd.Series(cells, dtype=object))["valid"] if cells else pd.Series([], dtype=bool)
    if not len(valid) or valid.mean() < _MOST:
        draft.open.append(f"column {heading}: few valid resident numbers; say which kind of document it is (GA/T 517)")
    return {"document_kind": _RESIDENT}


def _told_by_row(draft: Draft) -> None:
    """Where a column tells the kind of the document, none is declared."""
    for column in draft.columns:
        column.pop("document_kind", None)
        if str(column["to"]).endswith(".document_kind"):
            draft.open.append(f"column {column['heading']}: map its words to GA/T 517 kinds under codes")


def _unfed(kind: str | None, kinds: Mapping[str, Kind], taken: Mapping[str, str], draft: Draft) -> None:
    if kind is None:
        draft.open.append("no heading is known: name the kind this source feeds and map its columns")
        return
    for name, prop in kinds[kind].properties.items():
        if prop.required and name not in taken:
            draft.open.append(f"{kind}.{name} ({prop.label}) is required, and no column feeds it")
