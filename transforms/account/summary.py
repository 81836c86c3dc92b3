"""The last page of a night: what came, what became of it, how good it is, where to look next."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from transforms import database, frozen, manifest, store, strays, values
from transforms.account.balance import balance
from transforms.account.books import base_of
from transforms.account.doors_source import Reread
from transforms.account.evaluate import Evaluation, evaluate
from transforms.account.examined import examined
from transforms.account.field import figures, straddlers, texts
from transforms.account.grids import FACTS
from transforms.account.night import Night
from transforms.run import Run

_WIDTH = 110
_FINDINGS = 10
_FILES = 50
_WAITING = ("refused", "held", "recalled")


def summary(run: Run, reread: Reread, truth: Path | None = None) -> str:
    """A page of text about a closed night.

    Args:
        run: the night.
        reread: land's own reader of raw bytes, for the balance.
        truth: folder with ``<kind>.parquet``, or None.

    Raises:
        StaleInputError: the night is not closed.
    """
    night = Night(run, strict=False)
    folder = store.night_dir(run, "account", "release")
    manifest.require(run.settings.lake, folder, "account")
    told = json.loads((folder / "release.json").read_text("utf-8"))
    number, published = base_of(run)
    console = Console(file=io.StringIO(), width=_WIDTH, record=True)
    state = f"release {number}" if published == run.night else "not published yet"
    console.print(f"\n[bold]gridfacts, night {run.night}[/bold]: {state}, checksum {told['checksum'][:16]}")
    console.print(_departments(night, folder))
    if waiting := _files(night, folder):
        console.print(waiting)
    if astray := strays.noted(run):
        console.print(_strays(astray))
    console.print(_entities(folder, told["counts"]))
    console.print(_field(night, folder))
    console.print(_quarantine(folder))
    if matched := _matched(night):
        console.print(matched)
    for line in _shadows(night):
        console.print(line, highlight=False, soft_wrap=True)
    if truth is not None:
        console.print(_accuracy(evaluate(run, truth)))
    _balance(console, balance(run, reread))
    _next(console, run)
    return console.export_text()


def _departments(night: Night, folder: Path) -> Table:
    """Rows that came tonight and what became of them (rows, not rows times kinds)."""
    table = Table(title="Departments: rows of the current delivery", title_justify="left")
    for name in ("source", "department", "as of", "state"):
        table.add_column(name)
    for name in ("rows in", "accepted", "quarantined"):
        table.add_column(name, justify="right")
    states = pd.read_parquet(folder / "source_state.parquet")
    waiting = pd.read_parquet(folder / "quarantine.parquet").groupby("batch").size()
    for row in states.to_dict("records"):
        rows = 0 if pd.isna(row["rows"]) else int(row["rows"])
        out = int(waiting.get(row["batch"], 0))
        department = night.contracts[row["source"]].owner.department
        numbers = [f"{number:,}" for number in (rows, rows - out, out)]
        table.add_row(row["source"], department, row["as_of"] or "", row["state"], *numbers)
    return table


def _files(night: Night, folder: Path) -> Table | None:
    """Files of the night that do not count, why, and who answers for them; None where all do."""
    told = pd.read_parquet(folder / "delivery.parquet")
    told = told[told["night"].eq(night.run.night) & told["state"].isin(_WAITING)]
    if not len(told):
        return None
    more = f"and {len(told) - _FILES:,} more" if len(told) > _FILES else None
    title = f"Files that do not count: {len(told):,}"
    table = Table(title=title, caption=more, title_justify="left")
    for name in ("source", "department", "state", "code"):
        table.add_column(name)
    table.add_column("file and why", overflow="fold")
    said = values.mask_numbers(told["message"])
    for (_, row), why in zip(told[:_FILES].iterrows(), said, strict=False):
        department = night.contracts[row["source"]].owner.department
        table.add_row(row["source"], department, row["state"], row["code"], escape(why))
    return table


def _strays(found: strays.Strays) -> Table:
    """What lay in the drop box and was taken in by nobody: its department believes that it arrived."""
    table = Table(title=f"Drop box: {found.counted}", caption=found.rest or None, title_justify="left")
    table.add_column("below the drop box", overflow="fold")
    for name in ("files", "bytes"):
        table.add_column(name, justify="right")
    table.add_column("why", overflow="fold")
    for one in found.told:
        table.add_row(escape(one.name), f"{one.files:,}", f"{one.bytes:,}", one.why)
    return table


def _entities(folder: Path, counts: dict[str, int]) -> Table:
    table = Table(title="Entities: what is published", title_justify="left")
    table.add_column("kind")
    for name in ("entities", "with a grid", "share", "commonest reason for none"):
        table.add_column(name, justify="right")
    placed = pd.read_parquet(folder / "fact_grid.parquet")
    for kind, name in FACTS.items():
        mine = placed[placed["what"] == kind]
        some = int(mine["grid_id"].notna().sum())
        reasons = mine[mine["grid_id"].isna()]["reason"].fillna("not said").value_counts().sort_index()
        share = f"{some / len(mine):.1%}" if len(mine) else ""
        why = f"{reasons.idxmax()} ({reasons.max():,})" if len(reasons) else ""
        table.add_row(kind, f"{counts.get(name, 0):,}", f"{some:,}", share, why)
    table.add_row("grid", f"{counts.get('std_grid', 0):,}", "", "", "")
    return table


def _field(night: Night, folder: Path) -> Table:
    """治理率, 上图率 and 进网入格, with the counts behind them, and how often an address is written differently."""
    written = texts(night)
    table = Table(
        title="The field: records governed, on the map, in a small or micro grid",
        caption=f"addresses: {written.texts:,} ways of writing {written.nodes:,} nodes, {written.rate:.2f} : 1\n"
        f"buildings in several small grids: {straddlers(night):,}",
        title_justify="left",
    )
    table.add_column("kind")
    for name in ("records", "entities", "governed", "on map", "share", "in grid", "share"):
        table.add_column(name, justify="right")
    for kind in figures(night, folder):
        numbers = [f"{kind.records:,}", f"{kind.entities:,}", f"{kind.governed:.1%}", f"{kind.on_map:,}"]
        table.add_row(kind.kind, *numbers, f"{kind.mapped:.1%}", f"{kind.in_grid:,}", f"{kind.gridded:.1%}")
    return table


def _quarantine(folder: Path) -> Table:
    table = Table(title="Quarantine: rows that wait for their department", title_justify="left")
    for name in ("source", "rule", "field"):
        table.add_column(name)
    table.add_column("rows", justify="right")
    waiting = pd.read_parquet(folder / "quarantine.parquet")
    waiting = waiting[waiting["state"] == "open"].fillna({"field": ""})
    for (source, rule, field), rows in waiting.groupby(["source", "rule", "field"]).size().items():
        table.add_row(source, rule, field, f"{rows:,}")
    if not len(waiting):
        table.add_row("none", "", "", "0")
    return table


def _matched(night: Night) -> Table | None:
    """What hidden numbers tell of the rows without one."""
    told = (examined(night, name) for name, kind in night.kinds.items() if kind.certainty == "scored")
    if not (found := [one for one in told if one is not None and one.groups]):
        return None
    table = Table(title="Rows without a believed number, as hidden numbers tell (95 %)", title_justify="left")
    table.add_column("kind")
    for name in ("rows", "joined", "precision", "recall"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        whole = one.groups[0]
        shares = [f"{i.estimate:.4f} ({i.low:.4f} to {i.high:.4f})" for i in (whole.precision, whole.recall)]
        table.add_row(one.kind, f"{whole.rows:,}", f"{whole.joined:,}", *shares)
    return table


def _shadows(night: Night) -> list[str]:
    """Kinds whose pairs the night learned to score otherwise than the model in use."""
    promoted = frozen.path(night.run.settings.home)
    used = frozen.read(promoted)[1] if promoted.is_file() else {}
    paths = {kind: store.night_dir(night.run, "link", kind) / frozen.SHADOW for kind in night.kinds}
    trained = {kind: frozen.read(path)[1].get(kind) for kind, path in paths.items() if path.is_file()}
    asks = f"gridfacts model compare --night {night.run.night} --kind"
    return [
        f"A shadow model of {kind} is at hand: {asks} {kind}" for kind, one in trained.items() if one != used.get(kind)
    ]


def _accuracy(found: Evaluation) -> Table:
    title = "Accuracy against the truth: every landed record once; entities merged over and under"
    table = Table(title=title, title_justify="left")
    table.add_column("kind")
    for name in ("records", "precision", "recall", "F1", "number alone", "over", "under", "right grid"):
        table.add_column(name, justify="right", no_wrap=True)
    for kind in found.kinds:
        r = kind.resolved
        alone = f"{kind.baseline.f1:.4f}" if kind.baseline else ""
        grid = f"{kind.grid_accuracy:.4f}" if kind.grid_accuracy is not None else ""
        numbers = [f"{v:.4f}" for v in (r.precision, r.recall, r.f1)]
        table.add_row(kind.kind, f"{r.records:,}", *numbers, alone, f"{r.over_merged:,}", f"{r.under_merged:,}", grid)
    return table


def _balance(console: Console, findings: list[str]) -> None:
    if not findings:
        console.print("[bold green]Balance: zero.[/bold green] Every row re-read from the raw bytes is accounted for.")
        return
    console.print(f"[bold red]Balance: {len(findings)} finding(s).[/bold red]")
    for line in findings[:_FINDINGS]:
        console.print(f"  {line}", markup=False)


def _next(console: Console, run: Run) -> None:
    stores = database.open_databases(run.settings)
    console.print("\nWhere to look next", style="bold")
    lines = {
        f"gridfacts explain <entity id or source:file:line> --night {run.night}": "why, and what became of a row",
        f"gridfacts balance --night {run.night}": "every door, from the raw bytes on",
        "gridfacts checksum": "the release as one number",
        str(store.night_dir(run, "account", "release")): "ledger, quarantine, delta and events of the night",
        str(run.settings.lake / "check"): "findings per delivery",
        str(stores.release_file or "schema release"): "the unified tables, fact_person and on, and the v1 views",
    }
    for where, why in lines.items():
        console.print(f"  {where}\n      {why}", markup=False, highlight=False, soft_wrap=True)
