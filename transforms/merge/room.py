"""The room's entry point: clusters and claims in, one golden record per identity out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import kinds, manifest, model, store, tables
from transforms.coded import whole
from transforms.engine import Engine
from transforms.errors import ConfigError
from transforms.kinds import Kind
from transforms.merge import agreement, ended, facts, parts, places, standards
from transforms.merge.golden import Flags, Golden, gathered, plain
from transforms.merge.night import ROOM, Found, Inputs, Stage
from transforms.merge.parts import Parts, Wanted
from transforms.merge.pieces import Part
from transforms.merge.places import Located
from transforms.merge.standards import Columns
from transforms.merge.survive import survive
from transforms.merge.vault import token_columns, vault_table
from transforms.run import Run

_Builder = Callable[[Inputs, Golden, Located], dict[str, Columns]]
_BUILDERS: dict[str, _Builder] = {
    "grid": lambda inputs, golden, _located: standards.grid_tables(inputs, golden),
    "building": lambda _inputs, golden, _located: standards.building_tables(golden),
    "house": facts.house_tables,
    "premises": facts.premises_tables,
    "organization": facts.organization_tables,
    "facility": facts.facility_tables,
    "person": facts.person_tables,
}
# Kinds of which an entity's rows depend on its own records alone, and on these columns: they are merged in pieces.
_IN_PIECES = {
    "address": ("source", "village"), "building": ("source",), "house": (),
    "person": ("birth_date_precision", "document_valid"),
}  # fmt: skip
# What their records have of other kinds: an address that several nodes are leads nowhere.
_FOUND = {
    "address": [Found("parent_id", "parent_path", "address", "path", one=True),
                Found("building_id", "building_code", "building", "code", one=True)],
    "building": [Found("address_id", "address_path", "address", "path", one=True)],
    "house": [Found("address_id", "address_path", "address", "path", one=False),
              Found("building_id", "building_code", "building", "code", one=False)],
}  # fmt: skip
# And tables of theirs that locate has made.
_MADE: dict[str, Callable[[Inputs], dict[str, Columns]]] = {
    "address": lambda inputs: {"place_grid": standards.place_grid(inputs, "address")},
    "building": lambda inputs: {
        "building_grid": standards.straddlers(inputs), "place_grid": standards.place_grid(inputs, "building")
    },
}  # fmt: skip
STEPS = WRITTEN, HEARD, FINER = "written", "heard", "finer"  # by which it is chosen among claims, one after the other
_MENTION = ("path", "level", "name", "full_text")  # clean columns of an address mention, beside its properties
_NO_CLAIM = ("document", "phone", "number", "old_grid")  # no plain column; the last tells of the record alone
_WORDS = 2**15  # a file holds the words of a coded column once for every piece
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
    asked = Stage()
    return [_merge(run, kind, asked) for kind in declared]


def _merge(run: Run, kind: Kind, asked: Stage) -> model.Report:
    folder = store.night_dir(run, ROOM, kind.kind)
    inputs = Inputs(run, kind, asked)
    if done := manifest.fresh(folder, ROOM, inputs.entries):
        return _report(run, kind, {k: v for k, v in done.facts.items() if isinstance(v, int)}, again=True)
    counts: dict[str, int] = {}
    with Engine(run.settings) as engine, store.output(folder) as tmp:
        with ExitStack() as files:
            pool = files.enter_context(ThreadPoolExecutor(run.settings.threads))
            written: dict[str, Callable[[pa.Table], None]] = {}
            found = Parts(inputs, kind.kind, _wanted(kind))
            for made in _made(inputs, engine, found):
                for name, table in made.items():
                    if name not in written:
                        key = table.column_names[:1]  # by which alone the rows lie in order
                        writing = store.writing(tmp / f"{name}.parquet", table.schema, key)
                        written[name] = files.enter_context(writing)
                    counts[name] = counts.get(name, 0) + table.num_rows
                list(pool.map(lambda name, table: written[name](table), made, made.values()))
        counts = dict(sorted(counts.items()))
        manifest.write(tmp, ROOM, inputs.entries, dict(counts), run.settings.threads)
    return _report(run, kind, counts, again=False)


def _wanted(kind: Kind) -> Wanted:
    if kind.kind not in _IN_PIECES:
        return Wanted()
    addresses = kind.typed("address")
    elements = [f"{name}_{said}" for name in addresses for said in (*places.ELEMENTS, "residual")]
    said = claimed(kind)
    names = [*said, "source", "since", *_IN_PIECES[kind.kind], *elements, *token_columns(kind)]
    asked = [*said, *(f"{name}_residual" for name in addresses)]
    return Wanted(names, asked=asked, alike=addresses, found=_FOUND.get(kind.kind, ()), whole=False)


def _made(inputs: Inputs, engine: Engine, found: Parts) -> Iterator[dict[str, pa.Table]]:
    """The tables of a kind, a piece after the other."""
    threads, name = inputs.run.settings.threads, inputs.kind.kind
    if name in _MADE:
        yield {table: _shaped(table, columns) for table, columns in _MADE[name](inputs).items()}
    won = partial(_won, inputs, engine)
    if name == "address":  # a node has some of what it says from those that it stands in: all are known first
        goldens = list(parts.each(threads, lambda at: won(found.part(at))[0], range(found.count)))
        both = zip(goldens, standards.trees(inputs, goldens), strict=True)
        yield from parts.each(threads, lambda one: _published(standards.address_tables(*one), one[0]), both)
    else:
        yield from parts.each(threads, lambda at: _tables(inputs, engine, won, found.part(at)), range(found.count))


def _won(inputs: Inputs, engine: Engine, part: Part) -> tuple[Golden, Located]:
    """The survivors of a piece, and where its records stand."""
    *_, (_, golden, located) = steps(inputs, engine, part)
    return golden, located


def steps(inputs: Inputs, engine: Engine, part: Part) -> Iterator[tuple[str, Golden, Located]]:
    """The survivors of a piece after each step that chooses: the written order, departments heard, finer addresses."""
    kind, whose = inputs.kind, gathered(part.live, part.ids, part.entity, part.how)
    stands = ended.speaking(whose, inputs.contracts)
    golden = survive(engine.apart(), whose, claimed(kind), inputs.contracts, speaks=speaking(kind, part, stands))
    located = part.located.heard(stands)
    yield WRITTEN, golden, located
    golden = agreement.agreed(golden, located, kind.heard, inputs.contracts)
    yield HEARD, golden, located
    yield FINER, places.finer(golden, located, kind.typed("address"), inputs.contracts), located


def _tables(
    inputs: Inputs, engine: Engine, won: Callable[[Part], tuple[Golden, Located]], part: Part
) -> dict[str, pa.Table]:
    kind = inputs.kind
    golden, located = won(part)
    if kind.kind == "household":
        made = facts.household_tables(inputs, golden, located, _persons(inputs, engine))
    else:
        made = _BUILDERS[kind.kind](inputs, golden, located) if kind.kind in _BUILDERS else _plain(kind, golden)
    if inputs.sealed:
        made["vault_identifier"] = vault_table(kind, golden, _borrowed(kind, golden, part))
    return _published(made, golden)


def _published(made: dict[str, Columns], golden: Golden) -> dict[str, pa.Table]:
    return {name: _shaped(name, columns) for name, columns in made.items()} | {"claim": golden.claims()}


def claimed(kind: Kind) -> list[str]:
    """The properties that have a plain clean column; of an address, the mention's own columns."""
    if kind.kind == "address":
        return [*_MENTION, *(p for p in kind.properties if p != "text")]
    return [name for name, declared in kind.properties.items() if declared.type not in _NO_CLAIM]


