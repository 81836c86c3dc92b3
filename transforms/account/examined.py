"""How well rows without a believed number were matched: from hidden numbers, with 95 % intervals, group by group.

Link hides numbers and looks what becomes of the records (transforms/link/exam.py); each stands for so many real ones.
Here the answers are set beside what became of the real ones, and brought to them:

* which share of the real ones has nobody to be joined to cannot be seen; it is the share that explains how many of
  them found a place;
* where register facts refused a place to some (``pairs`` would have joined them, ``cluster`` did not), so much of the
  recall is lost.

An interval is of what is true of tonight's rows, not of a rate behind them: it is as wide as the examined and the real
rows are few.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.account.intervals import Interval, interval
from transforms.account.measures import numbered
from transforms.account.night import Night
from transforms.live import Live
from transforms.paired import ENDS
from transforms.places import Places, places
from transforms.run import Run

SCALE = 10_000
_BANDS = ((6, "0-5"), (18, "6-17"), (35, "18-34"), (60, "35-59"), (80, "60-79"), (200, "80 and more"))
_UNSAID = "not said"
_GROUPS = ("source", "town", "age", "residence")


@dataclass(frozen=True)
class Group:
    """The rows without a believed number of one group.

    Attributes:
        by: what groups: all, source, town, age, residence.
        name: which group.
        rows: how many real ones; joined: those that stand with an anchor.
        examined: records with a hidden number that stand for them.
        precision: of the joined, those with their own anchor.
        recall: of those that have an anchor, those with it.
    """

    by: str
    name: str
    rows: int
    joined: int
    examined: int
    precision: Interval
    recall: Interval


@dataclass(frozen=True)
class Examined:
    """A kind's answers.

    Attributes:
        kind: which kind.
        groups: all of its rows first, then group by group.
        unexamined: real rows for which nobody stands.
        numbered: rows under a believed number that state a sex which the number has too.
        strangers: share of the rows under a believed number that are another's: twice those whose sex contradicts it.
    """

    kind: str
    groups: tuple[Group, ...]
    unexamined: int
    numbered: int
    strangers: Interval | None


def examined(night: Night, kind: str, truth: pa.Table | None = None) -> Examined | None:
    """The answers of a kind, or None where nothing was examined.

    Args:
        night: whose link and resolve are done.
        kind: a scored one.
        truth: record_id and true entity, to stand beside the estimates; records that it does not name are left out.

    Raises:
        StaleInputError: link, resolve or the live records of the night are missing, incomplete or stale.
    """
    exam = night.of_night("link", kind, "exam")
    path = night.night_path("account", "live", kind)
    if exam is None or path is None or not exam.num_rows:
        return None
    live = Live(path)
    rows = _matched(night, kind, live.ids, _rows(night, kind, live))
    if truth is not None:
        rows = _held_against(rows, live.ids, truth)
    asked = exam.drop_columns(["record_id"]).to_pandas().set_index(places(live.ids, _whole(exam["record_id"])))
    asked = asked.join(rows[list(_GROUPS)], how="inner")
    asked["weight"] /= SCALE
    for by, label in (("age", "birth_date"), ("town", _home(night, kind))):
        said = np.array([label not in hidden for hidden in asked["hidden"]], dtype=bool)
        asked[by] = asked[by].astype(object).where(said, _UNSAID)
    real = rows[~rows["trusted"]]
    groups = [_group("all", "all", real, asked)]
    for by in _GROUPS:
        if real[by].nunique() > 1:
            parts = real.groupby(by, observed=True)
            groups += [_group(by, str(name), part, asked[asked[by] == name]) for name, part in parts]
    unexamined = len(real) - round(float(asked["weight"].sum()))
    return Examined(kind, tuple(g for g in groups if g is not None), max(unexamined, 0), *_strangers(rows))


def examine(run: Run) -> tuple[Examined, ...]:
    """The answers of every scored kind of a night, without any truth.

    Raises:
        StaleInputError: link, resolve or the live records of the night are missing, incomplete or stale.
    """
    night = Night(run)
    found = (examined(night, name) for name, kind in night.kinds.items() if kind.certainty == "scored")
    return tuple(one for one in found if one is not None)


def _home(night: Night, kind: str) -> str:
    """The address by which records of the kind are compared; empty where by none."""
    return next((c.label for c in night.kinds[kind].link.compare if c.using == "address"), "")


def _rows(night: Night, kind: str, live: Live) -> pd.DataFrame:
    """Per live record, by its number, its source and what its row says: town, age, residence; strange (or null).

    Strange: the sex it states contradicts that of its number.
    """
    number = night.kinds[kind].link.decisive
    stated, embedded = (_said(live, name) for name in ("sex", f"{number}_sex"))
    stated, embedded = (pc.if_else(pc.equal(sex, "unknown"), None, sex) for sex in (stated, embedded))
    told = {
        "source": _said(live, "source"),
        "town": _said(live, f"{_home(night, kind)}_town").fill_null(_UNSAID),
        "age": _ages(_said(live, "birth_date"), night.run.night),
        "residence": _said(live, "residence_kind").fill_null(_UNSAID),
    }
    rows = pd.DataFrame({name: _words(column) for name, column in told.items()})
    return rows.assign(
        strange=pc.not_equal(stated, embedded).to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    )


def _said(live: Live, name: str) -> pa.Array:
    return _whole(live.column(name)) if name in live.column_names else pa.nulls(live.num_rows, pa.string())


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks().cast(pa.string())


def _words(column: pa.Array) -> pd.Categorical:
    """Few words, each kept once, in the order of the alphabet."""
    coded = column.dictionary_encode()
    words = pd.Categorical.from_codes(coded.indices.to_numpy(), coded.dictionary.to_pylist())
    return words.reorder_categories(sorted(words.categories))


def _ages(births: pa.Array, night: str) -> pa.Array:
    """Age bands on the night's day."""
    coded = births.dictionary_encode()
    years = int(night[:4]) - pd.to_numeric(coded.dictionary.to_pandas().astype(str).str[:4], errors="coerce")
    edges = [-math.inf, *(most for most, _ in _BANDS)]
    bands = pd.cut(years, edges, right=False, labels=[name for _, name in _BANDS]).astype(object)
    return pa.array(bands.where(bands.notna(), None), pa.string()).take(coded.indices).fill_null(_UNSAID)


