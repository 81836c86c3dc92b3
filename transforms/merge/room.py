"""The room's entry point: clusters and claims in, one golden record per identity out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import kinds, manifest, model, store, tables
from transforms.engine import Engine
from transforms.errors import ConfigError
from transforms.kinds import Kind
from transforms.merge import agreement, ended, facts, places, standards
from transforms.merge.golden import Flags, Golden, survive
from transforms.merge.night import ROOM, Inputs
from transforms.merge.standards import Columns
from transforms.merge.vault import vault_table
from transforms.run import Run

_BUILDERS: dict[str, Callable[[Inputs, Golden], dict[str, Columns]]] = {
    "grid": standards.grid_tables,
    "address": standards.address_tables,
    "building": standards.building_tables,
    "house": facts.house_tables,
    "premises": facts.premises_tables,
    "organization": facts.organization_tables,
    "facility": facts.facility_tables,
    "person": facts.person_tables,
}
_MENTION = ("path", "level", "name", "full_text")  # clean columns of an address mention, beside its properties
_NO_CLAIM = ("document", "phone", "number", "old_grid")  # no plain column; the last tells of the record alone
_PERSON_HOUSEHOLD = pa.schema([("person_id", pa.string()), ("household_id", pa.string())])


def run(run: Run, stage: str) -> list[model.Report]:
    """Merge every kind of a stage.

    Args:
        run: the night.
        stage: one of ``kinds.STAGES``.

    Raises:
        StaleInputError: live records, clusters, located tables or an earlier merge are missing, incomplete or stale.
    """
    if stage not in kinds.STAGES:
        raise ConfigError(f"there is no stage {stage!r}")
    declared = [k for k in kinds.load_all(run.settings.expectations).values() if k.stage == stage]
    return [_merge(run, kind) for kind in declared]


def _merge(run: Run, kind: Kind) -> model.Report:
    folder = store.night_dir(run, ROOM, kind.kind)
    inputs = Inputs(run, kind)
    if done := manifest.fresh(folder, ROOM, inputs.entries):
        return _report(run, kind, {k: v for k, v in done.facts.items() if isinstance(v, int)}, again=True)
    with Engine(run.settings) as engine:
        made, claims = _tables(inputs, engine)
    made["claim"] = claims
    counts = {name: table.num_rows for name, table in sorted(made.items())}
    with store.output(folder) as tmp:
        for name, table in made.items():
            store.write_table(tmp / f"{name}.parquet", table)
        manifest.write(tmp, ROOM, inputs.entries, dict(counts))
    return _report(run, kind, counts, again=False)


def _tables(inputs: Inputs, engine: Engine) -> tuple[dict[str, pa.Table], pa.Table]:
    kind = inputs.kind
    golden = _survivors(inputs, engine, kind)
    located = ended.heard(inputs.located, golden.live, inputs.cluster(), inputs.contracts)
    golden = agreement.agreed(golden, located, kind.heard, inputs.contracts)
    golden = places.finer(golden, located, kind.typed("address"), inputs.contracts)
    if kind.kind == "household":
        persons = _survivors(inputs, engine, inputs.kinds["person"])
        made = facts.household_tables(inputs, golden, persons)
    else:
        made = _BUILDERS[kind.kind](inputs, golden) if kind.kind in _BUILDERS else _plain(kind, golden)
    if any(p.vault for p in kind.properties.values()):
        made["vault_identifier"] = vault_table(engine, kind.kind, golden, inputs.vault(), _borrowed(inputs, golden))
    return {name: _shaped(name, columns) for name, columns in made.items()}, golden.claims()


def _survivors(inputs: Inputs, engine: Engine, kind: Kind) -> Golden:
    """Claims are the properties that have a plain clean column; of an address, the mention's own columns."""
    live = inputs.live(kind.kind)
    named = (
        [*_MENTION, *(p for p in kind.properties if p != "text")] if kind.kind == "address" else list(kind.properties)
    )
    claimed = [name for name in named if kind.kind == "address" or kind.properties[name].type not in _NO_CLAIM]
    if "household_key" in claimed and inputs.kind.kind == "household":
        claimed = ["household_key"]
    cluster = inputs.cluster(kind.kind)
    speaks = {}
    if kind.kind == "address":
        speaks = dict.fromkeys(_MENTION, standards.most_said(live, cluster))
    elif (stands := ended.speaking(live, cluster, inputs.contracts)) is not None:
        speaks = dict.fromkeys(claimed, stands)
    if exclusive := _exclusive(kind):
        speaks[exclusive] = cluster["trusted"].to_numpy()
    return survive(engine, live, cluster, claimed, inputs.contracts, speaks=speaks)


def _borrowed(inputs: Inputs, golden: Golden) -> tuple[str, Flags]:
    """The decisive property, and per live record: its valid number is not believed to be its own."""
    decisive = inputs.kind.link.decisive or ""
    valid = np.zeros(golden.live.num_rows, dtype=bool)
    if f"{decisive}_valid" in golden.live.column_names:
        valid = pc.fill_null(golden.live.column(f"{decisive}_valid"), fill_value=False).to_numpy()
    return decisive, valid & ~inputs.cluster()["trusted"].to_numpy()


def _exclusive(kind: Kind) -> str | None:
    """The decisive column of a scored kind: a number that may have been taken from a record."""
    return kind.link.decisive if kind.certainty == "scored" else None


def _plain(kind: Kind, golden: Golden) -> dict[str, Columns]:
    """A kind without a builder of its own: its table's columns that are properties, by the catalogue."""
    schema = tables.load_all()[kind.table].facts
    plain = {name: golden.value(name) for name in schema.names if name in golden.winners}
    own = {
        schema.names[0]: golden.ids,
        "certainty": golden.certainty,
    }
    return {kind.table: {**plain, **{n: v for n, v in own.items() if n in schema.names}, **golden.ending()}}


def _shaped(name: str, columns: Columns) -> pa.Table:
    """The catalogue's columns and types, sorted by key; no columns: a table without rows."""
    if name == "person_household":
        return _sorted(pa.table(columns).cast(_PERSON_HOUSEHOLD), _PERSON_HOUSEHOLD.names)
    table = tables.load_all()[name]
    if not columns:
        return table.facts.empty_table()
    arrays = [columns[f.name].cast(f.type) for f in table.facts]
    return _sorted(pa.table(arrays, schema=table.facts), table.key)


def _sorted(table: pa.Table, key: Sequence[str]) -> pa.Table:
    """By key; most tables are made in order, and looking costs less than sorting texts."""
    below, tied = np.zeros(max(table.num_rows - 1, 0), dtype=bool), np.ones(max(table.num_rows - 1, 0), dtype=bool)
    for name in key:
        values = table[name].combine_chunks()
        below |= tied & pc.fill_null(pc.less(values[:-1], values[1:]), fill_value=False).to_numpy(zero_copy_only=False)
        tied &= pc.fill_null(pc.equal(values[:-1], values[1:]), fill_value=False).to_numpy(zero_copy_only=False)
    return table if (below | tied).all() else table.sort_by([(name, "ascending") for name in key])


def _report(run: Run, kind: Kind, counts: dict[str, int], *, again: bool) -> model.Report:
    told = ", ".join(f"{k} {v}" for k, v in counts.items())
    run.say(f"merge {kind.kind}: {told}{' (unchanged)' if again else ''}")
    return model.Report(ROOM, kind.kind, counts)
