"""What a night would change, counted: of a kind, and of one source. README.md says what each count is of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms import manifest, store
from transforms.brakes.budget import Budget, Budgets
from transforms.brakes.night import Closed
from transforms.engine import Engine
from transforms.live import Live

_STEPS = Path(__file__).with_suffix(".sql")
_BLAMED = 0.8  # a source whose new rows stand in this share of what happened caused it (faults.md H1)
_TEXT = pa.string()


@dataclass(frozen=True)
class _Row:
    """A row of measure.sql; ``source`` None: of all."""

    measure: str
    kind: str
    source: str | None
    found: int


@dataclass(frozen=True)
class Count:
    """One count and its budget.

    Attributes:
        measure: what is counted: a budget's name.
        kind, source, field: of what; None where it is of all.
        found: how many. allowed: the most that may be.
    """

    measure: str
    kind: str | None
    source: str | None
    found: int
    allowed: int
    field: str | None = None

    @property
    def spent(self) -> bool:
        """Beyond its budget."""
        return self.found > self.allowed

    @property
    def told(self) -> str:
        """For people: counts and names of columns, no values."""
        where = " ".join(word for word in (self.source, self.kind, self.field) if word)
        return f"{self.measure} {where}: {self.found}, at most {self.allowed}"


def entities(night: Closed, budgets: Budgets) -> Iterator[Count]:
    """Merges, splits, departures and too large entities per kind; what one source did or withdrew.

    A count that one source caused names it: its new rows stand in four of five of the entities concerned.
    """
    crowd, largest = _crowds(night, budgets.cluster.least)
    found = _found(night, crowd)
    causes = [row for row in found if row.source is not None]
    for whole in (row for row in found if row.source is None and (night.base or row.measure == "cluster")):
        told = [row for row in causes if (row.measure, row.kind) == (whole.measure, whole.kind)]
        cause = max(told, key=lambda row: (row.found, row.source), default=None)
        source = cause.source if cause and cause.found >= _BLAMED * whole.found else None
        if whole.measure == "cluster":
            yield Count("cluster", whole.kind, source, largest[whole.kind], budgets.cluster.least)
            continue
        budget: Budget = getattr(budgets, whole.measure)
        yield Count(whole.measure, whole.kind, source, whole.found, budget.allowed(_before(night, whole.kind)))
        if whole.measure == "merges" and cause:
            yield Count("edges", whole.kind, cause.source, cause.found, budgets.edges.allowed(whole.found))
    if night.base:
        yield from _withdrawn(night, budgets, causes)


def _withdrawn(night: Closed, budgets: Budgets, causes: list[_Row]) -> Iterator[Count]:
    live = _sums(night.outcome, "merged")
    for row in causes:
        if row.measure == "withdrawals" and row.source in set(night.fresh.values()) - night.excused:
            of = live.get((str(row.source), row.kind), 0) + row.found
            yield Count("withdrawals", row.kind, row.source, row.found, budgets.withdrawals.allowed(of))


def _found(night: Closed, crowd: pa.Table) -> list[_Row]:
    new = [(source, batch, int(source in night.excused)) for batch, source in sorted(night.fresh.items())]
    columns = [pa.array([row[i] for row in new], of) for i, of in enumerate((_TEXT, _TEXT, pa.int64()))]
    tables = {
        "event": night.table("change", ["kind", "entity_id", "event", "other_id"]),
        "opened": night.table("record.open", ["source", "batch", "kind", "record_id", "entity_id", "state"]),
        "new_batch": pa.table(columns, names=["source", "batch", "excused"]),
        "crowd": crowd,
    }
    with Engine(night.run.settings) as engine:
        found = [_Row(**row) for row in engine.run(_STEPS, tables).to_pylist()]
    return [row for row in found if row.kind in night.kinds]


def _crowds(night: Closed, most: int) -> tuple[pa.Table, dict[str, int]]:
    """(kind, entity) of scored kinds with more than ``most`` records, and the largest of each kind."""
    found, largest = [pa.table({"kind": pa.array([], _TEXT), "entity_id": pa.array([], _TEXT)})], {}
    for name, kind in night.kinds.items():
        if kind.certainty == "scored":
            cluster = store.read_table(night.room("resolve", name) / "cluster.parquet", ["entity_id"])
            counts = pc.value_counts(cluster["entity_id"])
            large = counts.field("values").filter(pc.greater(counts.field("counts"), most))
            largest[name] = int(pc.max(counts.field("counts")).as_py() or 0)
            found.append(pa.table({"kind": pa.repeat(name, len(large)), "entity_id": large}))
    return pa.concat_tables(found), largest


def _before(night: Closed, kind: str) -> int:
    """Entities of the kind in the release before, from what enters and leaves tonight."""
    told = night.table("change", ["kind", "event"])
    events = told.filter(pc.equal(told["kind"], kind))["event"].value_counts().to_pylist()
    times: dict[str, int] = {row["values"]: row["counts"] for row in events}
    entered = sum(times.get(event, 0) for event in ("create", "split", "return"))
    left = sum(times.get(event, 0) for event in ("merge", "retire"))
    return night.counts.get(night.kinds[kind].table, 0) - entered + left


def collapsed(night: Closed, budgets: Budgets) -> Iterator[Count]:
    """Scored kinds that link joined by numbers alone, because what was to score them had collapsed."""
    for name, kind in night.kinds.items():
        if kind.certainty == "scored":
            facts = manifest.require(night.run.settings.lake, night.room("link", name), "link").facts
            found = int(facts.get("collapsed") or 0)
            yield Count("collapse", name, None, found, budgets.collapse.least)


def quarantine(night: Closed, budgets: Budgets) -> Iterator[Count]:
    """Rows of a source's new deliveries that check turned away; a row counts once, whatever kinds it feeds."""
    seen: dict[str, dict[str, tuple[int, int]]] = {}
    for row in night.outcome.to_pylist():
        if row["batch"] in night.fresh:
            seen.setdefault(row["source"], {})[row["batch"]] = (row["quarantined"], row["landed"])
    for source, batches in sorted(seen.items()):
        turned, landed = (sum(column) for column in zip(*batches.values(), strict=True))
        yield Count("quarantine", None, source, turned, budgets.quarantine.allowed(landed))


