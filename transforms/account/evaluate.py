"""Measure a closed night against the truth: every landed record once, at its latest version, whatever became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import manifest, store
from transforms.account.examined import Examined, examined, render_examined
from transforms.account.ledger import mentions
from transforms.account.measures import Measure, Partitions, numbered
from transforms.account.members import Members, members
from transforms.account.night import Delivery, Night
from transforms.engine import Engine, Input
from transforms.errors import ConfigError
from transforms.run import Run

_STEPS = Path(__file__).with_suffix(".sql")
_NEEDED = ("night", "source", "file_sha256", "line", "entity")
_SAID = ["batch", "line", "record_id", "content_hash"]
_WAITING = pa.schema([("source", pa.string()), ("batch", pa.string()), ("line", pa.int64())])
_UNTOLD = ("address", "phone", "stale_phone", "full_width")  # errors that no number and no namesake has to do with


@dataclass(frozen=True)
class KindEvaluation:
    """One kind.

    Attributes:
        kind: which one.
        resolved: the published entities against the truth.
        baseline: grouping by the trusted number (or key) alone, all others single; None where the kind has none.
        subgroups: name → measure over pairs that touch the subgroup.
        own_entity: records counted as entities of their own because they are quarantined or held.
        without_truth: live records that the truth does not name; they are not counted.
        grid_rows: rows of the last night's files whose truth names a grid.
        grid_right: those published in that grid or one below it.
        examined: what hidden numbers say of the rows without one, beside what is true of them.
        members: of households: who stands in one with whom; None where the truth does not tell.
    """

    kind: str
    resolved: Measure
    baseline: Measure | None
    subgroups: dict[str, Measure] = field(default_factory=dict)
    own_entity: int = 0
    without_truth: int = 0
    grid_rows: int = 0
    grid_right: int = 0
    examined: Examined | None = None
    members: Members | None = None

    @property
    def grid_accuracy(self) -> float | None:
        """Share of rows published in their true grid; None where the truth names none."""
        return self.grid_right / self.grid_rows if self.grid_rows else None


@dataclass(frozen=True)
class Evaluation:
    """A night against the truth, kind by kind."""

    night: str
    kinds: tuple[KindEvaluation, ...]


def evaluate(run: Run, truth: Path) -> Evaluation:
    """Compare the night's entities with ``<truth>/<kind>.parquet``.

    Truth columns: ``night, source, file_sha256, line, entity``, and where present ``errors`` and ``cases`` (lists of
    names that make subgroups) and ``grid`` (code of the true grid). Of households also who is in one (members.py).

    Raises:
        ConfigError: no truth for any kind, or a column is missing.
        StaleInputError: the night is not closed.
    """
    night = Night(run)
    folder = store.night_dir(run, "account", "release")
    manifest.require(run.settings.lake, folder, "account")
    paths = {kind: truth / f"{kind}.parquet" for kind in night.kinds}
    told = tuple(_kind(night, folder, kind, path) for kind, path in paths.items() if path.is_file())
    if not told:
        raise ConfigError(f"{truth} holds no truth: one file <kind>.parquet for at least one of {', '.join(paths)}")
    return Evaluation(run.night, told)


def _kind(night: Night, folder: Path, kind: str, path: Path) -> KindEvaluation:
    names, truth = _truth(path)
    night.run.say(f"evaluate {kind}: {len(truth)} rows of truth")
    rows = _rows(night, folder, kind, truth)
    unknown = pc.is_null(rows["entity"])
    rows = rows.filter(pc.invert(unknown)).combine_chunks()
    entity, number = numbered(rows["entity"]), _codes(rows["number"])
    against = Partitions(numbered(rows["entity_id"]), entity)
    right = rows["grid_right"].drop_null()
    scored, known = night.kinds[kind].certainty == "scored", rows.filter(pc.is_valid(rows["record_id"]))
    return KindEvaluation(
        kind=kind,
        resolved=against.measure(),
        baseline=None if (number < 0).all() else Partitions(number, entity).measure(),
        subgroups={name: against.measure(rows) for name, rows in _subgroups(number, _codes(rows["names"]), names)},
        own_entity=rows["entity_id"].null_count,
        without_truth=int(pc.sum(unknown).as_py() or 0),
        grid_rows=len(right),
        grid_right=int(pc.sum(right).as_py() or 0),
        examined=examined(night, kind, known) if scored else None,
        members=members(night, folder, path.parent) if kind == "household" else None,
    )


def _truth(path: Path) -> tuple[list[frozenset[str]], pa.Table]:
    """The sets of errors and cases that rows have, and the truth, where ``names`` is a place among those sets.

    Raises:
        ConfigError: a column is missing.
    """
    known = pq.read_schema(path).names
    if missing := [name for name in _NEEDED if name not in known]:
        raise ConfigError(f"{path}: columns {', '.join(missing)} are missing")
    told = [name for name in ("errors", "cases", "grid") if name in known]
    table = pq.read_table(path, columns=[*_NEEDED, *told], partitioning=None)
    listed = [_joined(table[name]) for name in told if name != "grid"]
    words = (
        pc.binary_join_element_wise(*listed, "", "|").combine_chunks() if listed else pa.nulls(len(table), pa.string())
    )
    coded = words.fill_null("").dictionary_encode()
    nothing = pa.nulls(len(table), pa.string())
    grid = table["grid"].cast(pa.string()) if "grid" in told else nothing
    columns = {name: table[name] for name in _NEEDED} | {"night": table["night"].cast(pa.string()), "grid": grid}
    sets = [frozenset(word for word in text.split("|") if word) for text in coded.dictionary.to_pylist()]
    return sets, pa.table(columns | {"names": coded.indices})


def _joined(told: pa.ChunkedArray) -> pa.ChunkedArray:
    """Names of errors or cases: lists, or texts with ``|`` between them; as such texts."""
    if pa.types.is_null(told.type):
        return told.cast(pa.string()).fill_null("")
    return (pc.binary_join(told, "|") if pa.types.is_nested(told.type) else told).fill_null("")


def _rows(night: Night, folder: Path, kind: str, truth: pa.Table) -> pa.Table:
    """The records to count: record_id, entity_id (null: none), number, and what is true: entity, names, grid_right."""
    listed = [(source, one) for source, told in night.deliveries.items() for one in told if one.passed]
    feeding = [source for source, contract in night.contracts.items() if kind in contract.feeds]
    std_grid = night.night_path("merge", "grid", "std_grid") if "grid" in night.kinds else None
    tables: dict[str, Input | list[Path]] = {
        "truth": truth,
        **{name: folder / f"{name}.parquet" for name in ("record", "quarantine", "fact_grid")},
        "std_grid": std_grid or _nothing("grid_id", "parent_id", "code"),
        "live": _live(night, kind),
        "delivery": _deliveries(night, kind, listed),
        "said": [night.table_path("standardise", one.batch, kind) for source, one in listed if source in feeding]
        or pa.schema([(n, pa.int64() if n == "line" else pa.string()) for n in _SAID]).empty_table(),
        "kept": [night.table_path("standardise", one.batch, "kept") for _, one in listed if one.last]
        or _nothing("kind", "record_id"),
        "waiting": _waiting(night, feeding),
        "feeding": pa.table({"source": pa.array(feeding, pa.string())}),
    }
    with Engine(night.run.settings) as engine:
        return engine.run(_STEPS, tables, kind=kind, night=night.run.night)


def _nothing(*columns: str) -> pa.Table:
    return pa.schema([(name, pa.string()) for name in columns]).empty_table()


def _deliveries(night: Night, kind: str, listed: list[tuple[str, Delivery]]) -> pa.Table:
    """Those that passed; of a delta all that count say something, of snapshots the last."""
    rows = []
    for source, one in listed:
        counts = one.position is not None and (one.last or night.contracts[source].arrives.mode == "delta")
        says = int(counts and kind in night.contracts[source].feeds)
        rows.append({"batch": one.batch.id, "position": one.position, "says": says, "last": int(one.last)})
    shape = [("batch", pa.string()), ("position", pa.int64()), ("says", pa.int64()), ("last", pa.int64())]
    return pa.Table.from_pylist(rows, pa.schema(shape))


def _live(night: Night, kind: str) -> pa.Table:
    """Live records: record_id, content_hash, number (which usable decisive value, as a number), path (of a mention)."""
    path = night.night_path("account", "live", kind)
    known = pq.read_schema(path).names if path else []
    decisive = night.kinds[kind].link.decisive
    number = next((name for name in (f"{decisive}_token", decisive) if name in known), None)
    step = "path" if mentions(night, kind) else None
    wanted = [name for name in ("record_id", "content_hash", number, step) if name]
    table = store.read_table(path, wanted) if path else _nothing("record_id", "content_hash")
    nothing = pa.nulls(len(table), pa.string())
    coded = table[number].combine_chunks().dictionary_encode().indices if path and number else nothing.cast(pa.int32())
    columns = {"record_id": table["record_id"], "content_hash": table["content_hash"]}
    return pa.table(columns | {"number": coded, "path": table[step] if path and step else nothing})


def _waiting(night: Night, feeding: list[str]) -> pa.Table:
    """Rows of deliveries that wait for a person and that no later one replaced."""
    found = [_WAITING.empty_table()]
    for source in feeding:
        for one in night.deliveries[source]:
            if one.fate == "held" and not _replaced(night, source, one):
                rows = store.read_table(night.batch_path("land", one.batch, "rows"), ["batch", "line"])
                of_source = pa.array([source] * len(rows), pa.string())
                found.append(rows.add_column(0, "source", of_source).cast(_WAITING))
    return pa.concat_tables(found)


def _replaced(night: Night, source: str, held: Delivery) -> bool:
    """A delivery after it counts: what the held one said is no longer the latest word (of a delta: on its period)."""
    snapshot = night.contracts[source].arrives.mode == "snapshot"
    after = [one.batch for one in night.deliveries[source] if one.position is not None and one.batch > held.batch]
    return any(snapshot or batch.as_of == held.batch.as_of for batch in after)


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Whole numbers; null: -1."""
    found: npt.NDArray[np.int64] = column.cast(pa.int64()).fill_null(-1).to_numpy()
    return found


