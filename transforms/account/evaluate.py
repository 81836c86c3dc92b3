"""Measure a closed night against the truth: every landed record once, at its latest version, whatever became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from transforms import manifest, store
from transforms.account.examined import Examined, examined, render_examined
from transforms.account.ledger import mentions
from transforms.account.measures import Measure, measure
from transforms.account.night import Delivery, Night
from transforms.errors import ConfigError
from transforms.run import Run

_NEEDED = ("night", "source", "file_sha256", "line", "entity")
_LEVELS = 4  # large, medium, small, micro
_ROW = ["source", "batch", "line", "record_id", "entity_id"]
_OWN = "row "  # a row that no entity holds is an entity of its own; no id begins like this


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
    names that make subgroups) and ``grid`` (code of the true grid).

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
    truth = _truth(path, night.run.night)
    rows = _counted(night, folder, kind).merge(truth, on=["source", "file_sha256", "line"], how="left")
    unknown = rows["entity"].isna()
    rows = rows[~unknown].reset_index(drop=True)
    baseline = None if rows["number_of"].isna().all() else measure(_single(rows, rows["number_of"]), rows["entity"])
    found = _single(rows, rows["entity_id"])
    true = rows.dropna(subset=["record_id"]).drop_duplicates("record_id").set_index("record_id")["entity"]
    known_grid = rows["true_grid"].notna() & rows["true_grid"].ne("")
    return KindEvaluation(
        kind=kind,
        resolved=measure(found, rows["entity"]),
        baseline=baseline,
        subgroups={n: measure(found, rows["entity"], flags) for n, flags in _subgroups(rows).items() if flags.any()},
        own_entity=int(rows["entity_id"].isna().sum()),
        without_truth=int(unknown.sum()),
        grid_rows=int(known_grid.sum()),
        grid_right=sum(
            isinstance(chain, tuple) and grid in chain
            for chain, grid in zip(rows["grid_codes"][known_grid], rows["true_grid"][known_grid], strict=True)
        ),
        examined=examined(night, kind, truth=true) if night.kinds[kind].certainty == "scored" else None,
    )


def _truth(path: Path, night: str) -> pd.DataFrame:
    """Truth of files that came by this night, one row per (file, line)."""
    table = pq.read_table(path, partitioning=None)
    if missing := [name for name in _NEEDED if name not in table.column_names]:
        raise ConfigError(f"{path}: columns {', '.join(missing)} are missing")
    frame = table.to_pandas()
    frame = frame[frame["night"].astype(str) <= night].sort_values(["night", "entity"])
    for name in ("errors", "cases", "grid"):
        if name not in frame:
            frame[name] = None
    # an older night's truth names a grid of that night's cut: only the last night can be held against tonight's
    frame["grid"] = frame["grid"].where(frame["night"].astype(str) == frame["night"].astype(str).max())
    frame["names"] = [_names(a) | _names(b) for a, b in zip(frame["errors"], frame["cases"], strict=True)]
    frame = frame.rename(columns={"grid": "true_grid"})
    return frame.drop_duplicates(["source", "file_sha256", "line"], keep="last")[
        ["source", "file_sha256", "line", "entity", "names", "true_grid"]
    ]


def _names(told: object) -> set[str]:
    """Names of errors or cases: a list, or a text with ``|`` between them."""
    if told is None or isinstance(told, float):
        return set()
    words = told.split("|") if isinstance(told, str) else list(told)  # type: ignore[call-overload]
    return {str(word) for word in words if word}


def _counted(night: Night, folder: Path, kind: str) -> pd.DataFrame:
    """The records to count: source, file_sha256, line, entity_id (null: none), number_of, grid_codes."""
    record = pd.read_parquet(folder / "record.parquet")
    record = record[(record["kind"] == kind) & (record["state"] == "merged")]
    said = _said(night, kind)
    record = record[~record["record_id"].isin(_spoilt(night, kind, said))]
    record = _latest(night, kind, record, said)
    if mentions(night, kind):
        record = _finest(night, kind, record)
    rows = pd.concat([record[_ROW], _waiting(night, folder, kind)], ignore_index=True)
    rows["file_sha256"] = rows["batch"].str.rsplit("-", n=1).str[-1]
    rows = rows.merge(_numbers(night, kind), on="record_id", how="left")
    return rows.merge(_grids(night, folder, kind), on="entity_id", how="left")


def _said(night: Night, kind: str) -> pd.DataFrame:
    """What the current deliveries say (of a delta all that count): position, batch, line, record_id, content_hash."""
    names = ["batch", "line", "record_id", "content_hash"]
    found = [pd.DataFrame(columns=["position", *names])]
    for source, deliveries in night.deliveries.items():
        delta = night.contracts[source].arrives.mode == "delta"
        for one in deliveries:
            if kind in night.contracts[source].feeds and one.position is not None and (delta or one.last):
                told = night.of_batch("standardise", one.batch, kind).select(names).to_pandas()
                found.append(told.assign(position=one.position))
    return pd.concat([table for table in found if len(table)] or found, ignore_index=True)


def _latest(night: Night, kind: str, record: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """Live records at the row that said their version last: an unchanged repeat, where there is one, else its own."""
    live = _live(night, kind, "record_id", "content_hash")
    record = record.merge(live, on="record_id")
    standing = record[["source", "record_id", "entity_id", "content_hash"]]
    rows = pd.concat([record.assign(position=-1), said.merge(standing, on=["record_id", "content_hash"])])
    rows = rows.sort_values(["record_id", "position", "line"], kind="stable")
    return rows.drop_duplicates("record_id", keep="last")


def _live(night: Night, kind: str, *columns: str) -> pd.DataFrame:
    path = night.night_path("account", "live", kind)
    return pd.DataFrame(columns=list(columns)) if path is None else store.read_table(path, list(columns)).to_pandas()


def _waiting(night: Night, folder: Path, kind: str) -> pd.DataFrame:
    """Rows in quarantine (of deliveries that count or wait) and rows that still wait: each an entity of its own."""
    refused = pd.read_parquet(folder / "quarantine.parquet", columns=["source", "batch", "line", "state"])
    feeding = [source for source, contract in night.contracts.items() if kind in contract.feeds]
    found = [refused[(refused["state"] == "open") & refused["source"].isin(feeding)]]
    for source in feeding:
        for one in night.deliveries[source]:
            if one.fate == "held" and not _replaced(night, source, one):
                rows = store.read_table(night.batch_path("land", one.batch, "rows"), ["batch", "line"]).to_pandas()
                out = refused[refused["batch"] == one.batch.id]["line"]
                found.append(rows[~rows["line"].isin(out)].assign(source=source))
    return pd.concat(found, ignore_index=True).assign(record_id=None, entity_id=None)[_ROW]


def _replaced(night: Night, source: str, held: Delivery) -> bool:
    """A delivery after it counts: what the held one said is no longer the latest word (of a delta: on its period)."""
    snapshot = night.contracts[source].arrives.mode == "snapshot"
    after = [one.batch for one in night.deliveries[source] if one.position is not None and one.batch > held.batch]
    return any(snapshot or batch.as_of == held.batch.as_of for batch in after)


def _finest(night: Night, kind: str, record: pd.DataFrame) -> pd.DataFrame:
    """Of the nodes that a row was the first to name, the finest: the truth of a row tells of its whole address."""
    told = record.merge(_live(night, kind, "record_id", "path"), on="record_id")
    told = told.assign(steps=told["path"].str.count(r"\|")).sort_values(["batch", "line", "steps", "path"])
    return told.drop_duplicates(["batch", "line"], keep="last")


def _spoilt(night: Night, kind: str, said: pd.DataFrame) -> set[str]:
    """Records whose latest row is in quarantine: that row counts, not the older version that is kept."""
    found: set[str] = set()
    for deliveries in night.deliveries.values():
        for delivery in deliveries:
            if delivery.passed and delivery.last:
                kept = night.of_batch("standardise", delivery.batch, "kept").to_pandas()
                good = said[said["batch"] == delivery.batch.id]["record_id"]
                found |= set(kept[kept["kind"] == kind]["record_id"]) - set(good)
    return found


def _numbers(night: Night, kind: str) -> pd.DataFrame:
    """(record_id, number_of): the usable value of the kind's decisive property."""
    path = night.night_path("account", "live", kind)
    name = night.kinds[kind].link.decisive
    live = pd.DataFrame(columns=["record_id"]) if path is None else store.read_table(path).to_pandas()
    column = next((c for c in (f"{name}_token", name) if c in live), None)
    return live[["record_id"]].assign(number_of=live[column] if column else None)


