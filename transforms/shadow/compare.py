"""What a night would have become with another model of a kind: counted, examined, held against the budgets.

Link and resolve run again in a home of their own (:mod:`transforms.shadow.scratch`) on the live records of a published
night, beside the homes and identities of its release. So what is told is what the next night would do if nothing else
came: its ids are those that it would mint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import database, frozen, manifest, store
from transforms.brakes import budget
from transforms.brakes.measure import Count
from transforms.coded import codes, whole
from transforms.errors import GridfactsError, StaleInputError
from transforms.kinds import Kind
from transforms.run import Run
from transforms.shadow.differ import Ints, Tie, apart, ties
from transforms.shadow.scratch import scratch

Tables: TypeAlias = "tuple[pa.Table, pa.Table]"
_HOME, _IDENTITY = ["record_id", "entity_id"], ["entity_id", "signpost", "state"]
_EXAMPLES = 5


@dataclass(frozen=True)
class Exam:
    """What hidden numbers say of a model: estimate, low and high of precision and recall (95 %)."""

    precision: tuple[float, float, float]
    recall: tuple[float, float, float]


@dataclass(frozen=True)
class Rooms:
    """What rooms know and do, handed in by commands: no package beside the rooms imports one.

    Attributes:
        link, resolve: the rooms, of a stage.
        examined: account's answers for a kind of a night, or None where nothing was examined.
        foretold: account's events of a night in which records would stand otherwise.
        shipped: the model that comes with the package.
    """

    link: Callable[[Run, str], object]
    resolve: Callable[[Run, str], object]
    examined: Callable[[Run, str], Exam | None]
    foretold: Callable[[Run, str, Tables, Tables], pa.Table]
    shipped: Path


@dataclass(frozen=True)
class Comparison:
    """What would be.

    Attributes:
        kind, night: of what. digest: of the kind's scorer that was asked about. model: the version in use.
        records: live ones. entities: with the model in use. entities_then: with the other.
        born, returned, merged, split, exchanged, retired: entities, as the feed would tell them: create, return, merge,
            split, move, retire.
        moved: records that would stand in another entity.
        joined, parted: pairs of records that would newly stand together, and that no longer would.
        exam, exam_then: of both models, where numbers were hidden.
        judged: persons judged pairs since the night: what that does is told with it.
        beyond: budgets of the brakes that the night would spend, in words.
        joins, parts: a few of the ties that the other model adds and drops, by entity.
    """

    kind: str
    night: str
    digest: str
    model: str
    records: int
    entities: int
    entities_then: int
    born: int
    returned: int
    merged: int
    split: int
    exchanged: int
    retired: int
    moved: int
    joined: int
    parted: int
    exam: Exam | None
    exam_then: Exam | None
    judged: bool
    beyond: tuple[str, ...]
    joins: tuple[Tie, ...]
    parts: tuple[Tie, ...]


def compare(run: Run, kind: Kind, content: dict[str, Any], rooms: Rooms) -> Comparison:
    """Link and resolve a kind once more with another scorer, beside what stands, and tell the difference.

    Args:
        run: the night: that of the current release.
        kind: a scored one.
        content: its scorer, as a model file has it.
        rooms: what does it.

    Raises:
        GridfactsError: ``COLLAPSED``: tonight's labels speak against it, or what it joined. ``TOO_LATE``: the current
            release is of another night.
        StaleInputError: what link or resolve left of the night is missing or stale, or of another model.
        ConfigError: it knows other levels than the kind compares now.
    """
    _require_current(run)
    file = frozen.path(run.settings.home)
    used = file if file.is_file() else rooms.shipped
    version, kinds = frozen.read(used)
    _require_linked(run, kind, used)
    text = frozen.text_of(kinds | {kind.kind: content})
    with scratch(run, kind, text) as there:
        rooms.link(there, kind.stage)
        _require_sound(there, kind, text, rooms.shipped)
        rooms.resolve(there, kind.stage)
        there.say(f"compare {kind.kind}: what differs")
        return _differences(run, there, kind, (frozen.digest(content), version), rooms)


def _require_current(run: Run) -> None:
    nights = database.read(database.open_databases(run.settings).release, "release", ["release", "night"]).to_pylist()
    if not nights or nights[-1]["night"] != run.night:
        told = f"the current release is of night {nights[-1]['night']}" if nights else "nothing was published yet"
        raise GridfactsError("TOO_LATE" if nights else "NO_RELEASE", f"{told}: only what stands can be compared with")


def _require_linked(run: Run, kind: Kind, used: Path) -> None:
    """The night is one of the model in use, so that nothing else differs.

    Raises:
        StaleInputError: it is not, or what it left is missing or stale.
    """
    folders = {room: store.night_dir(run, room, kind.kind) for room in ("link", "resolve")}
    found = {room: manifest.require(run.settings.lake, folder, room) for room, folder in folders.items()}
    if found["link"].inputs.get("model") != (now := store.file_sha256(used)):
        stored, where = str(found["link"].inputs.get("model"))[:12], f"night/{run.night}/link/{kind.kind}"
        remedy = "run the night again, or wait for the next"
        raise StaleInputError(where, f"model {stored}", f"the one in use, {now[:12]}", remedy)


def _require_sound(there: Run, kind: Kind, text: str, shipped: Path) -> None:
    """The model that was asked about is the one that scored.

    Raises:
        GridfactsError: ``COLLAPSED``: it was not.
    """
    facts = manifest.require(there.settings.lake, store.night_dir(there, "link", kind.kind), "link").facts
    asked = frozen.read(frozen.path(there.settings.home))[0]
    gave_way = facts["model"] != asked or facts["collapsed"]
    if gave_way or (kind.kind not in frozen.read(shipped)[1] and facts["models_collapsed"]):
        raise GridfactsError(
            "COLLAPSED", f"{kind.kind}: what this model joins is out of all proportion to what is known"
        )


def _differences(run: Run, there: Run, kind: Kind, names: tuple[str, str], rooms: Rooms) -> Comparison:
    before, now = _clusters(run, kind), _clusters(there, kind)
    ids, stood, stands = (whole(c) for c in (before["record_id"], before["entity_id"], now["entity_id"]))
    elsewhere = pc.not_equal(stood, stands)
    homes = tuple(table.filter(elsewhere) for table in (before, now))
    identities = tuple(_table(one, "resolve", kind, "identity", _IDENTITY) for one in (run, there))
    events = rooms.foretold(run, kind.kind, (homes[0], homes[1]), (identities[0], identities[1]))
    told = _told(events)
    pairs = apart(_numbers(stood), _numbers(stands))
    size, size_then = (pc.count_distinct(of).as_py() for of in (stood, stands))
    accept, columns = kind.link.accept, ["left", "right", "score", "how", "evidence"]
    links = [_table(one, "link", kind, "pairs", columns) for one in (there, run)]
    return Comparison(
        kind.kind, run.night, names[0], names[1], len(ids), size, size_then,
        born=told["create"], returned=told["return"], merged=told["merge"], split=told["split"],
        exchanged=told["move"], retired=told["retire"], moved=homes[0].num_rows, joined=pairs.joined,
        parted=pairs.parted, exam=rooms.examined(run, kind.kind), exam_then=rooms.examined(there, kind.kind),
        judged=_judgements(run, kind) != _judgements(there, kind),
        beyond=tuple(_beyond(run, kind, events, size, stands)),
        joins=tuple(ties(links[0], stands, stood, accept, _EXAMPLES)),
        parts=tuple(ties(links[1], stood, stands, accept, _EXAMPLES)),
    )  # fmt: skip


def _judgements(run: Run, kind: Kind) -> str | None:
    """The digest of the judgements that resolve obeyed."""
    found = manifest.require(run.settings.lake, store.night_dir(run, "resolve", kind.kind), "resolve")
    return found.inputs.get(f"judgement{manifest.ROWS}")


def _clusters(run: Run, kind: Kind) -> pa.Table:
    return _table(run, "resolve", kind, "cluster", _HOME)


def _table(run: Run, room: str, kind: Kind, name: str, columns: list[str]) -> pa.Table:
    folder = store.night_dir(run, room, kind.kind)
    manifest.require(run.settings.lake, folder, room)
    return store.read_table(folder / f"{name}.parquet", columns)


def _numbers(entities: pa.Array) -> Ints:
    """Entities as numbers."""
    return np.asarray(codes(entities).indices, dtype=np.int64)


def _told(events: pa.Table) -> dict[str, int]:
    """Event → how many entities it is told of."""
    found = dict.fromkeys(("create", "return", "merge", "split", "move", "retire"), 0)
    distinct = events.group_by(["event", "entity_id"]).aggregate([])
    return found | {row["values"]: row["counts"] for row in distinct["event"].value_counts().to_pylist()}


def _beyond(run: Run, kind: Kind, events: pa.Table, entities: int, stands: pa.Array) -> list[str]:
    """What the brakes would stop for a named person's yes (transforms/brakes/README.md)."""
    budgets = budget.load(run.settings.expectations)
    counted = {"merges": ("merge",), "splits": ("split", "move"), "departures": ("retire",)}
    found = []
    for measure, named in counted.items():
        about = events.filter(pc.is_in(events["event"], value_set=pa.array(named)))["entity_id"]
        allowed = getattr(budgets, measure).allowed(entities)
        found.append(Count(measure, kind.kind, None, pc.count_distinct(about).as_py(), allowed))
    largest = pc.max(pc.value_counts(stands).field("counts")).as_py() or 0
    found.append(Count("cluster", kind.kind, None, largest, budgets.cluster.least))
    return [count.told for count in found if count.spent]