def speaking(kind: Kind, part: Part, stands: Flags | None) -> dict[str, Flags]:
    """Property → the records that may claim it; of the others, all.

    Args:
        kind: of the records.
        part: the records.
        stands: whose registration has not ended (:func:`transforms.merge.ended.speaking`).
    """
    speaks = {} if stands is None else dict.fromkeys(claimed(kind), stands)
    if kind.kind == "address":
        speaks = dict.fromkeys(_MENTION, standards.most_said(part.live, part.entity))
    if exclusive := _exclusive(kind):
        speaks[exclusive] = part.trusted
    return speaks


def _persons(inputs: Inputs, engine: Engine) -> Iterator[Golden]:
    """Who won whose household_key, a range of persons after the other."""
    wanted = Wanted(["source", "since", "household_key", ended.STATUS], whole=False, others=False)

    def keyed(part: Part) -> Golden:
        whose = gathered(part.live, part.ids, part.entity, part.how)
        stands = ended.speaking(whose, inputs.contracts)
        speaks = speaking(inputs.kinds["person"], part, stands)
        return survive(engine.apart(), whose, ["household_key"], inputs.contracts, speaks=speaks)

    found = Parts(inputs, "person", wanted)
    yield from parts.each(inputs.run.settings.threads, lambda at: keyed(found.part(at)), range(found.count))