def _matched(night: Night, kind: str, ids: pa.Array, rows: pd.DataFrame) -> pd.DataFrame:
    """What became of the records: trusted, anchor, entity, accepted (a score would join it to an anchor), joined."""
    unit, cluster = night.of_night("link", kind, "unit"), night.of_night("resolve", kind, "cluster")
    pairs = night.of_night("link", kind, "pairs")
    if unit is None or cluster is None or pairs is None:
        return rows.assign(trusted=True, anchor=False, entity=0, accepted=False, joined=False)
    rows = rows.join(unit.select(["trusted", "anchor"]).to_pandas(), how="inner")
    entity = pd.Series(numbered(cluster["entity_id"]), places(ids, _whole(cluster["record_id"])), name="entity")
    rows = rows.join(entity, how="inner")
    enough = pc.greater_equal(pairs["score"], night.kinds[kind].link.accept)
    strong = pairs.filter(pc.and_(pc.equal(pairs["how"], "scored"), enough))
    left, right = (strong[end].to_numpy().astype(np.int64) for end in ENDS)
    homes = np.zeros(int(rows["entity"].max()) + 1 if len(rows) else 0, dtype=bool)
    homes[rows["entity"][rows["anchor"]]] = True
    ends = _ends(left, right, rows.index[rows["anchor"]].to_numpy())
    return rows.assign(accepted=rows.index.isin(ends), joined=homes[rows["entity"]])


def _ends(left: Places, right: Places, anchors: Places) -> Places:
    """Of pairs of records, the ends whose other end stands with an anchor, on whichever side."""
    return np.concatenate([left[np.isin(right, anchors)], right[np.isin(left, anchors)]])