def lost_numbers(night: Closed, budgets: Budgets) -> Iterator[Count]:
    """New and changed rows of a source whose valid number link does not believe: it is another's.

    Of sources that nobody knows yet the one with the largest share is counted first: its numbers take those of others
    with them, and the night computed again without it tells.
    """
    known, first = night.current(), []
    for name, source, lost, of in _lost(night):
        if source in known:
            yield Count("lost_numbers", name, source, lost, budgets.lost_numbers.allowed(of))
        else:
            first.append((lost / of, Count("lost_numbers", name, source, lost, budgets.lost_at_first.allowed(of))))
    worst = max((row for row in first if row[1].spent), key=lambda row: (row[0], row[1].told), default=None)
    yield from (count for _, count in first if not count.spent)
    if worst:
        yield worst[1]


def _lost(night: Closed) -> Iterator[tuple[str, str, int, int]]:
    """(kind, source, rows that lost their number, rows with one) of what is new or changed."""
    opened = night.table("record.open", ["source", "batch", "kind", "record_id", "state"])
    fresh = pc.is_in(opened["batch"], pa.array(sorted(night.fresh), _TEXT))
    opened = opened.filter(pc.and_(fresh, pc.equal(opened["state"], "merged")))
    for name, kind in night.kinds.items():
        rows = opened.filter(pc.equal(opened["kind"], name))
        if kind.certainty != "scored" or kind.link.decisive is None or not rows.num_rows:
            continue
        live = Live(night.room("account", "live") / f"{name}.parquet")
        unit = store.read_table(night.room("link", name) / "unit.parquet", ["trusted"])
        said = pa.table({"source": live.column("source"), "trusted": unit["trusted"]})
        numbered = pc.and_(_numbered(live, kind.link.decisive), pc.is_in(live.ids, rows["record_id"].combine_chunks()))
        told = said.filter(numbered).group_by("source").aggregate([("trusted", "count"), ("trusted", "sum")])
        for row in told.sort_by("source").to_pylist():
            yield name, row["source"], row["trusted_count"] - row["trusted_sum"], row["trusted_count"]


def _numbered(live: Live, decisive: str) -> pa.ChunkedArray:
    if f"{decisive}_valid" in live.column_names:
        return pc.fill_null(live.column(f"{decisive}_valid"), fill_value=False)
    return pc.is_valid(live.column(decisive))


def _sums(table: pa.Table, column: str) -> dict[tuple[str, str], int]:
    """(source, kind) → the column's sum."""
    summed = table.group_by(["source", "kind"]).aggregate([(column, "sum")]).to_pylist()
    return {(row["source"], row["kind"]): row[f"{column}_sum"] for row in summed}