def _subgroups(
    number: npt.NDArray[np.int64], sets: npt.NDArray[np.int64], names: list[frozenset[str]]
) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Rows without a usable number, and what the truth says of the number and of persons who are easily confused."""
    if (number >= 0).any() and (number < 0).any():
        yield "no usable number", number < 0
    for name in sorted({name for one in names for name in one}):
        among = np.array([name in one for one in names])[sets]
        if not name.startswith(_UNTOLD) and among.any():
            yield name, among


def render_evaluation(found: Evaluation) -> str:
    """The evaluation as a page for people: sizes first, the baseline beside each total."""
    lines = [f"night {found.night} against the truth; pairs, every landed record once"]
    for kind in found.kinds:
        r = kind.resolved
        lines.append(
            f"\n{kind.kind}: {r.records} records ({kind.own_entity} quarantined or held, each its own entity; "
            f"{kind.without_truth} without truth, not counted)"
        )
        lines.append(_line("resolved", r))
        if kind.baseline:
            lines.append(_line("number alone", kind.baseline))
        lines += [_line(f"  {name}", part) for name, part in kind.subgroups.items()]
        lines += render_examined(kind.examined) if kind.examined else []
        lines += _members(kind.members) if kind.members else []
        if kind.grid_accuracy is not None:
            lines.append(f"  right grid {kind.grid_accuracy:.4f} of {kind.grid_rows} rows whose grid is known")
    return "\n".join(lines)


def _members(found: Members) -> list[str]:
    """Lines for people: its rows share a household's key, so that the figure above says little."""
    lines = [f"  who lives with whom: every resident once ({found.without} in no household, each one of his own)"]
    return [*lines, _line("  residents", found.resolved), *(_line(f"  {n}", m) for n, m in found.subgroups.items())]


def _line(name: str, m: Measure) -> str:
    return (
        f"  {name:28} n {m.records:9d}  P {m.precision:.4f}  R {m.recall:.4f}  F1 {m.f1:.4f}  "
        f"B3 {m.b3_precision:.4f} {m.b3_recall:.4f} {m.b3_f1:.4f}  over {m.over_merged}  under {m.under_merged}"
    )
