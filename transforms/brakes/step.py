"""The step between the books and the release: within every budget, or frozen, or waiting for a yes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

from transforms import database, decisions, holds, manifest, store
from transforms.brakes.budget import FILE, Budgets, load
from transforms.brakes.columns import columns
from transforms.brakes.measure import Count, collapsed, entities, lost_numbers, quarantine
from transforms.brakes.night import Closed
from transforms.errors import GridfactsError, HeldError
from transforms.holds import Hold
from transforms.model import Report
from transforms.run import Run

ROOM = "brakes"
_OWN = ("sameness", "blanks", "quarantine", "withdrawals")  # told by a source's own deliveries, whatever others say


class FrozenError(GridfactsError):
    """A source was frozen at its last good state: the night is to be computed again without its new deliveries.

    Attributes:
        sources: which.
    """

    def __init__(self, sources: list[str], told: str) -> None:
        """Name them, what they did, and what to do."""
        remedy = "run the night again from 'gridfacts room apply' (gridfacts run and nightly_merge do it by themselves)"
        super().__init__("SOURCE_FROZEN", f"{', '.join(sources)}: {told}; remedy: {remedy}")
        self.sources = sources


def run(run: Run, reconcile: Callable[[Run], int]) -> list[Report]:
    """Hold a closed night against its budgets; what is within them may be published.

    Leaves ``night/<night>/brakes/``: ``counts.json`` and the manifest without which publish refuses.

    Args:
        run: the night.
        reconcile: publish's own (structure and control brought up to the current release).

    Raises:
        FrozenError: new deliveries of a source break a budget; they are held from now on.
        HeldError: ``RELEASE_HELD``: another budget is broken, and nobody has said yes yet.
        StaleInputError: account has not closed the night.
        ConfigError: the budgets are missing or wrong.
    """
    reconcile(run)
    stores = database.open_databases(run.settings)
    night = Closed.of(run, stores)
    folder = store.night_dir(run, ROOM)
    inputs = dict([manifest.upstream(run.settings.lake, night.folder, _manifest(night))])
    inputs["budgets"] = store.file_sha256(run.settings.expectations / FILE)
    inputs["holds"] = decisions.digest(holds.holds(stores))
    if manifest.fresh(folder, ROOM, inputs):
        return [_report(run, [])]
    counts = counted(night, load(run.settings.expectations))
    broken = [count for count in counts if count.spent]
    frozen = first_to_blame(night, [count for count in broken if _deliveries(night, count.source)])
    if frozen:
        raise _freeze(run, night, frozen)
    _require_yes(night, [count for count in broken if count.source not in night.excused])
    with store.output(folder) as fresh:
        told = [asdict(count) for count in counts if count.found]
        (fresh / "counts.json").write_text(json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True), "utf-8")
        manifest.write(fresh, ROOM, inputs, {"counts": len(counts), "broken": len(broken)})
    return [_report(run, broken)]


def counted(night: Closed, budgets: Budgets) -> list[Count]:
    """Every count of a night; before the first release nothing can change, but a source or a scorer can be wrong."""
    found = [*entities(night, budgets), *collapsed(night, budgets)]
    found += [*lost_numbers(night, budgets), *columns(night, budgets)]
    return [*found, *quarantine(night, budgets)] if night.base else found


def first_to_blame(night: Closed, broken: list[Count]) -> list[Count]:
    """Of the sources that broke a budget those that surely did it themselves.

    What a file says by itself comes first, then what the authority for a kind's number did: its word takes numbers from
    the rows of others, who may be innocent. The night computed again without them tells.
    """
    own = [count for count in broken if count.measure in _OWN]
    issued = [count for count in broken if _issues(night, count)]
    return own or issued or broken


def _issues(night: Closed, count: Count) -> bool:
    number = night.kinds[count.kind].link.decisive if count.kind else None
    return count.source is not None and number in night.contracts[count.source].registers.authority_for


def _manifest(night: Closed) -> manifest.Manifest:
    return manifest.require(night.run.settings.lake, night.folder, "account")


def _deliveries(night: Closed, source: str | None) -> list[str]:
    """New deliveries of a source that nobody released: what a freeze would hold."""
    if source is None or source in night.excused:
        return []
    return [batch for batch, of in sorted(night.fresh.items()) if of == source]


def _freeze(run: Run, night: Closed, broken: list[Count]) -> FrozenError:
    """Hold the new deliveries of every source that broke a budget, each with the first budget it broke."""
    first: dict[str, Count] = {}
    for count in broken:
        first.setdefault(str(count.source), count)
    made = [
        Hold(_code(count), run.night, count.told, source, batch)
        for source, count in first.items()
        for batch in _deliveries(night, source)
    ]
    holds.open_all(night.stores, made)
    for count in first.values():
        run.say(f"brakes: frozen: {count.told}")
    return FrozenError(sorted(first), "; ".join(count.told for count in first.values()))


def _require_yes(night: Closed, broken: list[Count]) -> None:
    """Every other broken budget waits for a named person's yes to exactly these counts.

    Raises:
        HeldError: somebody has still to say it.
    """
    made = [Hold(_code(count), night.run.night, count.told) for count in broken]
    if not made:
        return
    holds.open_all(night.stores, made)
    yes = {row["hold_id"] for row in holds.holds(night.stores) if row["decision"] == "release"}
    if waiting := [hold for hold in made if hold.hold_id not in yes]:
        told = "; ".join(f"{hold.hold_id} {hold.told}" for hold in waiting)
        remedy = "look (gridfacts hold list), say yes (gridfacts hold release), then run the night again"
        raise HeldError("RELEASE_HELD", f"{told}; remedy: {remedy}")


def _code(count: Count) -> str:
    return f"BRAKE_{count.measure.upper()}"


def _report(run: Run, broken: list[Count]) -> Report:
    run.say("brakes: within budget" + (f", {len(broken)} counts beyond by a named person's yes" if broken else ""))
    return Report(ROOM, run.night, {"beyond": len(broken)})