def _borrowed(kind: Kind, golden: Golden, part: Part) -> Flags:
    """Per live record: its valid decisive number is not believed to be its own."""
    valid = f"{kind.link.decisive}_valid"
    if valid not in golden.live.column_names:
        return np.zeros(golden.live.num_rows, dtype=bool)
    return np.asarray(pc.fill_null(golden.live.column(valid), fill_value=False).to_numpy() & ~part.trusted, dtype=bool)


def _exclusive(kind: Kind) -> str | None:
    """The decisive column of a scored kind: a number that may have been taken from a record."""
    return kind.link.decisive if kind.certainty == "scored" else None


def _plain(kind: Kind, golden: Golden) -> dict[str, Columns]:
    """A kind without a builder of its own: its table's columns that are properties, by the catalogue."""
    schema = tables.load_all()[kind.table].facts
    said = {name: golden.value(name) for name in schema.names if name in golden.winners}
    own = {
        schema.names[0]: golden.ids,
        "certainty": golden.certainty,
    }
    return {kind.table: {**said, **{n: v for n, v in own.items() if n in schema.names}, **golden.ending()}}


def _shaped(name: str, columns: Columns) -> pa.Table:
    """The catalogue's columns and types, sorted by key; no columns: a table without rows."""
    if name == "person_household":
        return _sorted(pa.table(columns).cast(_PERSON_HOUSEHOLD), _PERSON_HOUSEHOLD.names)
    table = tables.load_all()[name]
    if not columns:
        return table.facts.empty_table()
    told = [field for field in table.facts if field.name not in model.SEALED]
    arrays = [_typed(columns[field.name], field.type) for field in told]
    fields = [field.with_type(array.type) for field, array in zip(told, arrays, strict=True)]
    return _sorted(pa.table(arrays, schema=pa.schema(fields)), table.key)


def _typed(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    """The values of a type; texts of few words that are held as codes stay codes."""
    coded = isinstance(values, pa.DictionaryArray) and pa.types.is_string(wanted) and len(values.dictionary) < _WORDS
    return values.cast(pa.dictionary(pa.int32(), wanted)) if coded else plain(values).cast(wanted)


def _sorted(table: pa.Table, key: Sequence[str]) -> pa.Table:
    """By key; most tables are made in order, and looking costs less than sorting texts."""
    tied = np.arange(max(table.num_rows - 1, 0))  # rows that the key so far does not tell from those after them
    for name in key:
        values = plain(whole(table[name]))
        here, after = values[:-1], values[1:]
        if len(tied) < len(here):
            here, after = here.take(pa.array(tied)), after.take(pa.array(tied))
        above = pc.invert(pc.fill_null(pc.less(here, after), fill_value=False))
        same = pc.fill_null(pc.equal(here.filter(above), after.filter(above)), fill_value=False)
        if pc.all(same).as_py() is False:
            return table.sort_by([(column, "ascending") for column in key])
        tied = tied[above.to_numpy(zero_copy_only=False)]
        if not len(tied):
            break
    return table


def _report(run: Run, kind: Kind, counts: dict[str, int], *, again: bool) -> model.Report:
    told = ", ".join(f"{k} {v}" for k, v in counts.items())
    run.say(f"merge {kind.kind}: {told}{' (unchanged)' if again else ''}")
    return model.Report(ROOM, kind.kind, counts)