def _grids(night: Night, folder: Path, kind: str) -> pd.DataFrame:
    """(entity_id, grid_codes) of the kind's entities that stand in a grid: its code and those of the grids above."""
    placed = pd.read_parquet(folder / "fact_grid.parquet")
    placed = placed[(placed["what"] == kind) & placed["grid_id"].notna()]
    std_grid = night.of_night("merge", "grid", "std_grid") if "grid" in night.kinds else None
    known = {} if std_grid is None else {row["grid_id"]: row for row in std_grid.to_pylist()}
    return pd.DataFrame({"entity_id": placed["id"], "grid_codes": [_chain(known, grid) for grid in placed["grid_id"]]})


def _chain(known: Mapping[str, Mapping[str, str | None]], grid: str | None) -> tuple[str | None, ...]:
    """Codes from a grid upward; there are four levels."""
    found: list[str | None] = []
    while grid is not None and grid in known and len(found) < _LEVELS:
        found.append(known[grid]["code"])
        grid = known[grid]["parent_id"]
    return tuple(found)


def _single(rows: pd.DataFrame, groups: pd.Series) -> pd.Series:
    """The groups, with every row that stands in none a group of its own."""
    own = pd.Series([f"{_OWN}{at}" for at in range(len(rows))], index=rows.index)
    return groups.where(groups.notna(), own)


def _subgroups(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Rows without a usable number, and what the truth says of the number and of persons who are easily confused."""
    found: dict[str, pd.Series] = {}
    if rows["number_of"].notna().any():
        found["no usable number"] = rows["number_of"].isna()
    every = sorted({name for names in rows["names"] for name in names})
    for name in every:
        flags = rows["names"].map(lambda names, name=name: name in names)
        if not name.startswith(("address", "phone", "stale_phone", "full_width")):
            found[name] = flags
    return found


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
        if kind.grid_accuracy is not None:
            lines.append(f"  right grid {kind.grid_accuracy:.4f} of {kind.grid_rows} rows whose grid is known")
    return "\n".join(lines)


def _line(name: str, m: Measure) -> str:
    return (
        f"  {name:28} n {m.records:9d}  P {m.precision:.4f}  R {m.recall:.4f}  F1 {m.f1:.4f}  "
        f"B3 {m.b3_precision:.4f} {m.b3_recall:.4f} {m.b3_f1:.4f}  over {m.over_merged}  under {m.under_merged}"
    )