def _held_against(rows: pd.DataFrame, ids: pa.Array, truth: pa.Table) -> pd.DataFrame:
    """Beside each row whose anchor it stands with (owner), that this is its own (right), that it has one (findable)."""
    true = pd.Series(numbered(truth["entity"]), places(ids, _whole(truth["record_id"])), name="true")
    rows = rows.join(true, how="inner")
    anchors = rows[rows["anchor"]]
    width = int(rows["true"].max()) + 1 if len(rows) else 1
    mixed, times = np.unique(anchors["entity"].to_numpy() * width + anchors["true"].to_numpy(), return_counts=True)
    order = np.lexsort((mixed % width, -times, mixed // width))
    entity, first = np.unique(mixed[order] // width, return_index=True)
    owners = np.full(int(rows["entity"].max()) + 1 if len(rows) else 0, -1, dtype=np.int64)
    owners[entity] = mixed[order][first] % width
    owner = owners[rows["entity"]]
    own = np.zeros(width, dtype=bool)
    own[anchors["true"]] = True
    return rows.assign(owner=owner, right=rows["joined"] & (owner == rows["true"]), findable=own[rows["true"]])


def _group(by: str, name: str, real: pd.DataFrame, asked: pd.DataFrame) -> Group | None:
    """Estimates of one group; None where nobody of it was examined."""
    weight = asked["weight"].to_numpy(dtype=np.float64)
    if not weight.sum() or not len(real):
        return None
    own, other, alone = (float(np.average(asked[c], weights=weight)) for c in ("own", "other", "alone_other"))
    accepted, joined = int(real["accepted"].sum()), int(real["joined"].sum())
    placed = own + other
    having = min(max((accepted / len(real) - alone) / (placed - alone), 0.0), 1.0) if placed > alone else 1.0
    found, wrong = having * placed + (1 - having) * alone, having * other + (1 - having) * alone
    kept = min(joined / accepted, 1.0) if accepted else 1.0
    many = float(weight.sum() ** 2 / (weight**2).sum())
    precise, recalled = _truth(real, joined)
    precision = interval(1 - wrong / found if found else 1.0, many * found, joined, precise)
    recall = interval(own * kept, many, having * len(real), recalled)
    return Group(by, name, len(real), joined, len(asked), precision, recall)


def _truth(real: pd.DataFrame, joined: int) -> tuple[float | None, float | None]:
    """True precision and recall, where they are known."""
    if "right" not in real:
        return None, None
    findable = real[real["findable"]]
    return _share(real["right"].sum(), joined), _share(findable["right"].sum(), len(findable))


def _share(part: int, whole: int) -> float | None:
    return float(part) / whole if whole else None


def _strangers(rows: pd.DataFrame) -> tuple[int, Interval | None]:
    """Errors of the collapse itself: half of the strangers under a number have its owner's sex, and are not seen."""
    told = rows[rows["anchor"] & rows["strange"].notna()]
    if not len(told):
        return 0, None
    anchors = rows[rows["anchor"]]
    true = _share((anchors["owner"] != anchors["true"]).sum(), len(anchors)) if "true" in rows else None
    seen = interval(float(told["strange"].astype(bool).mean()), len(told), len(told))
    return len(told), Interval(2 * seen.estimate, 2 * seen.low, min(2 * seen.high, 1.0), true)


def render_all(night: str, found: tuple[Examined, ...]) -> str:
    """A page for people."""
    lines = [f"night {night}: rows without a believed number, as hidden numbers tell; 95 % intervals"]
    for kind in found:
        lines += [f"\n{kind.kind}", *render_examined(kind)]
    return "\n".join(lines)


def render_examined(found: Examined) -> list[str]:
    """Lines for people: of the kind, then of its groups."""
    lines = [
        f"  {'matched, from hidden numbers':28} {found.unexamined} rows like nobody with a number are not in these"
    ]
    for group in found.groups:
        name = group.name if group.by == "all" else f"{group.by} {group.name}"
        lines.append(
            f"    {name:26} n {group.rows:9d}  precision {_told(group.precision)}  recall {_told(group.recall)}"
            f"  by {group.examined} records"
        )
    if found.strangers:
        told = f"at most {found.strangers.high:.5f} are another's ({found.numbered} that state a sex)"
        lines.append(f"    {'rows under one number':26} {told}" + _true(found.strangers))
    return lines


def _told(found: Interval) -> str:
    return f"{found.estimate:.4f} ({found.low:.4f} to {found.high:.4f})" + _true(found)


def _true(found: Interval) -> str:
    """What is true, where it is known, and whether the interval missed it."""
    return "" if found.true is None else f" true {found.true:.4f}{'' if found.covers else ' MISSED'}"
