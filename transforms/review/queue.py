"""The queue: which pairs of a night a person should look at, those first whose answer removes the most error."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import database, kinds, manifest, store, subjects
from transforms.coded import whole
from transforms.errors import GridfactsError
from transforms.paired import named
from transforms.run import Run

SCALE = 10_000  # scores are integers x 10^4
LEAST = 0.05  # what one answer in twenty would mend can still be shown and judged
_SHOWN = 12  # hexadecimal characters of an item's id: 48 bits for some thousand items


@dataclass(frozen=True)
class Item:
    """A question for a person.

    Attributes:
        item_id: lasting id. kind: of both records.
        question: ``join``: they stand apart, are they one? ``part``: a score alone holds them together.
        left, right: record ids. left_entity, right_entity: where they stand tonight (equal where they are together).
        score: x 10^4. evidence: comparison levels in words, no values.
        expected: the error an answer removes, 0 to 1.
    """

    item_id: str
    kind: str
    question: Literal["join", "part"]
    left: str
    right: str
    left_entity: str
    right_entity: str
    score: int
    evidence: str
    expected: float


@dataclass(frozen=True)
class Sure:
    """What hidden numbers say of the rows of a kind that a score joined (``gridfacts evaluate``).

    Attributes:
        joined: how many.
        least: the share of them that is right at least, at 95 % confidence.
    """

    joined: int
    least: float


def queue(
    run: Run, standing: list[dict[str, Any]], sure: Mapping[str, Sure] | None = None, *, stated: float, worth: float
) -> list[Item]:
    """Every open item of a night from ``worth`` up, the most useful first.

    Scores are cautious: they doubt more than is wrong. Where hidden numbers examined the kind, the errors among what
    stands together by a score are at most as many as they leave possible, shared out by the doubt of the scores; and
    once the stated precision is reached, none of it is asked for (the stop rule).

    Args:
        run: the night.
        standing: judgements that stand (:func:`transforms.review.judgements.judgements`): what is judged is not asked.
        sure: by kind, where its joined rows were examined.
        stated: the precision that is promised of them, 0 to 1.
        worth: the least expected error an answer removes.

    Raises:
        StaleInputError: link or resolve of the night is missing, incomplete or stale.
    """
    items = []
    for kind in kinds.load_all(run.settings.expectations).values():
        if kind.certainty == "scored":
            judged = {(j["left_record"], j["right_record"]) for j in standing}
            items += _of_kind(run, kind.kind, judged, (sure or {}).get(kind.kind), stated, worth)
    return sorted(items, key=lambda item: (-item.expected, item.item_id))


def find(items: list[Item], item_id: str) -> Item:
    """The item of this id, or of the one id that begins so.

    Raises:
        GridfactsError: ``NOT_FOUND``: none, or several.
    """
    found = [item for item in items if item.item_id.startswith(item_id)]
    if len(found) != 1:
        raise GridfactsError("NOT_FOUND", f"{len(found)} open items of this night have the id {item_id}")
    return found[0]


@dataclass(frozen=True)
class Told:
    """What a record says; numbers, phones and keys are left out.

    Attributes:
        source: whose it is.
        says: property → its landed words, or its clean ones where none are kept.
        means: property → the clean word, by which two records say the same.
        restricted: its fields are shown to nobody: it says nothing.
    """

    source: str
    says: dict[str, str]
    means: dict[str, str]
    restricted: bool = False


def said(run: Run, kind: str, record: str) -> Told:
    """What a record says, property by property.

    Raises:
        StaleInputError: the live records of the night are missing, incomplete or stale.
    """
    folder = store.night_dir(run, "account", "live")
    manifest.require(run.settings.lake, folder, "account")
    live = store.read_table(folder / f"{kind}.parquet")
    row = live.filter(pc.equal(live["record_id"], record)).to_pylist()[0]
    if record in subjects.hidden(database.open_databases(run.settings)):
        return Told(str(row["source"]), {}, {}, restricted=True)
    properties = kinds.load_all(run.settings.expectations)[kind].properties
    shown = [name for name, p in properties.items() if p.type not in kinds.NEVER_SHOWN]
    says = {name: row.get(f"raw_{name}") or row.get(name) for name in shown}
    means = {name: str(row[name]) for name in shown if row.get(name) is not None}
    return Told(str(row["source"]), {name: str(word) for name, word in says.items() if word}, means)


def kind_of(run: Run, records: tuple[str, str]) -> str:
    """The kind of two live records.

    Raises:
        GridfactsError: ``NOT_FOUND``: they are the same, or no kind has both among the night's live records.
        StaleInputError: the live records of the night are missing, incomplete or stale.
    """
    folder = store.night_dir(run, "account", "live")
    manifest.require(run.settings.lake, folder, "account")
    asked = pa.array(sorted(set(records)), pa.string())
    for kind in kinds.load_all(run.settings.expectations):
        path = folder / f"{kind}.parquet"
        if len(asked) == len(records) and path.is_file():
            live = store.read_table(path, ["record_id"])["record_id"]
            if pc.all(pc.is_in(asked, value_set=live)).as_py():
                return kind
    raise GridfactsError("NOT_FOUND", f"no kind has these two as live records of {run.night}")


def _of_kind(
    run: Run, kind: str, judged: set[tuple[str, str]], sure: Sure | None, stated: float, worth: float
) -> list[Item]:
    pairs, members = _table(run, "link", kind, "pairs"), _table(run, "resolve", kind, "cluster")
    ids = whole(members["record_id"])
    pairs = named(pairs.filter(pc.equal(pairs["how"], "scored")), ids).to_pandas()
    cluster = members.to_pandas().set_index("record_id")["entity_id"]
    anchor = pd.Series(_table(run, "link", kind, "unit")["anchor"].to_pandas().to_numpy(), ids.to_pandas())
    pairs = pairs.assign(a=pairs["left"].map(cluster), b=pairs["right"].map(cluster))
    asked = pd.concat([_apart(pairs), doubted(_together(pairs, anchor), sure, stated)])
    asked = asked[asked["expected"] >= worth]
    open_ = [(left, right) not in judged for left, right in zip(asked["left"], asked["right"], strict=True)]
    return [_item(kind, row) for row in asked[open_].to_dict("records")]


def doubted(held: pd.DataFrame, sure: Sure | None, stated: float) -> pd.DataFrame:
    """What stands together by a score, its ``expected`` errors brought to what hidden numbers leave possible.

    None of it where the stated precision is reached.
    """
    if sure is None:
        return held
    if sure.least >= stated:
        return held.iloc[:0]
    told, possible = float(held["expected"].sum()), (1 - sure.least) * sure.joined
    return held.assign(expected=held["expected"] * min(1.0, possible / told)) if told else held


def _apart(pairs: pd.DataFrame) -> pd.DataFrame:
    """Of each two entities that stand apart the strongest pair between them."""
    apart = pairs[pairs["a"] != pairs["b"]]
    ends = apart[["a", "b"]].to_numpy()
    apart = apart.assign(x=ends.min(axis=1), y=ends.max(axis=1)) if len(apart) else apart.assign(x="", y="")
    strongest = apart.sort_values(["score", "left", "right"], ascending=[False, True, True])
    return strongest.drop_duplicates(["x", "y"]).assign(question="join", expected=lambda f: f["score"] / SCALE)


def _together(pairs: pd.DataFrame, anchor: pd.Series) -> pd.DataFrame:
    """Of each record without a believed number the strongest pair that holds it in its entity."""
    held = pairs[pairs["a"] == pairs["b"]]
    sides = [held.assign(of=held["left"]), held.assign(of=held["right"])]
    of = pd.concat(sides)
    of = of[~of["of"].map(anchor).astype(bool)]
    strongest = of.sort_values(["score", "left", "right"], ascending=[False, True, True]).drop_duplicates("of")
    strongest = strongest.drop_duplicates(["left", "right"])
    return strongest.assign(question="part", expected=lambda f: 1 - f["score"] / SCALE)


def _item(kind: str, row: dict[str, Any]) -> Item:
    name = hashlib.sha256("|".join((kind, row["left"], row["right"])).encode()).hexdigest()[:_SHOWN]
    ends = (row["left"], row["right"], row["a"], row["b"])
    return Item(name, kind, row["question"], *ends, int(row["score"]), row["evidence"], round(row["expected"], 4))


def _table(run: Run, room: str, kind: str, name: str) -> pa.Table:
    folder = store.night_dir(run, room, kind)
    manifest.require(run.settings.lake, folder, room)
    return store.read_table(folder / f"{name}.parquet")
